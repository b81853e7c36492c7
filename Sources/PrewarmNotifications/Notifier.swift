internal import AsyncHTTPClient
package import Logging
package import PrewarmCore
package import PrewarmEngine
package import PrewarmTelemetry
internal import ServiceLifecycle

/// The service that sends notifications to the configured sinks.
///
/// It reads the events of the store. So notifications do not delay reconciliation and survive a restart of the process.
/// Each sink has its own worker and does not wait for the others.
package struct Notifier: Service {
    /// The times between reads and attempts.
    package struct Pace: Sendable {
        /// The time between two reads of the events.
        package var interval: Duration
        /// The wait between two attempts at one notification.
        package var backoff: Backoff
        /// The limit of one attempt.
        package var timeout: Duration

        package init(
            interval: Duration = .seconds(1), backoff: Backoff = Backoff(base: .seconds(1), limit: .seconds(300)),
            timeout: Duration = .seconds(30)
        ) {
            self.interval = interval
            self.backoff = backoff
            self.timeout = timeout
        }
    }

    private let workers: [SinkWorker]
    private let clock: any EngineClock

    /// - Parameters:
    ///   - instance: The name of this prewarm. Receivers use it to distinguish several prewarms.
    ///   - version: The version of prewarm, which is sent in the field `User-Agent`.
    ///   - progress: The watchdog to which the workers report their progress.
    package init(
        _ settings: [SinkSettings], engine: Engine, instance: String, version: String, metrics: Metrics?,
        progress: LoopProgress, logger: Logger, pace: Pace = Pace()
    ) throws(SinkError) {
        var receivers: [(settings: SinkSettings, address: SinkAddress, sink: any Sink)] = []
        for settings in settings {
            let (sink, address) = try Self.sink(settings, sources: engine.sources.mapValues(\.url), instance: instance)
            receivers.append((settings, address, sink))
        }
        let redaction = SinkRedaction(receivers.map { ($0.settings, $0.address) })
        var workers: [SinkWorker] = []
        for (settings, address, sink) in receivers {
            metrics?.register(sink: settings.name)
            workers.append(
                SinkWorker(
                    settings: settings, sink: sink, address: address, client: try Delivery.configuration(settings),
                    redaction: redaction, engine: engine, metrics: metrics, progress: progress, logger: logger,
                    pace: pace, agent: "prewarm/\(version)"))
        }
        self.workers = workers
        clock = engine.clock
    }

    /// Checks the settings of a sink without a request to its receiver.
    /// - Parameter sources: The URL of each configured source, by name.
    /// - Throws: ``SinkError`` if the initializer would.
    package static func check(_ settings: SinkSettings, sources: [String: String]) throws(SinkError) {
        _ = try sink(settings, sources: sources, instance: "")
        _ = try Delivery.configuration(settings)
    }

    private static func sink(
        _ settings: SinkSettings, sources: [String: String], instance: String
    ) throws(SinkError) -> (any Sink, SinkAddress) {
        for name in (settings.sources ?? []).sorted() where sources[name] == nil {
            throw SinkError(
                settings.name, "the configuration has no source \"\(name)\"",
                hint: "name one of: \(sources.keys.sorted().joined(separator: ", "))")
        }
        if settings.kind.isForge {
            let concerned = sources.filter { settings.concerns($0.key) }
            let sink = try ForgeSink(settings, urls: concerned, instance: instance)
            return (sink, sink.address)
        }
        guard let address = SinkAddress(settings.url ?? "") else { throw .badAddress(settings.name) }
        return settings.kind == .slack
            ? (SlackSink(address: address, instance: instance), address)
            : (try WebhookSink(settings, address: address, instance: instance), address)
    }

    /// Runs the workers until a graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for worker in workers { group.addTask { await worker.run() } }
            }
            // A service that returns ends its service group. So without sinks this one waits for the shutdown.
            while !Task.isCancelled { try? await clock.sleep(for: .seconds(3600)) }
        }
    }
}
