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
        return engine.isInForce(lease, atMost: Self.leaseTime)
    }

    /// Returns the current record of the operation; nil if another process has taken it over or it has ended.
    func leased(_ record: OperationRecord, in store: any StoreReader) throws -> OperationRecord? {
        guard let current = try store.operation(record.operation.id), current.operation.state == .running,
            let lease = current.lease, lease.holder == record.lease?.holder, lease.fence == record.lease?.fence
        else { return nil }
        return current
    }
}

extension Engine {
    /// Renews the lease of an operation that this process holds, until the task is canceled.
    func keepLease(of id: OperationID, fence: Int64) async {
        while (try? await clock.sleep(for: OperationRunner.leaseTime / 4)) != nil {
            // The next renewal makes up for a failed one. If all fail, another process repeats the operation with its id.
            try? await store.write { store in
                guard var record = try store.operation(id), !record.operation.state.isFinal, let lease = record.lease,
                    lease.holder == holder, lease.fence == fence
                else { return }
                record.lease = Lease(holder: holder, fence: fence, until: now() + OperationRunner.leaseTime)
                try store.update(record)
            }
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
