import PrewarmCore

/// The pools that a plan is made for.
struct PoolScope: Sendable {
    let presets: [Preset]
    /// The sum of the source's other pools, for which a plan would find nothing new; nil if ``presets`` are all presets.
    var settled: SettledPools?
    /// False if the store cannot read a stored preset, so that git has to be read again.
    var isReadable = true

    /// The number of pools from which on one pass over the counts of all pools is faster than a look-up for each.
    static let manyPools = 1000

    init(presets: [Preset], settled: SettledPools? = nil, isReadable: Bool = true) {
        self.presets = presets
        self.settled = settled
        self.isReadable = isReadable
    }

    /// Reads the applied presets of a source whose pools may have changed: the open ones, and those whose next change has
    /// come.
    /// - Parameters:
    ///   - others: Presets that are planned for in any case. They take the place of stored ones.
    ///   - now: The time up to which a next change has come.
    init(open source: String, and others: [Preset], at now: Timestamp, in store: any StoreReader) throws {
        let keys = Set(others.lazy.map(\.key))
        guard let open = try store.openPresets(source: source, dueBy: now) else {
            let stored = try store.presets(source: source).filter { !keys.contains($0.key) }
            self.init(presets: (stored + others).sorted { $0.key < $1.key }, isReadable: false)
            return
        }
        let presets = open.presets.filter { !keys.contains($0.key) } + others
        let settled = try store.settledPools(source: source, without: keys.union(open.due), after: now)
        self.init(presets: presets.sorted { $0.key < $1.key }, settled: settled)
    }

    /// Returns the stored conditions of the presets.
    func conditions(source: String, in store: any StoreReader) throws -> [PresetKey: [Condition]] {
        settled == nil ? try store.conditions(source: source) : try store.conditions(of: presets.map(\.key))
    }
}
