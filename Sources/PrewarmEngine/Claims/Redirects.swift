package import PrewarmCore

extension Engine {
    /// Returns the preset that claims of a preset get workspaces of, after its redirects (``Preset/redirect``). If a redirect
    /// leads to no preset, it is the last one before. It follows at most ``Deprecation/mostRedirects``.
    package func redirected(_ key: PresetKey) async throws -> PresetKey {
        try await store.read { store in
            var key = key
            for _ in 0..<Deprecation.mostRedirects {
                guard let name = try store.presets(named: key.description).first?.redirect else { break }
                let next = PresetKey(source: key.source, name: name)
                guard try !store.presets(named: next.description).isEmpty else { break }
                key = next
            }
            return key
        }
    }
}
