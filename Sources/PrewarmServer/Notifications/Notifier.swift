internal import AsyncHTTPClient
package import Logging
package import PrewarmCore
package import PrewarmEngine
internal import ServiceLifecycle

/// Tells people and programs what happens. The events of the store are its outbox, so that nothing is in the way of
/// the loop and nothing is lost with the process; each sink goes at its own pace.
package struct Notifier: Service {
    package struct Pace: Sendable {
        /// Between two looks at the events.
        package var interval: Duration
        /// Between attempts at one notification.
        package var backoff: Backoff
        /// Of one attempt.
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

    /// - Parameters:
    ///   - instance: this prewarm among others that tell the same receivers: a name.
    ///   - version: of prewarm, as receivers see it.
    ///   - progress: where the loops of the sinks say that they come round.
    package init(
        _ settings: [SinkSettings], engine: Engine, instance: String, version: String, metrics: Metrics?,
        progress: LoopProgress = LoopProgress(), logger: Logger, pace: Pace = Pace()
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
    }

    /// Throws what the initialiser would; nothing is asked of the receiver.
    /// - Parameter sources: URLs by name.
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
                hint: "it has \(sources.keys.sorted().joined(separator: ", "))")
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

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for worker in workers { group.addTask { await worker.run() } }
            }
            // A service that ends ends its group: where there is nobody to tell, it waits with the others.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
    }
}
