import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests

extension TestedWorkspace {
    /// The choice of a definition by the options of `prewarm provisioner test`.
    struct Choice {
        let options: TestedWorkspaceOptions
        /// The name of the provisioner; nil for the one of the preset or template.
        let provisioner: String?

        /// Returns the chosen definition.
        /// - Throws: ``CommandFailure`` if there is no such preset, template or provisioner.
        func definition(_ assembly: Assembly) async throws -> TestedWorkspace {
            let configuration = assembly.configuration
            if let provisioner, !configuration.provisioners.contains(where: { $0.name.value == provisioner }) {
                throw unknown(provisioner, configuration)
            }
            let standard = provisioner ?? configuration.defaultProvisioner
            if options.preset == nil, options.template == nil, let version = options.templateVersion {
                return try definition(
                    PresetKey(source: name, name: name), template: nil,
                    WorkspaceSpec(
                        template: name, version: version, provisioner: try known(standard), parameters: [:]),
                    "version \(version)")
            }
            let catalogs = try await catalogs(assembly)
            if let wanted = options.template {
                let (source, template) = try find(wanted, in: catalogs)
                return try definition(of: template, source: source, standard: standard)
            }
            let (source, preset, template) = try find(presetOf: standard, in: catalogs)
            return try definition(
                PresetKey(source: source, name: preset.key.name), template: template, preset.spec,
                "the preset \(preset.key.name) (\(preset.spec.template) \(options.templateVersion ?? preset.spec.version))",
                labels: preset.labels, readyTimeout: preset.readyTimeout)
        }

        private var name: String { TestedWorkspace.name }

        private func known(_ provisioner: String?) throws(CommandFailure) -> String {
            guard let provisioner else {
                throw CommandFailure(
                    "cannot choose a provisioner: the configuration has several, and none is the default",
                    hint: "name one: `prewarm provisioner test NAME`", code: .usage)
            }
            return provisioner
        }

        // MARK: Manifests

        private typealias Catalogs = [(source: String, catalog: Catalog)]

        private func catalogs(_ assembly: Assembly) async throws -> Catalogs {
            let folder = Validator.folder(assembly.configuration)
            if let path = options.path { return [(ManifestFolder.source, try folder.load(path).catalog)] }
            var catalogs: Catalogs = []
            for source in try assembly.sources() {
                do throws(GitFailure) {
                    let revision = try await source.git.head()
                    try await source.git.fetch(revision)
                    let files = try await source.git.manifests(at: revision)
                    catalogs.append((source.name, folder.link(try await Validator.parsed(files, of: source))))
                } catch {
                    throw CommandFailure(
                        "cannot read the source \(source.name): \(error.message)",
                        hint: error.hint ?? "name a folder of manifests with --path DIR")
                }
            }
            return catalogs
        }

        private func find(
            presetOf standard: String?, in catalogs: Catalogs
        ) throws -> (source: String, preset: Preset, template: Template?) {
            let all = catalogs.flatMap { source, catalog in
                catalog.presets.filter { $0.retirement != .pruned }.map { (source, $0, catalog) }
            }
            let wanted = options.preset.map { PresetName($0) }
            let found = all.first { source, preset, _ in
                guard let wanted else { return preset.spec.provisioner == standard && preset.retirement == nil }
                return preset.key.name == wanted.name && wanted.source ?? source == source
            }
            guard let (source, preset, catalog) = found else {
                let names = all.map(\.1.key.name)
                guard let wanted else {
                    throw CommandFailure(
                        "cannot find a preset of the provisioner \(try known(standard))",
                        hint: "name the definition: --preset NAME, --template NAME or --template-version VERSION")
                }
                throw CommandFailure(
                    "cannot find the preset \"\(wanted.name)\"\(place)",
                    hint: names.closest(to: wanted.name).map { "did you mean \"\($0)\"?" }
                        ?? "check the manifests with `prewarm validate`")
            }
            try check(preset.spec.provisioner, of: "the preset \(preset.key.name)")
            return (source, preset, catalog.templates.first { $0.name == preset.spec.template })
        }

