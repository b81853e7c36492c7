import PrewarmCore

/// The lease of a source: one reconciliation at a time (DESIGN.md §1).
extension Engine {
    /// Takes the lease of a source, and returns it with the record of the source in the same transaction.
    /// - Throws: ``TurnError/leaseHeld(source:by:)``
    func acquireLease(of source: Source) async throws -> (lease: Lease, record: SourceRecord) {
        try await store.write { store in
            (try takeLease(of: source, until: now() + source.lease, in: store), try record(of: source, in: store))
        }
    }

    /// Checks that no other process holds the lease of the source.
    /// - Returns: The last lease of the source, which may have expired.
    /// - Throws: ``TurnError/leaseHeld(source:by:)``
    @discardableResult
    func checkNobodyElseHolds(_ source: Source, in store: any StoreReader) throws -> Lease? {
        let current = try store.lease(ofSource: source.name)
        if let current, isInForce(current, atMost: source.lease), current.holder != holder {
            throw TurnError.leaseHeld(source: source.name, by: current.holder)
        }
        return current
    }

    /// Takes the lease, also from a holder that has ended or whose time has expired. The new fence makes its writes fail.
    private func takeLease(of source: Source, until: Timestamp, in store: any StoreWriter) throws -> Lease {
        let current = try checkNobodyElseHolds(source, in: store)
        let lease = Lease(holder: holder, fence: (current?.fence ?? 0) + 1, until: until)
        try store.save(lease, ofSource: source.name)
        return lease
    }

    func release(_ lease: Lease, of source: Source) async {
        // If the release fails, the lease expires.
        try? await store.write { store in try release(lease, of: source.name, in: store) }
    }

    func release(_ lease: Lease, of source: String, in store: any StoreWriter) throws {
        guard try store.lease(ofSource: source)?.fence == lease.fence else { return }
        try store.save(Lease(holder: lease.holder, fence: lease.fence, until: now()), ofSource: source)
    }

    /// Throws ``TurnError/leaseLost(source:)`` if another process has taken the lease since.
    func check(_ lease: Lease, of source: String, in store: any StoreReader) throws {
        guard try store.lease(ofSource: source)?.fence == lease.fence else { throw TurnError.leaseLost(source: source) }
    }

    /// Returns true if the lease has not expired and its holder is not known to have ended.
    /// - Parameter longest: The time for which such a lease is taken. A lease whose end is further away than this comes from
    ///   a clock that was set back since.
    package func isInForce(_ lease: Lease, atMost longest: Duration) -> Bool {
        !lease.until.hasCome(at: now(), atMost: longest) && !isDead(lease.holder)
    }
}
