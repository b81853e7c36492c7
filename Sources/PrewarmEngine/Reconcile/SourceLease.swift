import PrewarmCore
import Synchronization

/// The lease of a source for one reconciliation. It is taken only to read all manifests of a revision; every other
/// reconciliation plans without it. Its transaction checks that no other process holds the lease, and plans again if another
/// plan was recorded meanwhile.
final class SourceLease: Sendable {
    private let engine: Engine
    private let source: Engine.Source
    /// The lease that this reconciliation holds.
    private let held = Mutex<Lease?>(nil)

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// Takes the lease, also from a holder that has ended or whose time has expired. The new fence makes its writes fail.
    /// - Returns: The record of the source in the same transaction.
    /// - Throws: ``ReconcileError/leaseHeld(source:by:)``
    func take() async throws -> SourceRecord {
        let (lease, record) = try await engine.store.write { [engine, source] store in
            let current = try self.checkNobodyElseHolds(in: store)
            let lease = Lease(
                holder: engine.holder, fence: (current?.fence ?? 0) + 1, until: engine.now() + source.lease)
            try store.save(lease, ofSource: source.name)
            return (lease, try store.record(of: source))
        }
        held.withLock { $0 = lease }
        return record
    }

    /// Checks that this reconciliation may write.
    /// - Returns: The record of the source.
    /// - Throws: ``ReconcileError/leaseLost(source:)`` if another process has taken the lease since,
    ///   ``ReconcileError/leaseHeld(source:by:)`` if this reconciliation has no lease and another process holds it.
    func check(in store: any StoreReader) throws -> SourceRecord {
        if let lease = held.withLock({ $0 }) {
            guard try store.lease(ofSource: source.name)?.fence == lease.fence else {
                throw ReconcileError.leaseLost(source: source.name)
            }
        } else {
            try checkNobodyElseHolds(in: store)
        }
        return try store.record(of: source)
    }

    /// Releases the lease, if it is held. If that fails, it expires.
    func release() async {
        guard held.withLock({ $0 != nil }) else { return }
        try? await engine.store.write { try self.release(in: $0) }
    }

    /// Releases the lease in a transaction, if it is held.
    func release(in store: any StoreWriter) throws {
        guard let lease = held.withLock({ $0 }), try store.lease(ofSource: source.name)?.fence == lease.fence else {
            return
        }
        try store.save(Lease(holder: lease.holder, fence: lease.fence, until: engine.now()), ofSource: source.name)
    }

    /// Returns the last lease of the source, which may have expired.
    @discardableResult
    private func checkNobodyElseHolds(in store: any StoreReader) throws -> Lease? {
        let current = try store.lease(ofSource: source.name)
        if let current, engine.isInForce(current, atMost: source.lease), current.holder != engine.holder {
            throw ReconcileError.leaseHeld(source: source.name, by: current.holder)
        }
        return current
    }
}

extension Engine {
    /// Returns true if the lease has not expired and its holder is not known to have ended.
    /// - Parameter longest: The time for which such a lease is taken. A lease whose end is further away than this comes from
    ///   a clock that was set back since.
    package func isInForce(_ lease: Lease, atMost longest: Duration) -> Bool {
        !lease.until.hasCome(at: now(), atMost: longest) && !isDead(lease.holder)
    }
}
