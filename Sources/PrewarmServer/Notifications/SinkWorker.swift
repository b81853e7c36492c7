internal import AsyncHTTPClient
internal import Logging
internal import PrewarmCore
internal import PrewarmEngine

/// Tells one sink what happens: reads events behind its cursor, keeps what is to be told in an outbox in the store, and
/// empties that one after the other. Each is delivered at least once, with an id that stays the same.
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

    /// What is known between two rounds.
    private struct Memory {
        var position: Position?
        var lease: Lease?
        /// Attempts at the first of the outbox.
        var attempts = 0
        var notBefore: ContinuousClock.Instant?
        /// Said once, not at every attempt.
        var isTroubled = false
        var isGone = false
        var isStoreAway = false
    }

    private struct Position {
        var state: SinkState
        var cursor: Int64
        var savedCursor: Int64
    }

    /// Until it is cancelled, or until the receiver says that it wants no more.
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
                "notifications stopped", metadata: ["sink": "\(name)", "error": "\(redaction.clean("\(error)"))"])
        }
    }

    /// - Returns: whether there is more to do at once.
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
            // The store is read again after a while, from what it has.
            memory.position = nil
            memory.lease = nil
            if !(error is CancellationError || error is LeaseLost || memory.isStoreAway) {
                memory.isStoreAway = true
                logger.warning("events can't be read", metadata: ["sink": "\(settings.name)", "error": "\(error)"])
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

    /// As the store has it; one that is new begins with what comes next.
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
                logger.warning("what a sink remembered can't be read", metadata: ["sink": "\(name)"])
            }
        }
        if position.savedCursor < 0 { try await save(&position, memory.lease) }
        memory.position = position
        return position
    }

    /// - Returns: whether there may be more.
    private func read(_ position: inout Position, _ lease: Lease?) async throws -> Bool {
        guard position.state.hasRoom else { return false }
        let cursor = position.cursor
        let events = try await engine.store.read { try $0.events(after: cursor, limit: Self.portion) }
        guard let last = events.last else { return false }
        let before = position.state
        position.state.take(events, for: settings, concerns: concerns)
        position.cursor = last.sequence
        // Events that are no news are read again after a restart, to no effect.
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

    // MARK: Telling

    private func deliver(_ notification: Notification, _ memory: inout Memory, _ delivery: Delivery) async throws {
        guard var position = memory.position else { return }
        let now = engine.now()
        let old = position.state.dropOld(at: now)
        if old > 0 {
            for _ in 0..<old { metrics?.notification(sink: settings.name, result: .dropped) }
            logger.error(
                "notifications were dropped, for they are a day old",
                metadata: ["sink": "\(settings.name)", "count": "\(old)"])
        } else {
            let outcome: Delivery.Outcome =
                if let request = sink.request(for: notification, at: now) {
                    await delivery.send(request, by: sink, now: now)
                } else { .refused(why: "its source is not one of the sink's any more") }
            if Task.isCancelled, outcome != .delivered { return }
            guard settle(outcome, of: notification, &memory) else { return }
            position.state.remove(notification)
        }
        memory.attempts = 0
        memory.notBefore = nil
        try await save(&position, memory.lease)
        memory.position = position
    }

    /// - Returns: whether the notification is done with.
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
                level: level, "a notification could not be delivered and is tried again",
                metadata: about.merging(["error": "\(why)", "to": "\(address.origin)"]) { $1 })
            memory.isTroubled = true
            return false
        case .refused(let why):
            metrics?.notification(sink: settings.name, result: .dropped)
            logger.error(
                "a notification was refused and is dropped",
                metadata: about.merging(["error": "\(why)", "to": "\(address.origin)"]) { $1 })
            return true
        case .gone:
            logger.error(
                "the receiver of notifications is gone, nothing is sent to it until prewarm is started again",
                metadata: ["sink": "\(settings.name)", "to": "\(address.origin)"])
            memory.isGone = true
            return false
        }
    }

    // MARK: One process at a time

    private struct LeaseLost: Error {}

    /// No source has a slash in its name.
    private var leaseName: String { "notifications/\(settings.name)" }
    /// Longer than an attempt takes, by far.
    private static let leaseTime = Duration.seconds(90)

    /// False where another process tells the sink.
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

    /// So that another process need not wait until it runs out.
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
    /// FNV-1a of the id, for the jitter.
    fileprivate var seed: UInt64 { OperationID(id).seed }
}