        private func find(_ name: String, in catalogs: Catalogs) throws -> (source: String, template: Template) {
            let all = catalogs.flatMap { source, catalog in catalog.templates.map { (source, $0) } }
            guard let found = all.first(where: { $0.1.name == name }) else {
                throw CommandFailure(
                    "cannot find the template \"\(name)\"\(place)",
                    hint: all.map(\.1.name).closest(to: name).map { "did you mean \"\($0)\"?" }
                        ?? "check the manifests with `prewarm validate`")
            }
            if let own = found.1.provisioner { try check(own, of: "the template \(name)") }
            return found
        }

        private var place: String { options.path.map { " in \($0)" } ?? " in the newest commits of the sources" }

        private func check(_ own: String, of subject: String) throws {
            guard let provisioner, provisioner != own else { return }
            throw CommandFailure(
                "cannot test \(provisioner) with \(subject): the provisioner \(own) builds it",
                hint: "run `prewarm provisioner test \(own)`, or name another definition")
        }

        // MARK: Definitions

        private func definition(
            of template: Template, source: String, standard: String?
        ) throws -> TestedWorkspace {
            guard let version = options.templateVersion ?? template.activeVersion else {
                throw CommandFailure(
                    "cannot test the template \(template.name): it has no active version",
                    hint: "name one with --template-version VERSION")
            }
            let defaults = template.parameters.compactMap { rule in rule.standard.map { (rule.name, $0) } }
            let spec = WorkspaceSpec(
                template: template.name, version: version, provisioner: try template.provisioner ?? known(standard),
                parameters: Dictionary(defaults) { $1 })
            let given = Set(try values(options.parameters, template).keys)
            if let missing = template.parameters.first(where: {
                $0.isRequired && $0.standard == nil && !given.contains($0.name)
            }) {
                throw CommandFailure(
                    "cannot test the template \(template.name): its parameter \(missing.name) is required",
                    hint: "give it a value: `--set \(missing.name)=VALUE`")
            }
            return try definition(
                PresetKey(source: source, name: name), template: template, spec,
                "the template \(template.name) \(version)",
                labels: template.labels, readyTimeout: template.readyTimeout)
        }

        private func definition(
            _ preset: PresetKey, template: Template?, _ spec: WorkspaceSpec, _ text: String,
            labels: [String: String] = [:], readyTimeout: Duration? = nil
        ) throws -> TestedWorkspace {
            let version = options.templateVersion ?? spec.version
            let set = spec.parameters.merging(try values(options.parameters, template)) { $1 }
            let invalid = try values(options.invalid, template, isChecked: false)
            return TestedWorkspace(
                preset: preset, labels: labels,
                spec: WorkspaceSpec(
                    template: spec.template, version: version, provisioner: spec.provisioner, parameters: set),
                invalid: WorkspaceSpec(
                    template: spec.template, version: invalid.isEmpty ? invalidVersion : version,
                    provisioner: spec.provisioner, parameters: set.merging(invalid) { $1 }),
                readyTimeout: readyTimeout, handover: template?.handover ?? .standard,
                text: text)
        }

        /// Returns the values of `NAME=VALUE` arguments, as the template's rules read them.
        private func values(
            _ arguments: [String], _ template: Template?, isChecked: Bool = true
        ) throws -> [String: ParameterValue] {
            var values: [String: ParameterValue] = [:]
            var patterns = PatternCache()
            for argument in arguments {
                let name = String(argument.prefix { $0 != "=" })
                let text = String(argument.dropFirst(name.count + 1))
                let rule = template?.parameters.first { $0.name == name }
                let value = rule.map { ParameterValue.string(text).converted(to: $0.kind) } ?? .init(argument: text)
                if isChecked, let rule, let problem = rule.problem(with: value, patterns: &patterns) {
                    throw CommandFailure("invalid --set \(argument.printable): \(name) \(problem)", code: .usage)
                }
                values[name] = value
            }
            return values
        }
    }
}

extension ParameterValue {
    /// Reads a text as YAML would: as a boolean, a number or a text.
    fileprivate init(argument text: String) {
        let kinds: [ParameterRule.Kind] = [.boolean, .integer, .number]
        self =
            kinds.map { ParameterValue.string(text).converted(to: $0) }.first { $0 != .string(text) } ?? .string(text)
    }
}
