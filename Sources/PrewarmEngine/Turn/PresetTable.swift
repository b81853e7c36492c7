import PrewarmCore

/// Presets by their keys, copied once for all who look them up: each has some twenty parts that are counted.
struct PresetTable {
    let presets: [Preset]
    private let indices: [PresetKey: Int]

    init(_ presets: [Preset]) {
        self.presets = presets
        indices = Dictionary(zip(presets.lazy.map(\.key), presets.indices)) { first, _ in first }
    }

    subscript(key: PresetKey) -> Preset? { indices[key].map { presets[$0] } }
}
