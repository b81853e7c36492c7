import PrewarmCore

/// One reconcile at a time for each source (DESIGN.md §2).
extension Engine {
    /// Takes the lease of a source, over from a holder that is dead or late if need be, and says how the source is then.
    func acquireLease(of source: Source) async throws -> (lease: Lease, record: SourceRecord) {
        let now = now()
        return try await store.write { store in
            let current = try store.lease(ofSource: source.name)
            if let current, isInForce(current), current.holder != holder {
                throw TurnError.leaseHeld(source: source.name, by: current.holder)
            }
            let lease = Lease(
                holder: holder, fence: (current?.fence ?? 0) + 1, until: now + source.lease)
            try store.save(lease, ofSource: source.name)
            return (lease, try store.source(source.name) ?? SourceRecord(name: source.name, url: source.url))
        }
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
    func isInForce(_ lease: Lease) -> Bool {
        lease.until > now() && !isDead(lease.holder)
    }
}
