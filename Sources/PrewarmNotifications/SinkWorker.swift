internal import AsyncHTTPClient
internal import Logging
internal import PrewarmCore
internal import PrewarmEngine
internal import PrewarmTelemetry

/// The worker of one sink. It reads events after its cursor, keeps notifications in an outbox in the store, and delivers
/// them in order. Each notification is delivered at least once, with the same id at every attempt.
struct SinkWorker: Sendable {
    let settings: SinkSettings
    let sink: any Sink
    let address: SinkAddress
    let client: HTTPClient.Configuration
    let redaction: SinkRedaction
    let engine: Engine
    let metrics: Metrics?
    let progress: LoopProgress
    let logger: Logger
    let pace: Notifier.Pace
    let agent: String

    /// The worker's memory between two steps.
    private struct Memory {
        var lease: StoreLease
        /// The position that was read from the store; nil after an access to the store that failed.
        var position: Position?
    }

    private struct Position {
        var state: SinkState
        var cursor: Int64
        var savedCursor: Int64
    }

    /// Carries out the steps of a ``SinkMachine`` until the task is canceled or the receiver answers 410.
    func run() async {
        let name = settings.name
        let loop = progress.begin("notifications to \(name)")
        do {
            try await HTTPClient.withHTTPClient(configuration: client) { client in
                let delivery = Delivery(
                    client, redaction: redaction, agent: agent, timeout: pace.timeout, clock: engine.clock)
                var memory = Memory(lease: newLease)
                var machine = SinkMachine(interval: pace.interval, backoff: pace.backoff)
                var steps = machine.handle(.woken, at: engine.clock.instant())
                while !steps.isEmpty {
                    loop.comeRound(within: pace.timeout + pace.interval + .seconds(60))
                    let step = steps.removeFirst()
                    // An answer that came before a cancellation is still recorded.
                    if Task.isCancelled, [.read, .deliver].contains(step) { break }
                    guard let event = await event(of: step, &memory, delivery) else { continue }
                    steps = machine.handle(event, at: engine.clock.instant())
                }
                await memory.lease.release()
            }
        } catch {
            logger.error(
                "the worker of a notification sink stopped",
                metadata: ["sink": "\(name)", "error": "\(redaction.clean("\(error)"))"])
        }
    }

    /// Carries out a step. Returns its end as an event; nil if the next step follows.
    private func event(
        of step: SinkMachine.Effect, _ memory: inout Memory, _ delivery: Delivery
    ) async -> SinkMachine.Event? {
        do {
            switch step {
            case .read: return try await read(&memory)
            case .deliver: return try await deliver(&memory, delivery)
            case .report(let report): log(report, about: memory.position?.state.outbox.first)
            case .remove: try await remove(&memory)
            case .wait(let time):
                try? await engine.clock.sleep(for: time)
                return .woken
            case .end: break
            }
            return nil
        } catch ReconcileError.leaseHeld {
            return .leaseHeld
        } catch {
            // The next read takes the lease and reads the position again.
            memory = Memory(lease: newLease)
            return .storeFailed(isExpected: isExpected(error), why: "\(error)")
        }
    }

    private func isExpected(_ error: any Error) -> Bool {
        if case ReconcileError.leaseLost = error { return true }
        return error is CancellationError
    }

    // MARK: Reading

    private func concerns(_ source: String) -> Bool { engine.sources[source] != nil && settings.concerns(source) }

    /// The lease of the sink: one process at a time delivers its notifications. Its name cannot equal the name of a source,
    /// which has no slash, and its time is three times the limit of one attempt (30 s).
    private var newLease: StoreLease {
        StoreLease(engine, name: "notifications/\(settings.name)", time: .seconds(90))
    }

    /// Reads the next events into the outbox.
    private func read(_ memory: inout Memory) async throws -> SinkMachine.Event {
        let fence = memory.lease.fence
        try await memory.lease.keep()
        if memory.lease.fence != fence { memory.position = nil }
        var position = try await position(memory)
        let hasMore = try await read(&position, memory.lease)
        memory.position = position
        return .read(first: position.state.outbox.first?.seed, hasMore: hasMore)
    }

