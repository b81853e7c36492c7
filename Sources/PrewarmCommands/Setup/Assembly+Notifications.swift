import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
internal import PrewarmNotifications
import PrewarmServer
internal import PrewarmTelemetry

/// The parts of the daemon that report on the engine: metrics and notifications.
extension Assembly {
    func metrics(version: String) -> Metrics {
        Metrics(
            version: version, perPreset: Metrics.PerPreset(rawValue: configuration.metricsPerPreset) ?? .nonzero,
            now: { .now })
    }

    /// - Throws: ``CommandFailure`` if a notification cannot be used with its configuration.
    func notifier(
        _ engine: Engine, version: String, metrics: Metrics?, progress: LoopProgress, logger: Logger
    ) throws -> Notifier {
        do throws(SinkError) {
            return try Notifier(
                configuration.notifications.compactMap { SinkSettings($0, file) }, engine: engine,
                instance: configuration.instance, version: version, metrics: metrics, progress: progress,
                logger: logger)
        } catch {
            let position = configuration.notifications.first { $0.name.value == error.sink }?.name.position
            throw CommandFailure(
                Diagnostic(
                    file: file.path, at: position, "cannot use the notification \(error.sink): \(error.message)",
                    hint: error.hint))
        }
    }
}

extension ConfigurationFile {
    /// Returns an error for each notification that cannot be used with its configuration. It starts nothing.
    func notificationProblems(_ configuration: Configuration) -> [Diagnostic] {
        let sources = Dictionary(configuration.sources.map { ($0.name.value, $0.url.value) }) { first, _ in first }
        return configuration.notifications.compactMap { notification in
            guard let settings = SinkSettings(notification, self) else { return nil }
            do throws(SinkError) {
                try Notifier.check(settings, sources: sources)
                return nil
            } catch {
                return Diagnostic(
                    .error, file: path, at: notification.name.position,
                    "cannot use the notification \(error.sink): \(error.message)", hint: error.hint)
            }
        }
    }
}

extension SinkSettings {
    fileprivate init?(_ notification: Configuration.Notification, _ file: ConfigurationFile) {
        guard let kind = Kind(rawValue: notification.kind) else { return nil }
        self.init(
            name: notification.name.value, kind: kind, url: notification.url,
            secret: notification.secret ?? notification.token,
            sources: notification.sources.isEmpty ? nil : Set(notification.sources.map(\.value)),
            repository: notification.repository, caFile: notification.caFile.map(file.resolve))
        if let events = notification.events { types = Set(events.compactMap { NotificationType(rawValue: $0) }) }
    }
}
