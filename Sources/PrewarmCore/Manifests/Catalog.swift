/// What the manifest files of one revision put in force, once the references between them are followed.
package struct Catalog: Sendable {
    /// In the order of their names: the good ones, the last good version of those that have errors, and those that are
    /// gone from git, as pruned.
    package private(set) var presets: [Preset] = []
    package private(set) var templates: [Template] = []
    /// In the order of files and positions.
    package var diagnostics: [Diagnostic] = []
    /// Warnings of what is valid and may not be meant, for those who write manifests: a preset that its template scales to
    /// zero, which the conditions of the preset say once it is applied.
    package private(set) var notices: [Diagnostic] = []
    package private(set) var foreignDocuments = 0
    /// Names of presets that are there, but have errors.
    package private(set) var invalidNames: Set<String> = []
    /// An error hides what else there may be, so that nothing counts as gone.
    package private(set) var hidesPresets = false

    private let source: String

    /// - Parameters:
    ///   - files: in the order of their paths.
    ///   - unreadPaths: where something is that is not read, as a symbolic link in the place of a file or a folder: what is
    ///     in force from there stays.
    ///   - provisioners: the names of the configuration; nil: any name will do.
    ///   - secrets: the names that the configuration gives a value, by provisioner; nil: any name will do.
    ///   - limit: the number of presets, and of templates, that the files may define; beyond it everything stays as it
    ///     was.
    ///   - previous: what the last revision put in force.
    package init(
        source: String, files: [(path: String, file: ParsedFile)], unreadPaths: [String] = [],
        provisioners: [String]?, secrets: [String: Set<String>]? = nil, defaultProvisioner: String?,
        limit: Int = Policy.Limits.standardPresetsPerSource, previous: [Preset], previousTemplates: [Template]
    ) {
        self.source = source
        if let excess = Self.excess(in: files, limit: limit) {
            (presets, templates, diagnostics, hidesPresets) = (previous, previousTemplates, [excess], true)
            return
        }
        var linker = Linker(
            source: source, provisioners: provisioners, secrets: secrets, defaultProvisioner: defaultProvisioner,
            files: files, unreadPaths: unreadPaths)
        linker.link(previous, previousTemplates)
        foreignDocuments = files.reduce(0) { $0 + $1.file.foreignDocuments }
        invalidNames = linker.invalidPresets
        notices = linker.notices
        templates = linker.templates.values.sorted { $0.name < $1.name }
        hidesPresets = !linker.invalidPaths.isEmpty
        presets = linker.presets
        let linked = previous.isEmpty ? [] : Set(presets.map(\.key.name))
        var (hidden, doubted): ([String], [String: [String]]) = ([], [:])
        for preset in previous where !linked.contains(preset.key.name) {
            let (name, path) = (preset.key.name, preset.origin.file)
            // Removing is a deletion, breaking is none; and what breaks a manifest may hide that it is one.
            var isKept =
                linker.invalidPresets.contains(name) || linker.brokenPaths.contains(path) || linker.isUnread(path)
            if !isKept, preset.retirement != .pruned {
                if let place = linker.doubt(name, isPreset: true, from: path) {
                    doubted[place, default: []].append(name)
                    isKept = true
                } else if hidesPresets {
                    hidden.append(name)
                    isKept = true
                }
            }
            presets.append(isKept ? preset : preset.pruned)
        }
        diagnostics = linker.diagnostics
        diagnostics += doubted.map { path, names in
            Diagnostic(
                .error, file: path,
                "presets are in force that no readable document defines any more; they stay: \(names.summary)",
                hint: Linker.doubtHint)
        }
        if let path = linker.invalidPaths.min(), !hidden.isEmpty {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "presets that are gone from git may be in this file, and stay until it can be read: \(hidden.summary)",
                    hint: "fix the errors of the file, or exclude it in the configuration if it holds no manifests"))
        }
        diagnostics.sort()
        diagnostics.limitToSource(omitted: linker.omitted)
        if presets.count > linker.presets.count { presets.sort { $0.key < $1.key } }
        let names = Set(templates.map(\.name))
        templates += previousTemplates.filter { template in
            !names.contains(template.name)
                && (linker.invalidTemplates[template.name] != nil || linker.isInBrokenFile(template))
        }
        templates.sort { $0.name < $1.name }
    }

    private static func excess(in files: [(path: String, file: ParsedFile)], limit: Int) -> Diagnostic? {
        let presets = files.reduce(0) { $0 + $1.file.presets.count }
        let templates = files.reduce(0) { $0 + $1.file.templates.count }
        guard max(presets, templates) > limit else { return nil }
        let found = presets > limit ? "\(presets) presets" : "\(templates) templates"
        return Diagnostic(
            .error, "the manifests define \(found), more than \(limit), the limit for a source; what was applied stays",
            hint: "split the source, or raise policy.limits.presetsPerSource in the configuration")
    }
}
