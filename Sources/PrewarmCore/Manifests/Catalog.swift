/// What the manifest files of one revision put in force, once the references between them are followed.
package struct Catalog: Sendable {
    /// In the order of their names: the good ones, the last good version of those that have errors, and those that are
    /// gone from git, as pruned.
    package private(set) var presets: [Preset] = []
    package private(set) var templates: [Template] = []
    /// In the order of files and positions.
    package var diagnostics: [Diagnostic] = []
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
    ///   - previous: what the last revision put in force.
    package init(
        source: String, files: [(path: String, file: ParsedFile)], unreadPaths: [String] = [],
        provisioners: [String]?, secrets: [String: Set<String>]? = nil, defaultProvisioner: String?,
        previous: [Preset], previousTemplates: [Template]
    ) {
        self.source = source
        var linker = Linker(
            source: source, provisioners: provisioners, secrets: secrets, defaultProvisioner: defaultProvisioner,
            files: files)
        linker.link(previous, previousTemplates)
        foreignDocuments = files.reduce(0) { $0 + $1.file.foreignDocuments }
        diagnostics = linker.diagnostics
        invalidNames = linker.invalidPresets
        templates = linker.templates.values.sorted { $0.name < $1.name }
        hidesPresets = linker.invalidPaths.contains { path in !previous.contains { $0.origin.file == path } }
        presets = linker.presets
        let linked = previous.isEmpty ? [] : Set(presets.map(\.key.name))
        var doubtful = previous.isEmpty ? [] : Set(files.lazy.filter(\.file.isDoubtful).map(\.path))
        var doubted: Set<String> = []
        for preset in previous where !linked.contains(preset.key.name) {
            let path = preset.origin.file
            // Removing is a deletion, breaking is none; and what breaks a manifest may hide that it is one.
            if preset.retirement != .pruned, doubtful.remove(path) != nil { doubted.insert(path) }
            let isKept =
                linker.invalidPresets.contains(preset.key.name) || linker.brokenPaths.contains(path)
                || doubted.contains(path) || hidesPresets
                || unreadPaths.contains { path == $0 || path.hasPrefix($0 + "/") }
            presets.append(isKept ? preset : preset.pruned)
        }
        diagnostics += doubted.subtracting(linker.brokenPaths).map { path in
            Diagnostic(
                .error, file: path,
                "a preset of this file is in force, and no document defines it that can be read: it stays",
                hint:
                    "a manifest begins with apiVersion: prewarm/v1; to let the pool go, remove the file or the document"
            )
        }
        diagnostics.sort()
        if presets.count > linker.presets.count { presets.sort { $0.key < $1.key } }
        let names = Set(templates.map(\.name))
        templates += previousTemplates.filter { template in
            !names.contains(template.name)
                && (linker.invalidTemplates.contains(template.name) || linker.isHidden(template))
        }
        templates.sort { $0.name < $1.name }
    }
}
