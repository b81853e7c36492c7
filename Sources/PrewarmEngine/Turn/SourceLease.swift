import PrewarmCore

/// One reconcile at a time for each source (DESIGN.md §2).
extension Engine {
    /// Takes the lease of a source, and says how the source is then.
    func acquireLease(of source: Source) async throws -> (lease: Lease, record: SourceRecord) {
        try await store.write { store in
            (try takeLease(of: source, until: now() + source.lease, in: store), try record(of: source, in: store))
        }
    }

    /// - Returns: the lease as it was last given.
    /// - Throws: ``TurnError/leaseHeld(source:by:)``
    @discardableResult
    func checkNobodyElseHolds(_ source: Source, in store: any StoreReader) throws -> Lease? {
        let current = try store.lease(ofSource: source.name)
        if let current, isInForce(current, atMost: source.lease), current.holder != holder {
            throw TurnError.leaseHeld(source: source.name, by: current.holder)
        }
        return current
    }

    /// Over from a holder that is dead or late, if need be: its fence is not the newest any more.
    private func takeLease(of source: Source, until: Timestamp, in store: any StoreWriter) throws -> Lease {
        let current = try checkNobodyElseHolds(source, in: store)
        let lease = Lease(holder: holder, fence: (current?.fence ?? 0) + 1, until: until)
        try store.save(lease, ofSource: source.name)
        return lease
    }

    func release(_ lease: Lease, of source: Source) async {
        // A lease that can't be given back runs out.
        try? await store.write { store in try release(lease, of: source.name, in: store) }
    }

    func release(_ lease: Lease, of source: String, in store: any StoreWriter) throws {
        guard try store.lease(ofSource: source)?.fence == lease.fence else { return }
        try store.save(Lease(holder: lease.holder, fence: lease.fence, until: now()), ofSource: source)
    }

    /// Throws where somebody else has taken the lease since.
    func check(_ lease: Lease, of source: String, in store: any StoreReader) throws {
        guard try store.lease(ofSource: source)?.fence == lease.fence else { throw TurnError.leaseLost(source: source) }
    }

    /// Not where its time is over, and not where its holder is dead.
    /// - Parameter longest: the time for which such a lease is given.
    package func isInForce(_ lease: Lease, atMost longest: Duration) -> Bool {
        !lease.until.hasCome(at: now(), atMost: longest) && !isDead(lease.holder)
    }
}
