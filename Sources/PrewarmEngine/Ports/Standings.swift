package import PrewarmCore

/// The standing of a pool after the last plan.
///
/// A pool is settled if another plan would give the same result: the last plan had no action for it, not even a held one.
/// It stays settled until its preset is saved, one of its workspaces or failures changes, it is suspended or resumed, or
/// the time of its next change has come. Until then no plan is made for it.
package struct PoolStanding: Hashable, Sendable {
    package let preset: PresetKey
    package let isSettled: Bool
    /// True if the pool is settled but has not converged, since it waits for running operations or for a person.
    package let isUnfinished: Bool
    /// The value of ``PoolPlan/nextChange``.
    package let nextChange: Timestamp?

    package init(preset: PresetKey, isSettled: Bool, isUnfinished: Bool, nextChange: Timestamp?) {
        self.preset = preset
        self.isSettled = isSettled
        self.isUnfinished = isUnfinished
        self.nextChange = nextChange
    }
}

/// The sums over the settled pools of a source.
package struct SettledPools: Hashable, Sendable {
    package let count: Int
    /// The number of settled pools that have not converged.
    package let unfinished: Int
    /// The earliest next change of these pools.
    package let nextChange: Timestamp?

    package init(count: Int, unfinished: Int, nextChange: Timestamp?) {
        self.count = count
        self.unfinished = unfinished
        self.nextChange = nextChange
    }
}

/// The presets whose pools may have changed since the last plan.
package struct OpenPresets: Sendable {
    /// The presets in the order of their names.
    package let presets: [Preset]
    /// The settled ones among them, whose next change has come.
    package let due: Set<PresetKey>

    package init(presets: [Preset], due: Set<PresetKey>) {
        self.presets = presets
        self.due = due
    }
}

/// The reads of a reconciliation that looks only at pools that may have changed. The cost of each function grows with its
/// result, unless its comment says otherwise.
package protocol StandingReader {
    /// Returns the presets of a source whose pools are not settled or whose next change has come, in the order of their
    /// names. Returns nil if one of them cannot be read.
    /// - Parameter now: The time up to which a next change has come.
    func openPresets(source: String, dueBy now: Timestamp) throws -> OpenPresets?
    /// Returns the sums over the settled pools of a source.
    /// - Parameters:
    ///   - keys: The pools to leave out.
    ///   - now: The time after which a next change counts.
    func settledPools(source: String, without keys: Set<PresetKey>, after now: Timestamp) throws -> SettledPools
    /// Returns the number of presets of the source, including unreadable ones. It is one pass over an index.
    func presetCount(source: String) throws -> Int
    /// Returns the presets whose stored definition cannot be read. It reads all presets of the source.
    func unreadablePresets(source: String) throws -> [PresetKey]
    /// Returns the presets with these keys that exist; nil if one of them cannot be read.
    func presets(_ keys: [PresetKey]) throws -> [Preset]?
    func template(_ name: String, source: String) throws -> Template?
    /// Returns true if a deprecated preset of the same source names the preset as its replacement.
    func isReplacement(_ preset: PresetKey) throws -> Bool
    func conditions(of presets: [PresetKey]) throws -> [PresetKey: [Condition]]
    /// Returns the expected build times of the presets that had a successful build.
    func buildTimes(of presets: [PresetKey]) throws -> [PresetKey: Duration]
    /// Returns the expected build times of all presets of a source that had a successful build.
    func buildTimes(source: String) throws -> [PresetKey: Duration]
    /// Returns the number of workspaces that limits count, by source. It is one pass over the counts.
    func liveWorkspaces() throws -> [String: Int]
    /// Returns the names of the presets of a source that have or had a ready workspace, as far as history is kept.
    func everReady(source: String) throws -> Set<String>
}

/// The writes that belong to ``StandingReader``.
package protocol StandingWriter {
    /// Marks all pools of the source as not settled.
    func unsettle(source: String) throws
    /// Saves the standings of presets that exist.
    func save(_ standings: [PoolStanding]) throws
    func setBuildTime(_ time: Duration, of preset: PresetKey) throws
}
