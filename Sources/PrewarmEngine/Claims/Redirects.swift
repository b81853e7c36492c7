import PrewarmCore

extension Engine {
    /// Returns the preset that claims of a preset get workspaces of, after its redirects (``Preset/redirect``). If a redirect
    /// leads to no preset, it is the last one before. It follows at most ``Deprecation/mostRedirects``.
    func redirected(_ preset: Preset, in store: any StoreReader) throws -> Preset {
        var preset = preset
        for _ in 0..<Deprecation.mostRedirects {
            guard let name = preset.redirect else { break }
            let next = PresetKey(source: preset.key.source, name: name)
            guard let found = try store.presets([next])?.first else { break }
            preset = found
        }
        return preset
    }
}
