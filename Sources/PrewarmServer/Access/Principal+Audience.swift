package import PrewarmCore
package import PrewarmEngine

/// The parts of documents that a caller may see, which ``Authorization`` decides.
extension Principal: Audience {
    package var seesAllPresets: Bool { presets.isAll }

    package func sees(_ preset: PresetKey) -> Bool { Authorization.decide(self, .lookAtPreset(preset)).isAllowed }

    package func view(of preset: PresetKey, owner: Owner?) -> WorkspaceView {
        switch Authorization.decide(self, .lookAtWorkspace(preset, owner: owner)) {
        case .allowed: .whole
        case .allowedMasked: .masked
        case .refused: .hidden
        }
    }

    package func readsLogs(of preset: PresetKey?) -> Bool {
        Authorization.decide(self, preset.map { .readLog($0) } ?? .operate).isAllowed
    }
}
