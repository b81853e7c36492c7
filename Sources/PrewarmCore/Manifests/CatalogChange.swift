/// What a few changed files make of a catalog, for what changed alone.
///
/// It is what ``Catalog`` would make of all files, or nothing where more than these files has to be looked at: for a
/// file with an error, for templates that changed, for a name that is there twice, and for a replacement that is gone.
package struct CatalogChange: Sendable {
    /// A manifest file before and after; nil where it was not there or is not any more.
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

    /// In the order of their names: presets that are new, different or gone (as pruned).
    package private(set) var presets: [PresetChange] = []
    /// How many more documents that are none of ours there are.
    package private(set) var foreignDocuments = 0

    /// - Parameters:
    ///   - files: all that differ from the last revision, of which no file had an error or a warning.
    ///   - provisioners: as for ``Catalog``.
    ///   - base: what that revision put in force.
    /// - Returns: nil where only a whole catalog can tell.
    package init?(
        source: String, files: [File], provisioners: [String]?, secrets: [String: Set<String>]? = nil,
        defaultProvisioner: String?, base: some CatalogBase
    ) throws {
        guard files.allSatisfy({ $0.isPlain }) else { return nil }
        let drafts = files.flatMap { file in (file.new?.presets ?? []).map { (path: file.path, draft: $0) } }
        let names = Set(drafts.map(\.draft.name.value))
        guard names.count == drafts.count else { return nil }
        let gone = Set(files.flatMap { $0.old?.presets ?? [] }.map(\.name.value)).subtracting(names)
        guard let before = try base.presets(names.union(gone)) else { return nil }
        let paths = Set(files.map(\.path))
        for name in names {
            // Defined in a file that did not change, too.
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

package struct PresetChange: Hashable, Sendable {
    /// Nil: it is new.
    package let before: Preset?
    package let now: Preset

    package init(before: Preset?, now: Preset) {
        self.before = before
        self.now = now
    }
}

/// What a revision put in force, for single questions. Every file of it was without an error or a warning.
package protocol CatalogBase {
    /// Those of these names that there are, pruned ones included; nil where one of them can't be told.
    func presets(_ names: Set<String>) throws -> [String: Preset]?
    func template(_ name: String) throws -> Template?
    /// Whether a deprecated preset names it as its replacement; true where that can't be told.
    func isReplacement(_ name: String) throws -> Bool
}

extension CatalogChange.File {
    /// Without errors, and without a say in what templates there are.
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
