internal import PrewarmCore
internal import PrewarmEngine

/// A transaction on a copy of the state. Extensions hold its topics. Readers receive it as ``StoreReader``.
final class MemoryTransaction: StoreWriter {
    var state: MemoryState
    /// True if the commit has to increase ``StoreIdentity/counter``.
    private var hasProgress = false

    init(_ state: MemoryState) { self.state = state }

    // MARK: Identity

    func identity() -> StoreIdentity {
        StoreIdentity(
            id: state.identity, counter: state.counter, newest: state.newest, former: [], hold: state.hold)
    }

    func noteProgress() { hasProgress = true }

    /// Records a workspace that this store made.
    func noteMade(_ workspace: WorkspaceID) { state.newest = max(state.newest, workspace) }

    /// Increases the counter of the store if the transaction made progress.
    func noteCommit() { if hasProgress { state.counter += 1 } }

    func setHold(_ hold: StoreHold) {
        state.hold = hold
        planAgain()
    }

    func endHold(newest: WorkspaceID?) {
        if let newest { noteMade(newest) }
        state.hold = nil
        planAgain()
    }

    private func planAgain() {
        noteProgress()
        unsettle(.all)
        for name in state.sources.keys { state.sources[name]?.quietUntil = nil }
    }

    // MARK: Settled pools

    /// Marks pools as not settled, so that the next reconciliation plans for them. Each write calls it for the pools that it
    /// may change.
    func unsettle(_ scope: Suspension.Scope) {
        switch scope {
        case .preset(let key): unsettlePool(key)
        case .source, .all: for key in state.pools.keys where scope.covers(key) { unsettlePool(key) }
        }
    }

    private func unsettlePool(_ key: PresetKey) {
        guard let old = state.pools[key]?.standing, old.isSettled else { return }
        state.pools[key]?.standing = PoolStanding(
            preset: key, isSettled: false, isUnfinished: old.isUnfinished, nextChange: old.nextChange)
    }

    func unsettle(source: String) { unsettle(.source(source)) }

    func unsettle(_ presets: Set<PresetKey>) { for preset in presets { unsettle(.preset(preset)) } }
}

extension Sequence {
    /// Returns the elements in the order of one of their values.
    func sorted<Value: Comparable>(on value: (Element) -> Value) -> [Element] {
        sorted { value($0) < value($1) }
    }
}

extension StoreError {
    /// The error of an insert whose key is taken.
    static func taken(_ key: some CustomStringConvertible) -> StoreError {
        StoreError(.unavailable, "cannot insert \(key) into the store: it exists already")
    }
}
