internal import PrewarmCore
internal import PrewarmEngine

/// What prewarm knows of provisioners: lists, suspects, breakers and health.
extension MemoryTransaction {
    func listing(provisioner: String) -> Listing? { state.lists[provisioner]?.listing }
    func listedAt(provisioner: String) -> Timestamp? { listing(provisioner: provisioner)?.at }

    func orphans() -> [Orphan] {
        state.lists.sorted { $0.key < $1.key }.flatMap { $0.value.listing.orphans }
    }

    func save(_ listing: Listing) {
        let sorted = Listing(
            provisioner: listing.provisioner, at: listing.at, orphans: listing.orphans.sorted(on: \.id),
            moreOrphans: listing.moreOrphans, unknownStates: listing.unknownStates)
        state.lists[listing.provisioner, default: MemoryState.List(listing: sorted)].listing = sorted
        state.lists[listing.provisioner]?.isWanted = false
    }

    func forgetListTimes() {
        for provisioner in state.lists.keys { setListed(provisioner: provisioner, at: Listing.forgotten) }
    }

    func setListed(provisioner: String, at: Timestamp) {
        let old = listing(provisioner: provisioner)
        save(
            Listing(
                provisioner: provisioner, at: at, orphans: old?.orphans ?? [], moreOrphans: old?.moreOrphans ?? 0,
                unknownStates: old?.unknownStates ?? []))
    }

    func listFailures() -> [ListFailure] { state.lists.values.compactMap(\.failure).sorted(on: \.provisioner) }

    func setListFailure(_ failure: ListFailure?, provisioner: String) { state.lists[provisioner]?.failure = failure }

    func isListWanted(of provisioner: String) -> Bool { state.lists[provisioner]?.isWanted ?? false }
    func wantList(of provisioner: String, at: Timestamp) { state.lists[provisioner]?.isWanted = true }

    func activityHeardAt(provisioner: String) -> Timestamp? { state.lists[provisioner]?.heardAt }

    func setActivityHeard(provisioner: String, at: Timestamp, isSource: Bool) {
        if isSource || activityHeardAt(provisioner: provisioner) != nil { state.lists[provisioner]?.heardAt = at }
    }

    func suspects(provisioner: String) -> [Suspect] { state.suspects[provisioner] ?? [] }

    func replaceSuspects(_ suspects: [Suspect], provisioner: String) {
        state.suspects[provisioner] = suspects.sorted(on: \.workspace)
    }

    func brokenClaims() -> [PresetKey: Int] {
        let reported = state.suspects.values.joined().filter(\.isReported)
        let claimed = reported.compactMap { state.workspaces[$0.workspace]?.workspace }.filter { $0.state == .claimed }
        return Dictionary(grouping: claimed, by: \.preset).mapValues(\.count)
    }

    // MARK: Breakers

    func breaker(of provisioner: String) -> Breaker {
        state.breakers[provisioner] ?? Breaker(provisioner: provisioner)
    }

    func openBreakers() -> [Breaker] {
        state.breakers.values.filter { $0.phase == .open }.sorted(on: \.provisioner)
    }

    func save(_ breaker: Breaker) { state.breakers[breaker.provisioner] = breaker }

    func hasBuilt(_ fingerprint: Fingerprint, of preset: PresetKey) -> Bool {
        state.workspaces.values.map(\.workspace).contains {
            $0.preset == preset && $0.fingerprint == fingerprint && $0.readyAt != nil
        }
    }
}
