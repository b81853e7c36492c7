package import PrewarmCore

/// What the last plan left of the pool of a preset.
///
/// A settled pool is one of which a plan would find the same again: nothing was done, and nothing is held back that
/// could be let go. It stays settled until its preset is saved, one of its workspaces or its failures change, it is
/// suspended or resumed, or the time of its next change has come; until then no plan is made for it.
package struct PoolStanding: Hashable, Sendable {
    package let preset: PresetKey
    package let isSettled: Bool
    /// Settled, and not as it shall be: it waits for what is under way, or for somebody.
    package let isUnfinished: Bool
    /// As ``PoolPlan/nextChange``.
    package let nextChange: Timestamp?
    /// As ``PoolPlan/unclaimed``, where it is settled.
    package let unclaimed: Int

    package init(
        preset: PresetKey, isSettled: Bool, isUnfinished: Bool, nextChange: Timestamp?, unclaimed: Int
    ) {
        self.preset = preset
        self.isSettled = isSettled
        self.isUnfinished = isUnfinished
        self.nextChange = nextChange
        self.unclaimed = unclaimed
    }
}

/// The settled pools of a source in sum.
package struct SettledPools: Hashable, Sendable {
    package let count: Int
    /// Of ``count``, those that are not as they shall be.
    package let unfinished: Int
    package let unclaimed: Int
    /// The first of theirs.
    package let nextChange: Timestamp?

    package init(count: Int, unfinished: Int, unclaimed: Int, nextChange: Timestamp?) {
        self.count = count
        self.unfinished = unfinished
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
    /// - Parameter keys: pools that are left out.
    func settledPools(source: String, without keys: Set<PresetKey>) throws -> SettledPools
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
    /// How long builds of presets are expected to take, where one has worked.
    func buildTimes(of presets: [PresetKey]) throws -> [PresetKey: Duration]
    /// The same of all presets of a source.
    func buildTimes(source: String) throws -> [PresetKey: Duration]
    /// By source: how many workspaces limits count, one pass over the counts.
    func liveWorkspaces() throws -> [String: Int]
}

package protocol StandingWriter {
    /// Pools whose next change is then or before are settled no more; nil: no pool of the source is.
    func unsettle(source: String, dueBy now: Timestamp?) throws
    /// Of presets that there are.
    func save(_ standings: [PoolStanding]) throws
    func setBuildTime(_ time: Duration, of preset: PresetKey) throws
}
