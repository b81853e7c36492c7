package import PrewarmCore

extension Value {
    /// The document of a change of a definition.
    package init(_ change: DefinitionChange, source: String) {
        self = .object(known: [
            "object": .string(change.object.rawValue),
            "name": .string(change.name),
            "source": .string(source),
            "change": .string(change.kind.rawValue),
            "fields": .array(
                change.fields.map { field in
                    .object(known: [
                        "field": .string(field.field), "old": field.old.map { .string($0) },
                        "new": field.new.map { .string($0) },
                    ])
                }),
            "moreFields": change.moreFields > 0 ? .int(change.moreFields) : nil,
            "held": change.isHeld ? .bool(true) : nil,
        ])
    }

    /// The document of a rollout.
    init(_ rollout: Rollout) {
        self = .object(known: [
            "preset": .string(rollout.preset.name), "source": .string(rollout.preset.source),
            "replaces": .int(rollout.replaces), "keepsClaimable": .int(rollout.keepsClaimable),
            "desired": .int(rollout.desired), "held": rollout.isHeld ? .bool(true) : nil,
            "heldBy": rollout.hold.map { .string($0.message) },
        ])
    }
}

extension Audience {
    /// Returns the changes that the reader may see: those of visible presets, and of the templates of visible presets.
    func visible(_ changes: [DefinitionChange], of report: ReconcileReport) -> [DefinitionChange] {
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
