package import PrewarmCore

extension Audience {
    /// Returns the changes that the reader may see: those of visible presets, and of the templates of visible presets.
    package func visible(_ changes: [DefinitionChange], of report: ReconcileReport) -> [DefinitionChange] {
        guard !seesAllPresets else { return changes }
        let templates = Set(report.presets.lazy.filter { sees($0.key) }.map(\.spec.template))
        return visible(changes, source: report.source, templates: templates)
    }

    /// Returns the changes of a source that the reader may see.
    /// - Parameter templates: The names of the templates of visible presets.
    package func visible(
        _ changes: [DefinitionChange], source: String, templates: Set<String>
    ) -> [DefinitionChange] {
        guard !seesAllPresets else { return changes }
        return changes.filter { change in
            switch change.object {
            case .preset: sees(PresetKey(source: source, name: change.name))
            case .template: templates.contains(change.name)
            }
        }
    }
}
