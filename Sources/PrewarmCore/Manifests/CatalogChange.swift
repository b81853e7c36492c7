/// The changes of a catalog that a few changed files cause, without reading the other files.
///
/// The result is the same as that of ``Catalog`` over all files. If these files alone are not enough, the initializer
/// returns nil: for a file with an error, a changed template, a name that two documents have, a replacement that was
/// removed, and a redirect, which other presets may continue.
package struct CatalogChange: Sendable {
    /// A manifest file before and after the change; nil if it did not exist before, or no longer exists.
    package struct File: Sendable {
        package let path: String
        package let old: ParsedFile?
        package let new: ParsedFile?

        package init(path: String, old: ParsedFile?, new: ParsedFile?) {
            self.path = path
            self.old = old
            self.new = new
        }
    }

    /// The presets that are new, changed or removed (as pruned), in the order of their names.
    package private(set) var presets: [PresetChange] = []
    /// The change of the number of documents that are not prewarm manifests; negative if there are fewer.
    package private(set) var foreignDocuments = 0

    /// Returns nil if only a whole ``Catalog`` can decide.
    /// - Parameters:
    ///   - files: all files that differ from the last revision. No file of that revision had an error or a warning.
    ///   - provisioners: see ``Catalog``, as for `secrets` and `defaultProvisioner`.
    ///   - base: the catalog of the last revision.
    /// - Throws: the errors of `base`.
    package init?(
        source: String, files: [File], provisioners: [String]?, secrets: [String: Set<String>]? = nil,
        defaultProvisioner: String?, base: some CatalogBase
    ) throws {
        guard files.allSatisfy({ $0.isPlain }) else { return nil }
        let drafts = files.flatMap { file in (file.new?.presets ?? []).map { (path: file.path, draft: $0) } }
        let names = Set(drafts.map(\.draft.name.value))
        guard names.count == drafts.count, !drafts.contains(where: { $0.draft.redirect != nil }) else { return nil }
        let gone = Set(files.flatMap { $0.old?.presets ?? [] }.map(\.name.value)).subtracting(names)
        guard let before = try base.presets(names.union(gone)) else { return nil }
        let paths = Set(files.map(\.path))
        for name in names {
            // A file that did not change defines the name, too.
            if let other = before[name], other.retirement != .pruned, !paths.contains(other.origin.file) { return nil }
        }
        var linker = Linker(
            source: source, provisioners: provisioners, secrets: secrets, defaultProvisioner: defaultProvisioner,
            files: [])
        for template in Set(drafts.map(\.draft.template.value)) {
            linker.templates[template] = try base.template(template)
        }
        let replacements = Set(drafts.compactMap(\.draft.deprecated?.replacement))
        guard let replacing = try base.presets(replacements.subtracting(names)) else { return nil }
        linker.presetNames = names.union(replacing.values.filter { $0.retirement != .pruned }.map(\.key.name))
            .subtracting(gone)
        for (path, draft) in drafts {
            linker.link(draft, path)
            guard linker.diagnostics.isEmpty else { return nil }
        }
        for name in gone {
            guard let preset = before[name], try !base.isReplacement(name) else { return nil }
            linker.presets.append(preset.pruned)
        }
        presets = linker.presets.map { PresetChange(before: before[$0.key.name], now: $0) }
            .filter { $0.before != $0.now }.sorted { $0.now.key < $1.now.key }
        foreignDocuments = files.reduce(0) {
            $0 + ($1.new?.foreignDocuments ?? 0) - ($1.old?.foreignDocuments ?? 0)
        }
    }
}

/// A preset before and after a revision.
package struct PresetChange: Hashable, Sendable {
    /// The preset of the last revision; nil if the preset is new.
    package let before: Preset?
    package let now: Preset

    package init(before: Preset?, now: Preset) {
        self.before = before
        self.now = now
    }
}

/// The catalog of an applied revision, read one question at a time. No file of the revision had an error or a warning.
package protocol CatalogBase {
    /// Returns the presets that have these names, including pruned ones; nil if a name cannot be resolved.
    func presets(_ names: Set<String>) throws -> [String: Preset]?
    /// Returns the template of this name; nil if it has no manifest.
    func template(_ name: String) throws -> Template?
    /// Returns true if a deprecated preset names this preset as its replacement, or if that is unknown.
    func isReplacement(_ name: String) throws -> Bool
}

extension CatalogChange.File {
    /// True if the file has no errors before and after, and changes no template.
    fileprivate var isPlain: Bool {
        for file in [old, new].compactMap({ $0 }) {
            guard file.diagnostics.isEmpty, file.invalid.isEmpty, !file.isUnreadable, !file.hidesTemplates else {
                return false
            }
        }
        if let new, new.isDoubtful || !new.setAside.isEmpty, old?.presets.isEmpty == false { return false }
        return (old?.templates ?? []) == (new?.templates ?? [])
    }
}
