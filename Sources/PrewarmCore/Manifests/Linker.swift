/// Follows the references of one revision.
struct Linker {
    let source: String
    let provisioners: [String]?
    let secrets: [String: Set<String>]?
    let defaultProvisioner: String?
    let files: [(path: String, file: ParsedFile)]
    private let unreadPaths: [String]

    /// Those of whole files in the order of their names.
    var presets: [Preset] = []
    var templates: [String: Template] = [:]
    var diagnostics: [Diagnostic] = []
    var invalidPresets: Set<String> = []
    var invalidTemplates: Set<String> = []
    /// Of files whose presets can't all be named.
    var invalidPaths: Set<String> = []
    /// Of files with an error, which may be in the name of a preset, too.
    private(set) var brokenPaths: Set<String> = []
    /// An error hides what may be templates.
    private var hidesTemplates = false
    /// Of files that may have been ours, and of documents that almost are.
    private var doubtfulPaths: Set<String> = []
    private var doubtfulDocuments: [InvalidDocument: String] = [:]

    private var patterns = PatternCache()
    private var templateNames: Set<String> = []
    /// What a preset may name as its replacement.
    var presetNames: Set<String> = []

    init(
        source: String, provisioners: [String]?, secrets: [String: Set<String>]?, defaultProvisioner: String?,
        files: [(path: String, file: ParsedFile)], unreadPaths: [String] = []
    ) {
        self.unreadPaths = unreadPaths
        self.source = source
        self.provisioners = provisioners
        self.secrets = secrets
        self.defaultProvisioner = defaultProvisioner
        self.files = files
    }

    mutating func link(_ previous: [Preset], _ previousTemplates: [Template]) {
        for (path, file) in files { collectInvalid(path, file) }
        let templateDrafts = unique({ $0.templates }, kind: "template")
        let presetDrafts = unique({ $0.presets }, kind: "preset")
        templateNames = Set(templateDrafts.map(\.name.value)).union(invalidTemplates)
        for template in previousTemplates where !templateNames.contains(template.name) {
            guard isHidden(template) || reportDoubt(of: template) else { continue }
            invalidTemplates.insert(template.name)
            templateNames.insert(template.name)
        }
        presetNames = Set(presetDrafts.map(\.name.value)).union(invalidPresets)
        for preset in previous where brokenPaths.contains(preset.origin.file) { presetNames.insert(preset.key.name) }
        presets.reserveCapacity(presetDrafts.count)
        for place in templateDrafts {
            link(files[place.file].file.templates[place.draft], files[place.file].path)
        }
        // As one that has another name now, and an error.
        for template in previousTemplates where templates[template.name] == nil && isHidden(template) {
            invalidTemplates.insert(template.name)
        }
        for place in presetDrafts { link(files[place.file].file.presets[place.draft], files[place.file].path) }
    }

    private mutating func collectInvalid(_ path: String, _ file: ParsedFile) {
        for var diagnostic in file.diagnostics {
            diagnostic.file = path
            diagnostics.append(diagnostic)
        }
        if file.isUnreadable { invalidPaths.insert(path) }
        if file.isUnreadable || !file.invalid.isEmpty { brokenPaths.insert(path) }
        if file.hidesTemplates { hidesTemplates = true }
        if file.isDoubtful { doubtfulPaths.insert(path) }
        for document in file.doubtful { doubtfulDocuments[document] = path }
        for document in file.invalid {
            switch (document.isPreset, document.name) {
            case (true, let name?): invalidPresets.insert(name)
            case (true, nil): invalidPaths.insert(path)
            case (false, let name?): invalidTemplates.insert(name)
            case (false, nil): hidesTemplates = true
            }
        }
    }

    /// A template of an earlier revision that may be behind an error now.
    func isHidden(_ template: Template) -> Bool {
        hidesTemplates || !invalidPaths.isEmpty || brokenPaths.contains(template.origin.file)
            || isUnread(template.origin.file)
    }

    /// Where something is, or a folder above it, that is not read.
    func isUnread(_ path: String) -> Bool { unreadPaths.contains { path.isPath(atOrBelow: $0) } }

    /// Whether a template that is not there any more may be what a slip of the pen made something else of; then it is
    /// told.
    private mutating func reportDoubt(of template: Template) -> Bool {
        guard let path = doubt(template.name, isPreset: false, from: template.origin.file) else { return false }
        report(
            path, nil,
            "the template \"\(template.name)\" is in force, and no readable document defines it any more; it stays, and so "
                + "does what its presets have",
            hint: Self.doubtHint)
        return true
    }

    /// The file that may be meant to define it, though as it stands it does not.
    func doubt(_ name: String, isPreset: Bool, from path: String) -> String? {
        doubtfulPaths.contains(path)
            ? path : doubtfulDocuments[InvalidDocument(isPreset: isPreset, name: name)]
    }

    static let doubtHint =
        "a manifest begins with apiVersion: prewarm/v1; to let it go, remove the file, or the document where others "
        + "stay in it"

