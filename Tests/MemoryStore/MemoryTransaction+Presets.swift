internal import PrewarmCore
internal import PrewarmEngine

/// Applied presets and templates, with their conditions and failures.
extension MemoryTransaction {
    private func presets(where condition: (PresetKey) -> Bool) -> [Preset] {
        state.pools.values.map(\.preset).filter { condition($0.key) }.sorted(on: \.key)
    }

    func presets(source: String?) -> [Preset] { presets { source == nil || $0.source == source } }

    func presets(named text: String) -> [Preset] {
        presets { $0.name == text } + presets { $0.description == text }
    }

    func presets(_ keys: [PresetKey]) -> [Preset]? { keys.compactMap { state.pools[$0]?.preset } }
    func presetCount(source: String) -> Int { presets(source: source).count }
    func unreadablePresets(source: String) -> [PresetKey] { [] }

    func isReplacement(_ preset: PresetKey) -> Bool {
        presets(source: preset.source).contains { $0.replacement == preset.name }
    }

    func save(_ presets: [Preset]) {
        for preset in presets {
            let key = preset.key
            if preset.health == nil { forgetChecks(of: key) }
            let open = PoolStanding(preset: key, isSettled: false, isUnfinished: false, nextChange: nil)
            state.pools[key] = MemoryState.Pool(
                preset: preset, standing: open, buildTime: state.pools[key]?.buildTime)
        }
    }

    func forget(_ presets: [PresetKey]) {
        for key in presets {
            forgetChecks(of: key)
            state.pools[key] = nil
            state.failures[key] = nil
            state.handoverFailures[key] = nil
            state.conditions[key] = nil
        }
    }

    // MARK: Templates

    func templates(source: String?) -> [Template] {
        let found = state.templates.filter { source == nil || $0.key == source }
            .flatMap { source, templates in templates.map { (source, $0) } }
        return found.sorted { ($0.1.name, $0.0) < ($1.1.name, $1.0) }.map(\.1)
    }

    func template(_ name: String, source: String) -> Template? {
        state.templates[source]?.first { $0.name == name }
    }

    func replaceTemplates(_ templates: [Template], source: String) { state.templates[source] = templates }

    // MARK: Conditions and failures

    func conditions(source: String) -> [PresetKey: [Condition]] { state.conditions.filter { $0.key.source == source } }

    func conditions(of presets: [PresetKey]) -> [PresetKey: [Condition]] {
        state.conditions.filter { presets.contains($0.key) }
    }

    func save(_ conditions: [PresetKey: [Condition]]) { state.conditions.merge(conditions) { $1 } }

    func failures(source: String?) -> [FailureRecord] {
        state.failures.values.filter { source == nil || $0.preset.source == source }.sorted(on: \.preset)
    }

    func setFailure(_ failure: FailureRecord?, of preset: PresetKey) {
        unsettle(.preset(preset))
        state.failures[preset] = failure
    }

    func handoverFailures(source: String?) -> [HandoverFailures] {
        state.handoverFailures.values.filter { source == nil || $0.preset.source == source }.sorted(on: \.preset)
    }

    func handoverFailures(of preset: PresetKey) -> HandoverFailures? { state.handoverFailures[preset] }

    func setHandoverFailures(_ failures: HandoverFailures?, of preset: PresetKey) {
        unsettle(.preset(preset))
        state.handoverFailures[preset] = failures
    }
}
