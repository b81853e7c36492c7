extension Linker {
    // MARK: Templates

    mutating func link(_ draft: TemplateDraft, _ path: String) {
        let before = errors
        let name = draft.name.value
        if let provisioner = draft.provisioner { check(provisioner, path) }
        if let replacement = draft.deprecated?.replacement, !templateNames.contains(replacement) {
            report(
                path, draft.replacement, "there is no template \"\(replacement)\" to replace this one",
                hint: suggestions.hint(for: replacement, among: templateNames))
        }
        guard errors == before else {
            invalidTemplates[name] = path
            brokenPaths.insert(path)
            return
        }
        templates[name] = Template(
            name: name, labels: draft.labels, annotations: draft.annotations,
            origin: Origin(file: path, line: draft.name.position.line), provisioner: draft.provisioner?.value,
            activeVersion: draft.activeVersion, parameters: draft.parameters, deprecated: draft.deprecated,
            readyTimeout: draft.readyTimeoutSeconds.map { .seconds($0) })
    }

    private mutating func check(_ provisioner: Located<String>, _ path: String) {
        guard let provisioners, !provisioners.contains(provisioner.value) else { return }
        report(
            path, provisioner.position, "the configuration names no provisioner \"\(provisioner.value)\"",
            hint: suggestions.hint(for: provisioner.value, among: provisioners)
                ?? (provisioners.isEmpty ? nil : "it names \(provisioners.sorted().summary)"))
    }

    // MARK: Presets

    mutating func link(_ draft: PresetDraft, _ path: String) {
        let before = errors
        let name = draft.name.value
        let template = templates[draft.template.value]
        if template == nil,
            let place = invalidTemplates[draft.template.value] ?? pathOfHiddenTemplate(of: draft)
        {
            // Its template has errors of its own, or may be behind one: what is applied stays.
            hold(preset: name, becauseOf: place)
            noteInvalid(name, path)
            return
        }
        let provisioner = template?.provisioner ?? defaultProvisioner
        if provisioner == nil {
            report(
                path, draft.template.position,
                template == nil
                    ? "there is no template \"\(draft.template.value)\", and no provisioner is the default one"
                    : "the template \"\(draft.template.value)\" names no provisioner, and none is the default one",
                hint: suggestions.hint(for: draft.template.value, among: templateNames)
                    ?? "set `default: true` on a provisioner of the configuration, or name one in the template")
        }
        let version = draft.version?.value ?? template?.activeVersion
        if version == nil {
            report(
                path, template == nil ? draft.template.position : draft.spec,
                template == nil
                    ? "there is no template \"\(draft.template.value)\", and the preset has no version without it"
                    : "the preset has no version, and its template has no activeVersion to take it from",
                hint: template != nil
                    ? "add `version:` to its spec"
                    : suggestions.hint(for: draft.template.value, among: templateNames)
                        ?? "templates are read from the paths of the source alone, as presets are; without one, a preset "
                        + "needs a `version:` of its own")
        }
        if let replacement = draft.deprecated?.replacement, !presetNames.contains(replacement) {
            report(
                path, draft.replacement, "there is no preset \"\(replacement)\" to replace this one",
                hint: suggestions.hint(for: replacement, among: presetNames))
        }
        let parameters = self.parameters(of: draft, template, path)
        noteSize(of: parameters, draft, path)
        if let provisioner { checkSecrets(of: draft, provisioner, path) }
        guard errors == before, let version, let provisioner else {
            noteInvalid(name, path)
            return
        }
        let retirement = retirement(of: draft, template, version: version)
        note(retirement, draft, version: version, path)
        presets.append(
            Preset(
                key: PresetKey(source: source, name: name), labels: draft.labels, annotations: draft.annotations,
                origin: Origin(file: path, line: draft.name.position.line),
                spec: WorkspaceSpec(
                    template: draft.template.value, version: version, provisioner: provisioner, parameters: parameters),
                instances: draft.instances, ttl: draft.ttlSeconds.map { .seconds($0) }, schedule: draft.schedule,
                strategy: draft.strategy, failureLimit: draft.failureLimit,
                retirement: retirement, isSuspended: draft.isSuspended,
                options: draft.options, readyTimeout: template?.readyTimeout))
    }

    /// What is in force of that name stays, and what is in force from that file.
    private mutating func noteInvalid(_ preset: String, _ path: String) {
        invalidPresets.insert(preset)
        brokenPaths.insert(path)
    }

    private mutating func checkSecrets(of draft: PresetDraft, _ provisioner: String, _ path: String) {
        guard let known = secrets?[provisioner] else { return }
        for value in draft.parameters.values.sorted(by: { $0.position < $1.position }) {
            guard case .secret(let name) = value.value, !known.contains(name) else { continue }
            report(
                path, value.position,
                "the configuration has no secret \"\(name)\" for the provisioner \"\(provisioner)\"",
                hint: suggestions.hint(for: name, among: known)
                    ?? "give it a value under `secrets:` of the configuration")
        }
    }

    private func retirement(of draft: PresetDraft, _ template: Template?, version: String) -> Preset.Retirement? {
        if let deprecated = draft.deprecated { return .deprecated(deprecated) }
        if let deprecated = template?.deprecated { return .templateDeprecated(deprecated) }
        if let active = template?.activeVersion, active != version { return .inactive(activeVersion: active) }
        return nil
    }

    /// Notes what another document makes of the preset: its pool is scaled to zero, though its own manifest asks for
    /// workspaces.
    private mutating func note(
        _ retirement: Preset.Retirement?, _ draft: PresetDraft, version: String, _ path: String
    ) {
        switch retirement {
        case .inactive(let active):
            note(
                path, draft.version?.position ?? draft.spec,
                "the pool is scaled to zero: the preset pins version \(version), and the active version of the template "
                    + "\"\(draft.template.value)\" is \(active)",
                hint: "set version: \"\(active)\", or remove `version` to follow the template")
        case .templateDeprecated:
            note(
                path, draft.template.position,
                "the pool is scaled to zero: the template \"\(draft.template.value)\" is deprecated",
                hint: "set another template, or remove the preset")
        case .deprecated, .pruned, nil: break
        }
    }

    private mutating func parameters(
        of draft: PresetDraft, _ template: Template?, _ path: String
    ) -> [String: ParameterValue] {
        var values = draft.parameters.mapValues { $0.value }
        guard let rules = template?.parameters, !rules.isEmpty else { return values }
        let names = Set(rules.map(\.name))
        for (name, value) in draft.parameters.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
            report(
                path, value.position, "the template \"\(draft.template.value)\" has no parameter \"\(name)\"",
                hint: suggestions.hint(for: name, among: names) ?? "it has \(names.sorted().summary)")
        }
        for rule in rules {
            if let value = draft.parameters[rule.name] {
                if let problem = rule.problem(with: value.value, patterns: &patterns) {
                    report(path, value.position, "the parameter \"\(rule.name)\" \(problem)", hint: rule.description)
                }
            } else if let standard = rule.standard {
                values[rule.name] = standard
            } else if rule.isRequired {
                report(
                    path, draft.spec,
                    "the template \"\(draft.template.value)\" requires the parameter \"\(rule.name)\"",
                    hint: rule.description ?? "add it under `parameters:`")
            }
        }
        return values
    }

    /// Counts the parameters of a preset: the defaults of a template are those of each of its presets.
    private mutating func noteSize(of parameters: [String: ParameterValue], _ draft: PresetDraft, _ path: String) {
        for (name, value) in parameters {
            // An entry takes some room of its own.
            parameterBytes += name.utf8.count + value.byteCount + 64
        }
        guard parameterBytes > Self.mostParameterBytes else { return }
        report(
            path, draft.spec,
            "the parameters of the presets up to this one, in the order of their names, take more than "
                + "\(Self.mostParameterBytes >> 20) MiB, the limit for a source",
            hint: "give the presets fewer or shorter parameters, and their templates fewer or shorter defaults")
    }

    private static let mostParameterBytes = 32 << 20
}

extension ParameterValue {
    fileprivate var byteCount: Int {
        switch self {
        case .string(let text), .secret(let text): text.utf8.count
        case .integer, .number, .boolean: 8
        }
    }
}
