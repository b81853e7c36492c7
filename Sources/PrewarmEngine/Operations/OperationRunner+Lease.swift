import PrewarmCore

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

    /// The operation as it is now; nil where another process has taken it over, or it has ended.
    func leased(_ record: OperationRecord, in store: any StoreReader) throws -> OperationRecord? {
        guard let current = try store.operation(record.operation.id), current.operation.state == .running,
            let lease = current.lease, lease.holder == record.lease?.holder, lease.fence == record.lease?.fence
        else { return nil }
        return current
    }
}
