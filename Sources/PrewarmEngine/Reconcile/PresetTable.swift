import PrewarmCore

/// Presets by their keys. All look-ups share one copy of the presets, since copying a preset updates some twenty reference
/// counts.
struct PresetTable {
    let presets: [Preset]
    private let indices: [PresetKey: Int]

    init(_ presets: [Preset]) {
        self.presets = presets
        indices = Dictionary(zip(presets.lazy.map(\.key), presets.indices)) { first, _ in first }
    }

    subscript(key: PresetKey) -> Preset? { indices[key].map { presets[$0] } }
}
