internal import PrewarmCore
import Synchronization

/// A lease in the store that one process holds at a time: of a source, or of a notification sink.
///
/// A reconciliation takes the lease of its source only to read all manifests of a revision; every other one plans without
/// it. Its transaction checks that no other process holds the lease, and plans again if another plan was recorded meanwhile.
package final class StoreLease: Sendable {
    private let engine: Engine
    private let name: String
    private let time: Duration
    /// The right of this replica to reconcile the source; nil for a command, which works beside the daemons.
    private let share: SourceFence?
    private let held = Mutex<Lease?>(nil)

    /// - Parameters:
    ///   - name: The name of the source, or another name with a slash, which no source has.
    ///   - time: The time for which the lease is taken.
    ///   - share: The right of this replica to reconcile the source; nil for a command or another lease.
    package init(_ engine: Engine, name: String, time: Duration, share: SourceFence? = nil) {
        self.share = share
        self.engine = engine
        self.name = name
        self.time = time
    }

    /// The number of the lease while it is held; nil if it was not taken.
    package var fence: Int64? { held.withLock { $0?.fence } }

    /// Takes the lease, also from a holder that has ended or whose time has expired. The new fence makes its writes fail. A
    /// lease that is already held is renewed, and its fence stays the same.
    /// - Returns: The result of the body, which reads the store in the same transaction.
    /// - Throws: ``ReconcileError/leaseHeld(source:by:)``
    @discardableResult
    package func take<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value = { _ in }
    ) async throws -> Value {
        let (lease, value) = try await engine.store.write { [self] store in
            try checkShare(in: store)
            let current = try checkNobodyElseHolds(in: store)
            let isOurs = current != nil && current?.fence == fence && current?.holder == engine.holder
            let lease = Lease(
                holder: engine.holder, fence: (current?.fence ?? 0) + (isOurs ? 0 : 1), until: engine.now() + time)
            try store.save(lease, ofSource: name)
            return (lease, try body(store))
        }
        held.withLock { $0 = lease }
        return value
    }

    /// Takes the lease, or renews it if half of its time has passed.
    /// - Throws: ``ReconcileError/leaseHeld(source:by:)``
    package func keep() async throws {
        let half = time / 2
        if let lease = held.withLock({ $0 }), !(lease.until - half).hasCome(at: engine.now(), atMost: half) { return }
        try await take()
    }

    /// Checks that this process may write.
    /// - Throws: ``ReconcileError/leaseLost(source:)`` if another process has taken the lease since,
    ///   ``ReconcileError/leaseHeld(source:by:)`` if this process has no lease and another one holds it.
    package func check(in store: any StoreReader) throws {
        try checkShare(in: store)
        guard let fence else {
            try checkNobodyElseHolds(in: store)
            return
        }
        guard try store.lease(ofSource: name)?.fence == fence else { throw ReconcileError.leaseLost(source: name) }
    }

    /// Checks that this replica still holds the source. It says nothing of other processes that reconcile it.
    /// - Throws: ``ReconcileError/leaseLost(source:)``
    func checkShare(in store: any StoreReader) throws { try share?.check(in: store) }

    /// Releases the lease, if it is held, so that another process does not wait until it expires. If that fails, it expires.
    package func release() async {
        guard fence != nil else { return }
        try? await engine.store.write { try self.release(in: $0) }
    }

    /// Releases the lease in a transaction, if it is held.
    func release(in store: any StoreWriter) throws {
        guard let fence, try store.lease(ofSource: name)?.fence == fence else { return }
        try store.save(Lease(holder: engine.holder, fence: fence, until: engine.now()).released, ofSource: name)
    }

    /// Returns the last lease, which may have expired.
    @discardableResult
    private func checkNobodyElseHolds(in store: any StoreReader) throws -> Lease? {
        let current = try store.lease(ofSource: name)
        if let current, engine.isInForce(current, atMost: time), current.holder != engine.holder {
            throw ReconcileError.leaseHeld(source: name, by: current.holder)
        }
        return current
    }
}
