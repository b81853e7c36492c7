internal import PrewarmCore
internal import PrewarmEngine

/// The records of claims with their leases.
extension MemoryTransaction {
    func claim(_ id: ClaimID) -> Claim? { state.claims[id] }

    func claims(_ filter: ClaimFilter) -> [Claim] {
        let found = state.claims.values.filter { claim in
            filter.preset.map { $0 == claim.preset } ?? true
                && filter.owners.map { $0.contains(claim.owner.name) } ?? true
                && filter.since.map { $0 <= claim.askedAt } ?? true
                && (claim.isHeld || !filter.isHeld)
                && (claim.runningLease != nil || !filter.isLeased && !filter.isExpiring)
                && (claim.lease?.phase == .expiring || !filter.isExpiring)
                && filter.before.map { claim.id < $0 } ?? true
        }
        return Array(found.sorted { $0.id > $1.id }.prefix(filter.limit ?? .max))
    }

    func save(_ claim: Claim) {
        state.claims[claim.id] = claim
        if claim.endedAt != nil { state.claims[claim.id]?.lease?.endWithClaim() }
        noteProgress()
    }

    func forgetClaims(endedBefore: Timestamp) {
        state.claims = state.claims.filter { _, claim in claim.endedAt.map { $0 >= endedBefore } ?? true }
    }

    func hasClaimed(_ owner: Owner) -> Bool { state.claims.values.contains { $0.owner == owner } }

    func claimResults(
        of preset: PresetKey?, since: Timestamp, limit: Int
    ) -> [PresetKey: [Claim.Result: Int]] {
        let first = ClaimID(IdentifierFactory.first(at: since))
        let claims = state.claims.values.filter { preset == nil || $0.preset == preset }
        let newest = Dictionary(grouping: claims, by: \.preset).mapValues { claims in
            claims.sorted { $0.id > $1.id }.prefix(limit).filter { $0.id >= first }
        }
        return newest.filter { !$0.value.isEmpty }.mapValues { claims in
            Dictionary(grouping: claims, by: \.result).mapValues(\.count)
        }
    }

    func idleTimes(since: Timestamp, at now: Timestamp) -> [PresetKey: Duration] {
        var times: [PresetKey: Duration] = [:]
        for workspace in state.workspaces.values.map(\.workspace) {
            guard let readyAt = workspace.readyAt else { continue }
            let end =
                workspace.claimedAt ?? (workspace.state == .ready ? now : firstDelete(of: workspace.id) ?? readyAt)
            times[workspace.preset, default: .zero] += max(end - max(readyAt, since), .zero)
        }
        return times
    }

    private func firstDelete(of workspace: WorkspaceID) -> Timestamp? {
        operations { $0.operation.workspace == workspace && $0.operation.kind == .delete }
            .map(\.operation.createdAt).min()
    }

    // MARK: Leases

    private var running: [(claim: Claim, lookAt: Timestamp)] {
        state.claims.values.compactMap { claim in claim.runningLease?.lookAt.map { (claim, $0) } }
    }

    func nextLeaseLook() -> Timestamp? { running.map(\.lookAt).min() }

    func dueLeases(at now: Timestamp, limit: Int) -> [Claim] {
        let due = running.filter { $0.lookAt <= now }.sorted { ($0.lookAt, $0.claim.id) < ($1.lookAt, $1.claim.id) }
        return Array(due.map(\.claim).prefix(limit))
    }

    func leaseCounts(at now: Timestamp) -> (running: Int, due: Int) {
        (running.count, running.count { $0.lookAt <= now })
    }

    func leaseClock() -> LeaseClock? { state.leaseClock }
    func save(_ clock: LeaseClock) { state.leaseClock = clock }

    func removeLeaseTime(_ gap: Duration, at now: Timestamp) {
        for var (claim, _) in running {
            claim.lease?.remove(gap, grantedAt: claim.grantedAt ?? now, at: now)
            claim.grantedAt = claim.grantedAt.map { min($0, now) }
            state.claims[claim.id] = claim
        }
        noteProgress()
        guard gap < .zero else { return }
        for (name, list) in state.lists {
            state.lists[name]?.heardAt = list.heardAt.map { $0 + gap }
            state.lists[name]?.failure = list.failure.map {
                ListFailure(provisioner: name, message: $0.message, since: $0.since + gap)
            }
        }
    }
}

extension Claim {
    /// The lease that ends by itself; nil if there is none, or if only a renewal changes it.
    fileprivate var runningLease: ClaimLease? { lease?.lookAt == nil ? nil : lease }
}
