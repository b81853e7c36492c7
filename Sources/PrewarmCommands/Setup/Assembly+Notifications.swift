import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

/// What watches the engine and tells of it.
extension Assembly {
    func metrics(version: String) -> Metrics {
        Metrics(
            version: version, perPreset: Metrics.PerPreset(rawValue: configuration.metricsPerPreset) ?? .nonzero,
            now: { .now })
    }

    /// - Throws: ``CommandFailure`` where a receiver can't be used as it is configured.
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
                    file: file.path, at: position, "the notification \(error.sink): \(error.message)", hint: error.hint)
            )
        }
    }
}

extension ConfigurationFile {
    /// Receivers that can't be used as they are configured, before anything is started.
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
                    "the notification \(error.sink): \(error.message)", hint: error.hint)
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
