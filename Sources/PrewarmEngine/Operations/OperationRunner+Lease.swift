import PrewarmCore
import Synchronization

/// The lease of an operation. It is short and renewed while the operation runs, so that other containers and machines,
/// which cannot see the process, detect that it has ended.
extension OperationRunner {
    /// The time for which the lease of an operation is taken. It is renewed every 15 seconds.
    static let leaseTime = Duration.seconds(60)

    /// Returns true if the operation is still being run. A process knows this of its own operations without the clock.
    func isLeased(_ record: OperationRecord) -> Bool {
        guard let lease = record.lease else { return false }
        if lease.holder == engine.holder, RunningOperations.contains(record) { return true }
        let renewal = Renewal(object: "operation \(record.operation.id)", period: Self.leaseTime / 4)
        return engine.isInForce(lease, atMost: Self.leaseTime, renewal: renewal)
    }

    /// Returns the current record of the operation; nil if another process has taken it over or it has ended.
    func leased(_ record: OperationRecord, in store: any StoreReader) throws -> OperationRecord? {
        guard let current = try store.operation(record.operation.id), current.operation.state == .running,
            let lease = current.lease, lease.holder == record.lease?.holder, lease.fence == record.lease?.fence
        else { return nil }
        return current
    }
}

/// The renewal of an operation's lease while this process runs the operation.
final class OperationLease: Sendable {
    private let engine: Engine
    private let id: OperationID
    private let fence: Int64
    /// The time before the end of the lease at which the provisioner is stopped, so that it has ended before another process
    /// may start the operation.
    private let margin: Duration
    /// The monotonic time before which the last renewal began.
    private let renewedAt: Mutex<Instant>

    /// - Parameter provisioner: The provisioner that runs; nil if none does.
    init(_ engine: Engine, of id: OperationID, fence: Int64, _ provisioner: (any Provisioner)?) {
        self.engine = engine
        self.id = id
        self.fence = fence
        let stop = (provisioner?.longestStop ?? .zero) + .seconds(5)
        margin = min(max(stop, .seconds(20)), OperationRunner.leaseTime * 3 / 4)
        renewedAt = Mutex(engine.clock.instant())
    }

    /// Runs a body while this process holds the lease. If the lease is lost, the body is canceled.
    /// - Returns: The result of the body; nil if the lease was lost, so that nothing may be recorded.
    func hold<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value? {
        await withTaskGroup(of: Ended<Value>.self) { group in
            group.addTask { .body(await body()) }
            group.addTask { await self.renew() ? .lost : .stopped }
            group.addTask { await self.watch() ? .lost : .stopped }
            defer { group.cancelAll() }
            while let ended = await group.next() {
                switch ended {
                case .body(let value): return value
                case .lost:
                    group.cancelAll()
                    // The provisioner has to end first.
                    for await _ in group {}
                    return nil
                case .stopped: break
                }
            }
            return nil
        }
    }

    private enum Ended<Value: Sendable>: Sendable {
        case body(Value)
        case lost, stopped
    }

    /// Renews the lease until the task is canceled.
    /// - Returns: True if another process has taken over the operation.
    private func renew() async -> Bool {
        while (try? await engine.clock.sleep(for: OperationRunner.leaseTime / 4)) != nil {
            let begun = engine.clock.instant()
            let isOurs = try? await engine.store.write { [engine, id, fence] store in
                guard var record = try store.operation(id), !record.operation.state.isFinal, let lease = record.lease,
                    lease.holder == engine.holder, lease.fence == fence
                else { return false }
                record.lease = Lease(
                    holder: engine.holder, fence: fence, until: engine.now() + OperationRunner.leaseTime)
                try store.update(record)
                return true
            }
            // The next renewal makes up for a failed one.
            guard let isOurs else { continue }
            if !isOurs { return true }
            renewedAt.withLock { $0 = begun }
        }
        return false
    }

    /// Waits until the lease ends because it could not be renewed. It relies on the monotonic clock of this process alone.
    /// - Returns: True if the lease ends; false if the task was canceled.
    private func watch() async -> Bool {
        while true {
            let end = renewedAt.withLock { $0 } + (OperationRunner.leaseTime - margin)
            if engine.clock.instant() >= end { return true }
            guard (try? await engine.clock.sleep(until: end)) != nil else { return false }
        }
    }
}

/// The operations that this process runs. They count as leased even if the clock is set forward, which makes all of their
/// leases expire at once.
enum RunningOperations {
    private struct Key: Hashable {
        let holder: String
        let id: OperationID

        init(_ record: OperationRecord) {
            self.init(record.operation.id, of: record.lease?.holder ?? "")
        }

        init(_ id: OperationID, of holder: String) {
            self.holder = holder
            self.id = id
        }
    }

    private static let keys = Mutex<Set<Key>>([])

    static func begin(_ record: OperationRecord) { keys.withLock { _ = $0.insert(Key(record)) } }
    static func end(_ record: OperationRecord) { keys.withLock { _ = $0.remove(Key(record)) } }
    static func begin(_ id: OperationID, of holder: String) {
        keys.withLock { _ = $0.insert(Key(id, of: holder)) }
    }
    static func end(_ id: OperationID, of holder: String) { keys.withLock { _ = $0.remove(Key(id, of: holder)) } }
    static func contains(_ record: OperationRecord) -> Bool { keys.withLock { $0.contains(Key(record)) } }
}
