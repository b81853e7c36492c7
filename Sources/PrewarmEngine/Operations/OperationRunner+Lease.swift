import PrewarmCore
import Synchronization

/// The lease of an operation is short and renewed while it runs: a process that died is found out by everybody then,
/// also from another container or machine, where nobody can see that it is gone.
extension OperationRunner {
    static let leaseTime = Duration.seconds(60)

    /// Until it is cancelled.
    func keepLease(of record: OperationRecord) async {
        while (try? await Task.sleep(for: Self.leaseTime / 4)) != nil {
            // One that fails is made up for by the next; should all fail, somebody else asks again with the same id.
            try? await engine.store.write { store in
                guard var current = try leased(record, in: store), let lease = current.lease else { return }
                current.lease = Lease(
                    holder: lease.holder, fence: lease.fence, until: engine.now() + Self.leaseTime)
                try store.update(current)
            }
        }
    }

    /// Returns true if the process that runs the operation is still at it. Of its own ones a process knows that, whatever
    /// the clock says.
    func isLeased(_ record: OperationRecord) -> Bool {
        guard let lease = record.lease else { return false }
        if lease.holder == engine.holder, RunningOperations.contains(record) { return true }
        return engine.isInForce(lease, atMost: Self.leaseTime)
    }

    /// The operation as it is now; nil where another process has taken it over, or it has ended.
    func leased(_ record: OperationRecord, in store: any StoreReader) throws -> OperationRecord? {
        guard let current = try store.operation(record.operation.id), current.operation.state == .running,
            let lease = current.lease, lease.holder == record.lease?.holder, lease.fence == record.lease?.fence
        else { return nil }
        return current
    }
}

/// The operations that this process runs. A clock that is put forward ends the leases of all of them at once.
enum RunningOperations {
    private struct Key: Hashable {
        let holder: String
        let id: OperationID

        init(_ record: OperationRecord) {
            holder = record.lease?.holder ?? ""
            id = record.operation.id
        }
    }

    private static let keys = Mutex<Set<Key>>([])

    static func begin(_ record: OperationRecord) { keys.withLock { _ = $0.insert(Key(record)) } }
    static func end(_ record: OperationRecord) { keys.withLock { _ = $0.remove(Key(record)) } }
    static func contains(_ record: OperationRecord) -> Bool { keys.withLock { $0.contains(Key(record)) } }
}
