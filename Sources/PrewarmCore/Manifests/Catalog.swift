/// The presets and templates of a source at one revision: its manifest files with the references between them resolved.
package struct Catalog: Sendable {
    /// The presets in the order of their names: the valid ones, the last valid version of those that have errors, and
    /// those that were removed from git, as pruned.
    package private(set) var presets: [Preset] = []
    /// The templates in the order of their names: the valid ones, and the last valid version of those that have errors.
    package private(set) var templates: [Template] = []
    /// The errors and warnings, in the order of files and positions.
    package var diagnostics: [Diagnostic] = []
    /// The warnings about valid manifests that only `prewarm validate` shows: a preset that its template scales to
    /// zero. Once the preset is applied, its conditions say so.
    package private(set) var notices: [Diagnostic] = []
    /// The number of documents that are not prewarm manifests.
    package private(set) var foreignDocuments = 0
    /// The names of presets whose manifests have errors.
    package private(set) var invalidNames: Set<String> = []
    /// True if an error may hide presets, so that no preset counts as removed.
    package private(set) var hidesPresets = false

    private let source: String

    /// Resolves the references between the files, and decides what stays applied because of an error.
    /// - Parameters:
    ///   - files: the parsed files, in the order of their paths.
    ///   - unreadPaths: the paths that are not read, for example symbolic links. Presets and templates that were
    ///     applied from such a path stay.
    ///   - folderOfPart: the folder of the only file that is read, for hints; nil if all files are read.
    ///   - provisioners: the names of the configured provisioners; nil if any name is accepted.
    ///   - secrets: the names of the configured secrets, by provisioner; nil if any name is accepted.
    ///   - defaultProvisioner: the name of the default provisioner; nil if there is no default.
    ///   - handoverProvisioners: the names of the provisioners that offer `claim`; nil if any may.
    ///   - limit: the largest number of presets, and of templates, that the files may define. If they define more,
    ///     everything stays as it was.
    ///   - previous: the presets that the last revision applied.
    ///   - previousTemplates: the templates that the last revision applied.
    package init(
        source: String, files: [(path: String, file: ParsedFile)], unreadPaths: [String] = [],
        folderOfPart: String? = nil,
        provisioners: [String]?, secrets: [String: Set<String>]? = nil, defaultProvisioner: String?,
        handoverProvisioners: Set<String>? = nil, limit: Int = Policy.Limits.standardPresetsPerSource,
        previous: [Preset], previousTemplates: [Template]
    ) {
        self.source = source
        if let excess = Self.excess(in: files, limit: limit) {
            (presets, templates, diagnostics, hidesPresets) = (previous, previousTemplates, [excess], true)
            return
        }
        var linker = Linker(
            source: source, provisioners: provisioners, secrets: secrets, defaultProvisioner: defaultProvisioner,
            handoverProvisioners: handoverProvisioners, files: files, unreadPaths: unreadPaths,
            folderOfPart: folderOfPart)
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
            // Only a removed manifest removes its preset. An invalid one does not, and an error may hide what a
            // document is.
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
            let (cause, hint) = linker.causeOfDoubt(names[0], isPreset: true, in: path)
            return Diagnostic(
                .error, file: path,
                "\(cause): no readable document defines these applied presets any more, so they stay: "
                    + names.summary, hint: hint)
        }
        if let path = linker.invalidPaths.min(), !hidden.isEmpty {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "this file may define presets that no other file defines; they stay until it can be read: "
                        + hidden.summary,
                    hint: Linker.fixOrExclude))
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
            .error,
            "cannot apply the manifests: they define \(found), and a source may define at most \(limit); the applied "
                + "presets and templates stay",
            hint: "split the source, or raise `policy.limits.presetsPerSource` in the configuration")
    }
}