    /// Where the drafts are whose name no other has, in the order of the names; the others get an error each, and count
    /// as invalid.
    private mutating func unique<Draft: NamedDraft>(_ drafts: (ParsedFile) -> [Draft], kind: String) -> [Place] {
        var places: [Place] = []
        for file in files.indices {
            let drafts = drafts(files[file].file)
            for draft in drafts.indices { places.append(Place(file: file, draft: draft, name: drafts[draft].name)) }
        }
        places.sort()
        var result: [Place] = []
        result.reserveCapacity(places.count)
        var start = 0
        while start < places.count {
            let name = places[start].name.value
            let end = places[start...].firstIndex { $0.name.value != name } ?? places.count
            if end == start + 1 { result.append(places[start]) } else { report(places[start..<end], kind: kind) }
            start = end
        }
        return result
    }

    /// All have one name.
    private mutating func report(_ places: ArraySlice<Place>, kind: String) {
        for (index, place) in places.enumerated() {
            let name = place.name.value
            if kind == "preset" { invalidPresets.insert(name) } else { invalidTemplates.insert(name) }
            brokenPaths.insert(files[place.file].path)
            let other = places[places.startIndex + (index == 0 ? 1 : 0)]
            let (path, there) = (files[other.file].path, other.name.position)
            report(
                files[place.file].path, place.name.position,
                "the \(kind) \"\(name)\" is defined here and in \(path):\(there.line):\(there.column)",
                hint: "a name is unique in a source: rename one or remove it")
        }
    }

    private mutating func report(_ path: String, _ position: Position?, _ message: String, hint: String? = nil) {
        diagnostics.append(Diagnostic(.error, file: path, at: position, message, hint: hint))
    }

    // MARK: Templates

    private mutating func link(_ draft: TemplateDraft, _ path: String) {
        let errors = diagnostics.count
        let name = draft.name.value
        if let provisioner = draft.provisioner { check(provisioner, path) }
        if let replacement = draft.deprecated?.replacement, !templateNames.contains(replacement) {
            report(
                path, draft.replacement, "there is no template \"\(replacement)\" to replace this one",
                hint: templateNames.suggestion(for: replacement))
        }
        guard diagnostics.count == errors else {
            invalidTemplates.insert(name)
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
            hint: Set(provisioners).suggestion(for: provisioner.value)
                ?? (provisioners.isEmpty ? nil : "it names \(provisioners.sorted().joined(separator: ", "))"))
    }

    // MARK: Presets

    mutating func link(_ draft: PresetDraft, _ path: String) {
        let errors = diagnostics.count
        let name = draft.name.value
        let template = templates[draft.template.value]
        if template == nil, hidesTemplates || invalidTemplates.contains(draft.template.value) {
            // Its template has errors of its own, or may be behind one: they are told once, and what is in force stays.
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
                hint: templateNames.suggestion(for: draft.template.value)
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
                    : templateNames.suggestion(for: draft.template.value)
                        ?? "templates are read from the paths of the source alone, as presets are; without one, a preset "
                        + "needs a `version:` of its own")
        }
        if let replacement = draft.deprecated?.replacement, !presetNames.contains(replacement) {
            report(
                path, draft.replacement, "there is no preset \"\(replacement)\" to replace this one",
                hint: presetNames.suggestion(for: replacement))
        }
        let parameters = self.parameters(of: draft, template, path)
        if let provisioner { checkSecrets(of: draft, provisioner, path) }
        guard diagnostics.count == errors, let version, let provisioner else {
            noteInvalid(name, path)
            return
        }
        presets.append(
            Preset(
                key: PresetKey(source: source, name: name), labels: draft.labels, annotations: draft.annotations,
                origin: Origin(file: path, line: draft.name.position.line),
                spec: WorkspaceSpec(
                    template: draft.template.value, version: version, provisioner: provisioner, parameters: parameters),
                instances: draft.instances, ttl: draft.ttlSeconds.map { .seconds($0) }, schedule: draft.schedule,
                strategy: draft.strategy, failureLimit: draft.failureLimit,
                retirement: retirement(of: draft, template, version: version), isSuspended: draft.isSuspended,
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
                hint: known.suggestion(for: name) ?? "give it a value under `secrets:` of the configuration")
        }
    }

    private func retirement(of draft: PresetDraft, _ template: Template?, version: String) -> Preset.Retirement? {
        if let deprecated = draft.deprecated { return .deprecated(deprecated) }
        if let deprecated = template?.deprecated { return .templateDeprecated(deprecated) }
        if let active = template?.activeVersion, active != version { return .inactive(activeVersion: active) }
        return nil
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
                hint: names.suggestion(for: name) ?? "it has \(names.sorted().joined(separator: ", "))")
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
}

/// A draft: its file, and which of that file's it is. In the order of names, and of files where they are the same.
private struct Place: Comparable {
    let file: Int
    let draft: Int
    let name: Located<String>

    static func < (left: Place, right: Place) -> Bool {
        left.name.value != right.name.value
            ? left.name.value < right.name.value : (left.file, left.draft) < (right.file, right.draft)
    }
}

private protocol NamedDraft {
    var name: Located<String> { get }
}

extension PresetDraft: NamedDraft {}
extension TemplateDraft: NamedDraft {}

extension Set<String> {
    fileprivate func suggestion(for name: String) -> String? {
        sorted().closest(to: name).map { "did you mean \"\($0)\"?" }
    }
}