    /// Returns the saved position of the sink. A new sink begins after the newest event.
    private func position(_ memory: Memory) async throws -> Position {
        if let position = memory.position { return position }
        let name = settings.name
        let (record, newest) = try await engine.store.read { (try $0.sink(name), try $0.newestEvent()) }
        if let record {
            if let state = try? SinkState(binary: record.state) {
                var position = Position(state: state, cursor: record.cursor, savedCursor: record.cursor)
                position.state.keep(concerns)
                return position
            }
            logger.warning(
                "cannot read the saved state of a notification sink; it begins after the newest event",
                metadata: ["sink": "\(name)"])
        }
        var position = Position(state: SinkState(), cursor: newest, savedCursor: -1)
        try await save(&position, memory.lease)
        return position
    }

    /// Returns true if there may be more events.
    private func read(_ position: inout Position, _ lease: StoreLease) async throws -> Bool {
        guard position.state.hasRoom else { return false }
        let cursor = position.cursor
        let events = try await engine.store.read { try $0.events(after: cursor, limit: Self.portion) }
        guard let last = events.last else { return false }
        let before = position.state
        position.state.take(events, for: settings, concerns: concerns)
        position.cursor = last.sequence
        // Events without notifications are read again after a restart, which changes nothing. So this saves rarely.
        if position.state != before || position.cursor - position.savedCursor > 25 * Int64(Self.portion) {
            try await save(&position, lease)
        }
        return events.count == Self.portion
    }

    private static let portion = 200

    private func save(_ position: inout Position, _ lease: StoreLease) async throws {
        let (name, record) = (settings.name, SinkRecord(cursor: position.cursor, state: position.state.binary))
        try await engine.store.write { store in
            try lease.check(in: store)
            try store.save(record, ofSink: name)
        }
        position.savedCursor = position.cursor
    }

    // MARK: Delivery

    /// Makes one attempt at the first notification. Returns nil if the task was canceled before an answer.
    private func deliver(_ memory: inout Memory, _ delivery: Delivery) async throws -> SinkMachine.Event? {
        guard var position = memory.position, let notification = position.state.outbox.first else { return .expired }
        let now = engine.now()
        let old = position.state.dropOld(at: now)
        if old > 0 {
            for _ in 0..<old { metrics?.notification(sink: settings.name, result: .dropped) }
            logger.error(
                "dropped notifications that are more than a day old",
                metadata: ["sink": "\(settings.name)", "count": "\(old)"])
            try await save(&position, memory.lease)
            memory.position = position
            return .expired
        }
        guard let request = sink.request(for: notification, at: now) else {
            return .answered(.refused(why: "its source is no longer assigned to this sink"))
        }
        let answer = await delivery.send(request, by: sink, now: now)
        return Task.isCancelled && answer != .delivered ? nil : .answered(answer)
    }

    private func remove(_ memory: inout Memory) async throws {
        guard var position = memory.position, let first = position.state.outbox.first else { return }
        position.state.remove(first)
        try await save(&position, memory.lease)
        memory.position = position
    }

    private func log(_ report: SinkMachine.Report, about notification: Notification?) {
        var metadata: Logger.Metadata = ["sink": "\(settings.name)", "to": "\(address.origin)"]
        if let notification { metadata["notification"] = "\(notification.id)" }
        switch report {
        case .delivered(let isAgain):
            metrics?.notification(sink: settings.name, result: .delivered)
            if isAgain { logger.notice("notifications are delivered again", metadata: metadata) }
        case .delayed(let why, let isFirst):
            metrics?.notification(sink: settings.name, result: .delayed)
            metadata["error"] = "\(why)"
            logger.log(
                level: isFirst ? .warning : .debug, "cannot deliver a notification; prewarm tries again",
                metadata: metadata)
        case .refused(let why):
            metrics?.notification(sink: settings.name, result: .dropped)
            metadata["error"] = "\(why)"
            logger.error("the receiver refused a notification; it is dropped", metadata: metadata)
        case .gone:
            logger.error(
                "the receiver answered 410 (gone); prewarm sends it nothing until the next start", metadata: metadata)
        case .storeAway(let why):
            logger.warning(
                "cannot read events for notifications", metadata: ["sink": "\(settings.name)", "error": "\(why)"])
        }
    }
}

extension Notification {
    /// The seed of the jitter: FNV-1a of the id.
    fileprivate var seed: UInt64 { OperationID(id).seed }
}
