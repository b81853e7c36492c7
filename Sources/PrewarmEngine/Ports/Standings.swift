package import PrewarmCore

/// What the last plan left of the pool of a preset.
///
/// A settled pool is as it shall be, and nothing is done, held back or waited for. It stays settled until its preset is
/// saved, one of its workspaces or its failures change, it is suspended or resumed, or the time of its next change has
/// come: until then a plan would find the same, so that none is made.
package struct PoolStanding: Hashable, Sendable {
    package let preset: PresetKey
    package let isSettled: Bool
    /// As ``PoolPlan/nextChange``.
    package let nextChange: Timestamp?
    /// Instances that nobody claimed, where it is settled.
    package let unclaimed: Int

    package init(preset: PresetKey, isSettled: Bool, nextChange: Timestamp?, unclaimed: Int) {
        self.preset = preset
        self.isSettled = isSettled
        self.nextChange = nextChange
        self.unclaimed = unclaimed
    }
}

/// The settled pools of a source in sum.
package struct SettledPools: Hashable, Sendable {
    package let count: Int
    package let unclaimed: Int
    /// The first of theirs.
    package let nextChange: Timestamp?

    package init(count: Int, unclaimed: Int, nextChange: Timestamp?) {
        self.count = count
        self.unclaimed = unclaimed
        self.nextChange = nextChange
    }
}

/// What a turn reads that looks only at what changed. Nothing here costs more than what it returns,
/// but where it says so.
package protocol StandingReader {
    /// The presets of a source whose pools are not settled, in the order of their names. Nil where one of them can't be
    /// read, or where the store doesn't keep what pools are settled.
    func unsettledPresets(source: String) throws -> [Preset]?
    func settledPools(source: String) throws -> SettledPools
    /// How many presets of the source there are, those that can't be read included: one pass over an index.
    func presetCount(source: String) throws -> Int
    /// Presets of which what is kept can't be read. It looks at all of them.
    func unreadablePresets(source: String) throws -> [PresetKey]
    /// Those of them that there are; nil where one of them can't be read.
    func presets(_ keys: [PresetKey]) throws -> [Preset]?
    func template(_ name: String, source: String) throws -> Template?
    /// Whether a deprecated preset of its source names it.
    func isReplacement(_ preset: PresetKey) throws -> Bool
    func conditions(of presets: [PresetKey]) throws -> [PresetKey: [Condition]]
    /// By source: how many workspaces limits count, one pass over the counts.
    func liveWorkspaces() throws -> [String: Int]
}

package protocol StandingWriter {
    /// Pools whose next change is then or before are settled no more; nil: no pool of the source is.
    func unsettle(source: String, dueBy now: Timestamp?) throws
    /// Of presets that there are.
    func save(_ standings: [PoolStanding]) throws
}
