package import PrewarmCore

/// The wish of a claim that does not name its preset.
package struct Selection: Hashable, Sendable {
    package let selector: PresetSelector
    /// The preferences. A preset that has the first one comes before a preset that has only a later one, and a preset without
    /// any comes last.
    package let preferences: [PresetSelector]

    /// The largest number of preferences.
    package static let mostPreferences = 10
    /// The largest number of presets that one claim tries and waits for: the best of those that match.
    package static let mostPresets = 20

    package init(_ selector: PresetSelector, preferences: [PresetSelector] = []) {
        self.selector = selector
        self.preferences = preferences
    }
}

/// A preset that matches a selector, with what decides about its place among the others.
package struct SelectedPreset: Hashable, Comparable, Sendable {
    package enum Offer: Int, Comparable, Sendable {
        /// A workspace is ready for the claim.
        case ready
        /// No workspace is ready, and prewarm may create one for the claim (`onEmpty: create`).
        case cold
        /// The claim has to wait.
        case none

        package static func < (left: Offer, right: Offer) -> Bool { left.rawValue < right.rawValue }
    }

    package let key: PresetKey
    /// The preference that the preset has; nil if it has none.
    package let preference: PresetSelector?
    /// The index of ``preference``, or the number of preferences if the preset has none.
    package let rank: Int
    package let offer: Offer
    /// The number of workspaces of the preset that are ready to be claimed.
    package let claimable: Int
    /// The number of all its workspaces, also claimed ones.
    package let workspaces: Int

    /// The share of the preset's workspaces that are ready to be claimed, from 0 to 1.
    ///
    /// Example: a pool with 2 claimable and 3 claimed workspaces has the share 0.4.
    package var freeShare: Double { workspaces > 0 ? Double(claimable) / Double(workspaces) : 0 }

    /// The order in which a claim tries presets: first those that can give a workspace now, then by the preference, then those
    /// with a ready workspace, then by the larger free share, then by the name.
    package static func < (left: SelectedPreset, right: SelectedPreset) -> Bool {
        if (left.offer == .none) != (right.offer == .none) { return right.offer == .none }
        if left.rank != right.rank { return left.rank < right.rank }
        if left.offer != right.offer { return left.offer < right.offer }
        if left.freeShare != right.freeShare { return left.freeShare > right.freeShare }
        return left.key < right.key
    }
}

/// The presets that match a selector.
package struct SelectedPresets: Sendable {
    /// At most ``Selection/mostPresets``, the best first.
    package let best: [SelectedPreset]
    /// The number of presets that match.
    package let matching: Int
}

/// A selector that no preset matches, with what the presets have instead.
package struct SelectionMiss: Sendable {
    package let selector: PresetSelector
    /// The first term that no preset has; nil if each term has a preset, but no preset has all of them.
    package let missing: PresetSelector.Term?
    /// The values that presets have for the key of ``missing``, at most 10.
    package let values: [String]
    /// The keys of labels and parameters that presets have.
    package let keys: [String]
}

extension Engine {
    /// Returns the presets that match a selection. Deprecated and inactive presets do not match.
    /// - Parameters:
    ///   - attempt: The claim that asks.
    ///   - mayClaim: Returns true if the caller may claim a workspace of the preset for the owner.
    /// - Throws: ``ClaimError/noMatch(_:)``
    package func select(
        _ selection: Selection, for owner: Owner, _ attempt: ClaimAttempt?,
        where mayClaim: @escaping @Sendable (PresetKey) -> Bool
    ) async throws -> SelectedPresets {
        let now = now()
        let dead = try await deadTicketHolders()
        return try await store.read { store in
            let presets = try store.presets(source: nil).filter { $0.retirement == nil && mayClaim($0.key) }
            let matching = presets.filter(selection.selector.matches)
            guard !matching.isEmpty else { throw ClaimError.noMatch(SelectionMiss(selection.selector, presets)) }
            var turns = try ClaimTurns(
                of: attempt ?? newClaim(at: now), at: matching, self, without: dead, at: now, in: store)
            let found = try matching.map { try selected($0, selection.preferences, &turns, in: store) }
            return SelectedPresets(best: Array(found.sorted().prefix(Selection.mostPresets)), matching: matching.count)
        }
    }

    private func selected(
        _ preset: Preset, _ preferences: [PresetSelector], _ turns: inout ClaimTurns, in store: any StoreReader
    ) throws -> SelectedPreset {
        let index = preferences.firstIndex { $0.matches(preset) }
        let offer: SelectedPreset.Offer =
            switch try turns.turn(at: preset, in: store) {
            case .ready: .ready
            case .cold: try turns.supply.offersCold(preset, in: store) ? .cold : .none
            case .none: .none
            }
        return SelectedPreset(
            key: preset.key, preference: index.map { preferences[$0] }, rank: index ?? preferences.count, offer: offer,
            claimable: try turns.supply.claimable(preset, in: store),
            workspaces: try turns.supply.tallies(of: preset.key, in: store).liveCount)
    }
}

extension SelectionMiss {
    fileprivate init(_ selector: PresetSelector, _ presets: [Preset]) {
        self.selector = selector
        let missing = selector.terms.first { term in !presets.contains(where: term.matches) }
        self.missing = missing
        values =
            missing.map { term in Array(Set(presets.flatMap { $0.values(of: term.key) }).sorted().prefix(10)) } ?? []
        keys = Set(presets.flatMap { Array($0.labels.keys) + Array($0.spec.parameters.keys) }).sorted()
    }
}
