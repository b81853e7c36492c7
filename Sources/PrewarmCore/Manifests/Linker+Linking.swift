extension Linker {
    // MARK: Templates

    /// Adds a template to ``templates``, or reports its errors.
    mutating func link(_ draft: TemplateDraft, _ path: String) {
        let before = errors
        let name = draft.name.value
        if let provisioner = draft.provisioner { check(provisioner, path) }
        checkHandover(of: draft, path)
        if let replacement = draft.deprecated?.replacement, !templateNames.contains(replacement) {
            report(
                path, draft.replacement,
                "invalid replacement \"\(replacement)\": the source has no template of that name",
                hint: hint(forMissing: replacement, among: templateNames))
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
            readyTimeout: draft.readyTimeoutSeconds.map { .seconds($0) }, handover: draft.handover?.value,
            health: draft.health)
    }

    /// Reports an error if the template has `claim`, and its provisioner cannot hand over workspaces.
    private mutating func checkHandover(of draft: TemplateDraft, _ path: String) {
        guard let handover = draft.handover, let offering = handoverProvisioners,
            let provisioner = draft.provisioner?.value ?? defaultProvisioner,
            provisioners?.contains(provisioner) ?? true, !offering.contains(provisioner)
        else { return }
        report(
            path, handover.position,
            "invalid claim: the provisioner \"\(provisioner)\" does not offer the operation claim",
            hint: "add claim to `operations` of the provisioner in the configuration (for containers: set `handover`), "
                + "or remove `claim` from the template")
    }

    private mutating func check(_ provisioner: Located<String>, _ path: String) {
        guard let provisioners, !provisioners.contains(provisioner.value) else { return }
        report(
            path, provisioner.position,
            "invalid provisioner \"\(provisioner.value)\": the configuration has no provisioner of that name",
            hint: suggestions.hint(for: provisioner.value, among: provisioners)
                ?? (provisioners.isEmpty
                    ? "add it to `provisioners` in the configuration"
                    : "use a provisioner of the configuration: \(provisioners.sorted().summary)"))
    }

    // MARK: Presets

    /// Adds a preset to ``presets``, or reports its errors. If its template may be hidden by an error, the preset
    /// stays as it is applied.
    mutating func link(_ draft: PresetDraft, _ path: String) {
        let before = errors
        let name = draft.name.value
        let template = templates[draft.template.value]
        if template == nil,
            let place = invalidTemplates[draft.template.value] ?? pathOfHiddenTemplate(of: draft)
        {
            // The template has errors, or an error may hide it. The applied preset stays.
            hold(preset: name, becauseOf: place)
            noteInvalid(name, path)
            return
        }
        let provisioner = template?.provisioner ?? defaultProvisioner
        if provisioner == nil {
            report(
                path, draft.template.position,
                template == nil
                    ? "cannot choose a provisioner: there is no template \"\(draft.template.value)\", and the "
                        + "configuration has no default provisioner"
                    : "cannot choose a provisioner: the template \"\(draft.template.value)\" has no `provisioner`, and "
                        + "the configuration has no default provisioner",
                hint: hint(forMissing: draft.template.value, among: templateNames)
                    ?? "set `default: true` on a provisioner of the configuration, or set `provisioner` in the template"
            )
        }
        let version = draft.version?.value ?? template?.activeVersion
        if version == nil {
            report(
                path, template == nil ? draft.template.position : draft.spec,
                template == nil
                    ? "cannot choose a version: there is no template \"\(draft.template.value)\", and the preset has no "
                        + "`version`"
                    : "cannot choose a version: the preset has no `version`, and the template "
                        + "\"\(draft.template.value)\" has no `activeVersion`",
                hint: template != nil
                    ? "add `version` to the spec of the preset"
                    : hint(forMissing: draft.template.value, among: templateNames)
                        ?? "add `version` to the spec of the preset, or add a manifest of the template to the paths of "
                        + "the source")
        }
        if let replacement = draft.deprecated?.replacement, !presetNames.contains(replacement) {
            report(
                path, draft.replacement,
                "invalid replacement \"\(replacement)\": the source has no preset of that name",
                hint: hint(forMissing: replacement, among: presetNames))
        }
        checkRedirect(of: draft, path)
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
                options: draft.options, readyTimeout: template?.readyTimeout, health: template?.health,
                lease: draft.lease))
    }

    /// Records that a preset is invalid, so that the applied preset of that name, and those from that file, stay.
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
                "invalid secret \"\(name)\": the configuration has no such secret for the provisioner \"\(provisioner)\"",
                hint: suggestions.hint(for: name, among: known)
                    ?? "add \(name) to `secrets` in the configuration")
        }
    }

    private func retirement(of draft: PresetDraft, _ template: Template?, version: String) -> Preset.Retirement? {
        if let deprecated = draft.deprecated { return .deprecated(deprecated) }
        if let deprecated = template?.deprecated { return .templateDeprecated(deprecated) }
        if let active = template?.activeVersion, active != version { return .inactive(activeVersion: active) }
        return nil
    }

    /// Adds a notice if the template scales the pool to zero although the manifest of the preset asks for workspaces.
    private mutating func note(
        _ retirement: Preset.Retirement?, _ draft: PresetDraft, version: String, _ path: String
    ) {
        switch retirement {
        case .inactive(let active):
            note(
                path, draft.version?.position ?? draft.spec,
                "the pool is scaled to zero: the preset has version \(version), and the active version of the template "
                    + "\"\(draft.template.value)\" is \(active)",
                hint: "set `version: \"\(active)\"`, or remove `version` to follow the template")
        case .templateDeprecated:
            note(
                path, draft.template.position,
                "the pool is scaled to zero: the template \"\(draft.template.value)\" is deprecated",
                hint: "set `template` to another template, or remove the preset")
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
                path, value.position,
                "invalid parameter \"\(name)\": the template \"\(draft.template.value)\" has no parameter of that name",
                hint: suggestions.hint(for: name, among: names)
                    ?? "use a parameter of the template: \(names.sorted().summary)")
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
                    hint: rule.description ?? "add \(rule.name) to `parameters` of the preset")
            }
        }
        return values
    }

    /// Adds the size of a preset's parameters to that of the source. Defaults of a template count for each of its
    /// presets.
    private mutating func noteSize(of parameters: [String: ParameterValue], _ draft: PresetDraft, _ path: String) {
        for (name, value) in parameters {
            // 64 bytes stand for the memory of a dictionary entry.
            parameterBytes += name.utf8.count + value.byteCount + 64
        }
        guard parameterBytes > Self.mostParameterBytes else { return }
        report(
            path, draft.spec,
            "cannot apply this preset: the parameters of the source's presets, in the order of their names, take more "
                + "than \(Self.mostParameterBytes >> 20) MiB",
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
