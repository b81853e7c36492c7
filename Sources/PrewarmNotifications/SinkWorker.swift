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

    /// The worker's memory between two rounds.
    private struct Memory {
        var position: Position?
        var lease: Lease?
        /// The number of failed attempts since the receiver last answered.
        var attempts = 0
        /// The time of the next attempt.
        var notBefore: ContinuousClock.Instant?
        /// True after a failed attempt was logged as a warning. Later failures are logged as debug.
        var isTroubled = false
        /// True after the receiver answered 410.
        var isGone = false
        /// True after a failed read of the store was logged.
        var isStoreAway = false
    }

    private struct Position {
        var state: SinkState
        var cursor: Int64
        var savedCursor: Int64
    }

    /// Runs until the task is canceled or the receiver answers 410.
    func run() async {
        let name = settings.name
        let loop = progress.begin("notifications to \(name)")
        do {
            try await HTTPClient.withHTTPClient(configuration: client) { client in
                let delivery = Delivery(client, redaction: redaction, agent: agent, timeout: pace.timeout)
                var memory = Memory()
                while !Task.isCancelled, !memory.isGone {
                    loop.comeRound(within: pace.timeout + pace.interval + .seconds(60))
                    let isBusy = await round(&memory, delivery)
                    if !isBusy { try? await Task.sleep(for: wait(memory)) }
                }
                await giveBack(memory.lease)
            }
        } catch {
            logger.error(
                "the worker of a notification sink stopped",
                metadata: ["sink": "\(name)", "error": "\(redaction.clean("\(error)"))"])
        }
    }

    /// Reads new events and makes at most one delivery.
    /// - Returns: True if there is more to do at once.
    private func round(_ memory: inout Memory, _ delivery: Delivery) async -> Bool {
        do {
            guard try await holdLease(&memory), var position = try await position(&memory) else { return false }
            let hasRead = try await read(&position, memory.lease)
            memory.position = position
            memory.isStoreAway = false
            guard let first = position.state.outbox.first else { return hasRead }
            if let notBefore = memory.notBefore, ContinuousClock.now < notBefore { return hasRead }
            try await deliver(first, &memory, delivery)
            return true
        } catch {
            // The next round reads the position and the lease from the store again.
            memory.position = nil
            memory.lease = nil
            if !(error is CancellationError || error is LeaseLost || memory.isStoreAway) {
                memory.isStoreAway = true
                logger.warning(
                    "cannot read events for notifications", metadata: ["sink": "\(settings.name)", "error": "\(error)"])
            }
            return false
        }
    }

    private func wait(_ memory: Memory) -> Duration {
        guard let notBefore = memory.notBefore else { return pace.interval }
        return min(max(notBefore - .now, .milliseconds(1)), pace.interval)
    }

    // MARK: Reading

    private func concerns(_ source: String) -> Bool { engine.sources[source] != nil && settings.concerns(source) }

    /// Returns the saved position of the sink. A new sink begins after the newest event.
    private func position(_ memory: inout Memory) async throws -> Position? {
        if let position = memory.position { return position }
        let name = settings.name
        let (record, newest) = try await engine.store.read { (try $0.sink(name), try $0.newestEvent()) }
        var position = Position(state: SinkState(), cursor: newest, savedCursor: -1)
        if let record {
            if let state = try? SinkState(binary: record.state) {
                position = Position(state: state, cursor: record.cursor, savedCursor: record.cursor)
                position.state.keep(concerns)
            } else {
                logger.warning(
                    "cannot read the saved state of a notification sink; it begins after the newest event",
                    metadata: ["sink": "\(name)"])
            }
        }
        if position.savedCursor < 0 { try await save(&position, memory.lease) }
        memory.position = position
        return position
    }

    /// Reads the next events into the outbox.
    /// - Returns: True if there may be more events.
    private func read(_ position: inout Position, _ lease: Lease?) async throws -> Bool {
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

    private func save(_ position: inout Position, _ lease: Lease?) async throws {
        let (name, record) = (settings.name, SinkRecord(cursor: position.cursor, state: position.state.binary))
        let leaseName = leaseName
        try await engine.store.write { store in
            guard try store.lease(ofSource: leaseName)?.fence == lease?.fence else { throw LeaseLost() }
            try store.save(record, ofSink: name)
        }
        position.savedCursor = position.cursor
    }

    // MARK: Delivery

    private func deliver(_ notification: Notification, _ memory: inout Memory, _ delivery: Delivery) async throws {
        guard var position = memory.position else { return }
        let now = engine.now()
        let old = position.state.dropOld(at: now)
        if old > 0 {
            for _ in 0..<old { metrics?.notification(sink: settings.name, result: .dropped) }
            logger.error(
                "dropped notifications that are more than a day old",
                metadata: ["sink": "\(settings.name)", "count": "\(old)"])
        } else {
            let outcome: Delivery.Outcome =
                if let request = sink.request(for: notification, at: now) {
                    await delivery.send(request, by: sink, now: now)
                } else { .refused(why: "its source is no longer assigned to this sink") }
            if Task.isCancelled, outcome != .delivered { return }
            guard settle(outcome, of: notification, &memory) else { return }
            position.state.remove(notification)
            // Only an answer ends the backoff: a notification that is too old says nothing about the receiver.
            memory.attempts = 0
            memory.notBefore = nil
        }
        try await save(&position, memory.lease)
        memory.position = position
    }

    /// Records the outcome of an attempt in the log, the metrics and the memory.
    /// - Returns: True if the notification leaves the outbox.
    private func settle(_ outcome: Delivery.Outcome, of notification: Notification, _ memory: inout Memory) -> Bool {
        let about: Logger.Metadata = ["sink": "\(settings.name)", "notification": "\(notification.id)"]
        switch outcome {
        case .delivered:
            metrics?.notification(sink: settings.name, result: .delivered)
            if memory.isTroubled { logger.notice("notifications are delivered again", metadata: about) }
            memory.isTroubled = false
            return true
        case .failed(let after, let why):
            metrics?.notification(sink: settings.name, result: .delayed)
            memory.attempts += 1
            let delay = after ?? pace.backoff.delay(attempt: memory.attempts, seed: notification.seed)
            memory.notBefore = .now + delay
            let level: Logger.Level = memory.isTroubled ? .debug : .warning
            logger.log(
                level: level, "cannot deliver a notification; prewarm tries again",
                metadata: about.merging(["error": "\(why)", "to": "\(address.origin)"]) { $1 })
            memory.isTroubled = true
            return false
        case .refused(let why):
            metrics?.notification(sink: settings.name, result: .dropped)
            logger.error(
                "the receiver refused a notification; it is dropped",
                metadata: about.merging(["error": "\(why)", "to": "\(address.origin)"]) { $1 })
            return true
        case .gone:
            logger.error(
                "the receiver answered 410 (gone); prewarm sends it nothing until the next start",
                metadata: ["sink": "\(settings.name)", "to": "\(address.origin)"])
            memory.isGone = true
            return false
        }
    }

    // MARK: One process at a time

    private struct LeaseLost: Error {}

    /// The name of the sink's lease. It cannot equal the name of a source, which has no slash.
    private var leaseName: String { "notifications/\(settings.name)" }
    /// The length of the lease. It is three times the limit of one attempt (30 s).
    private static let leaseTime = Duration.seconds(90)

    /// Takes or renews the lease of the sink.
    /// - Returns: False if another process holds the lease.
    private func holdLease(_ memory: inout Memory) async throws -> Bool {
        let now = engine.now()
        let half = Self.leaseTime / 2
        if let lease = memory.lease, !(lease.until - half).hasCome(at: now, atMost: half) { return true }
        let (name, engine, mine) = (leaseName, engine, memory.lease)
        let lease: Lease? = try await engine.store.write { store in
            let current = try store.lease(ofSource: name)
            let isMine = current != nil && current?.fence == mine?.fence && current?.holder == engine.holder
            if let current, !isMine, current.holder != engine.holder,
                engine.isInForce(current, atMost: Self.leaseTime)
            {
                return nil
            }
            let fence = (current?.fence ?? 0) + (isMine ? 0 : 1)
            let lease = Lease(holder: engine.holder, fence: fence, until: now + Self.leaseTime)
            try store.save(lease, ofSource: name)
            return lease
        }
        if lease?.fence != mine?.fence { memory.position = nil }
        memory.lease = lease
        return lease != nil
    }

    /// Ends the lease now, so that another process does not wait until it expires.
    private func giveBack(_ lease: Lease?) async {
        guard let lease else { return }
        let (name, engine) = (leaseName, engine)
        try? await engine.store.write { store in
            guard try store.lease(ofSource: name)?.fence == lease.fence else { return }
            try store.save(Lease(holder: lease.holder, fence: lease.fence, until: engine.now()), ofSource: name)
        }
    }
}

extension Notification {
    /// The seed of the jitter: FNV-1a of the id.
    fileprivate var seed: UInt64 { OperationID(id).seed }
}
