/// Resolves the references between the manifest files of one revision, and collects the errors. ``Catalog`` uses it.
struct Linker {
    let source: String
    let provisioners: [String]?
    let secrets: [String: Set<String>]?
    let defaultProvisioner: String?
    /// The names of the provisioners that offer `claim`; nil if any may.
    let handoverProvisioners: Set<String>?
    let files: [(path: String, file: ParsedFile)]
    private let unreadPaths: [String]
    /// The folder of the only file that is read; nil if all files of the source are read.
    private let folderOfPart: String?

    /// The valid presets. ``link(_:_:)`` over whole files leaves them in the order of their names.
    var presets: [Preset] = []
    /// The valid templates, by name.
    var templates: [String: Template] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    /// The number of errors, including those that are counted but not kept.
    private(set) var errors = 0
    /// The number of diagnostics that are counted but not kept.
    private(set) var omitted = 0
    private var errorsOfFiles: [String: Int] = [:]
    private var omittedOfFiles: [String: Int] = [:]
    /// The warnings about valid manifests (``Catalog/notices``).
    private(set) var notices: [Diagnostic] = []
    /// The names of presets whose manifests have errors.
    var invalidPresets: Set<String> = []
    /// The file with the error that makes a template invalid or unknown, by template name.
    var invalidTemplates: [String: String] = [:]
    /// The paths of files with errors that may hide presets with unknown names.
    var invalidPaths: Set<String> = []
    /// The paths of files with errors. An error may also be in the name of a preset.
    var brokenPaths: Set<String> = []
    /// The first file with an error that may hide a template.
    private(set) var pathOfHiddenTemplates: String?
    /// The names of presets that stay as they are because of errors in a file, by path.
    private var heldPresets: [String: [String]] = [:]
    /// The names of templates that stay because of errors in a file, by path.
    private var heldTemplates: [String: [String]] = [:]
    /// The paths of files that may have contained manifests before an error (``ParsedFile/isDoubtful``).
    private var doubtfulPaths: Set<String> = []
    /// The paths of files without any content.
    private var emptyPaths: Set<String> = []
    /// The paths of documents that are almost manifests (``ParsedFile/doubtful``).
    private var doubtfulDocuments: [InvalidDocument: String] = [:]
    /// The documents that are commented out or inside a text, by path (``ParsedFile/setAside``).
    private var documentsAside: [String: Set<InvalidDocument>] = [:]

    var patterns = PatternCache()
    var suggestions = SuggestionBudget()
    /// The size of the parameters of all presets, in bytes.
    var parameterBytes = 0
    /// The names of templates that presets and replacements may refer to.
    var templateNames: Set<String> = []
    /// The names of presets that a replacement may refer to.
    var presetNames: Set<String> = []
    /// The replacements of presets that redirect their claims, by the name of the preset.
    var redirects: [String: String] = [:]
    /// The template of each applied preset whose template has no manifest, by the name of the preset.
    private var opaqueTemplates: [String: String] = [:]

    init(
        source: String, provisioners: [String]?, secrets: [String: Set<String>]?, defaultProvisioner: String?,
        handoverProvisioners: Set<String>? = nil, files: [(path: String, file: ParsedFile)],
        unreadPaths: [String] = [], folderOfPart: String? = nil
    ) {
        self.handoverProvisioners = handoverProvisioners
        self.unreadPaths = unreadPaths
        self.folderOfPart = folderOfPart
        self.source = source
        self.provisioners = provisioners
        self.secrets = secrets
        self.defaultProvisioner = defaultProvisioner
        self.files = files
    }

    /// Links all files: templates first, then presets.
    /// - Parameters:
    ///   - previous: the presets of the last revision.
    ///   - previousTemplates: the templates of the last revision.
    mutating func link(_ previous: [Preset], _ previousTemplates: [Template]) {
        let earlierPaths = Set(previous.map(\.origin.file)).union(previousTemplates.map(\.origin.file))
        for (path, file) in files {
            collect(file.diagnostics, path)
            collectInvalid(path, file)
            if !file.setAside.isEmpty, earlierPaths.contains(path) { documentsAside[path] = Set(file.setAside) }
        }
        let templateDrafts = unique({ $0.templates }, kind: "template")
        let presetDrafts = unique({ $0.presets }, kind: "preset")
        templateNames = Set(templateDrafts.map(\.name.value)).union(invalidTemplates.keys)
        for template in previousTemplates where !templateNames.contains(template.name) {
            guard keep(template) || reportDoubt(of: template) else { continue }
            invalidTemplates[template.name] = template.origin.file
            templateNames.insert(template.name)
        }
        presetNames = Set(presetDrafts.map(\.name.value)).union(invalidPresets)
        for preset in previous where brokenPaths.contains(preset.origin.file) { presetNames.insert(preset.key.name) }
        noteOpaqueTemplates(of: previous, besides: previousTemplates)
        for place in presetDrafts {
            redirects[place.name.value] = files[place.file].file.presets[place.draft].redirect
        }
        presets.reserveCapacity(presetDrafts.count)
        for place in templateDrafts {
            link(files[place.file].file.templates[place.draft], files[place.file].path)
        }
        // For example a template that got another name and an error at the same time.
        for template in previousTemplates where templates[template.name] == nil && isInBrokenFile(template) {
            invalidTemplates[template.name] = template.origin.file
        }
        for place in presetDrafts { link(files[place.file].file.presets[place.draft], files[place.file].path) }
        noteDeadEnds(presetDrafts.map { (files[$0.file].path, files[$0.file].file.presets[$0.draft]) })
        reportHeld()
    }

    private mutating func collect(_ found: [Diagnostic], _ path: String) {
        errors += found.count { $0.severity == .error }
        // If there are many broken files, at least one error of each file is kept.
        let hasRoom = diagnostics.count < Diagnostic.mostInSource
        let kept = hasRoom ? found[...] : found.first { $0.severity == .error }.map { [$0][...] } ?? []
        omitted += found.count - kept.count
        for var diagnostic in kept {
            diagnostic.file = path
            diagnostics.append(diagnostic)
        }
    }

    private mutating func collectInvalid(_ path: String, _ file: ParsedFile) {
        if file.isUnreadable { invalidPaths.insert(path) }
        if file.isUnreadable || !file.invalid.isEmpty { brokenPaths.insert(path) }
        if file.hidesTemplates { noteHiddenTemplates(path) }
        if file.isDoubtful {
            doubtfulPaths.insert(path)
            if file.isEmpty { emptyPaths.insert(path) }
        }
        for document in file.doubtful { doubtfulDocuments[document] = path }
        for document in file.invalid {
            switch (document.isPreset, document.name) {
            case (true, let name?): invalidPresets.insert(name)
            case (true, nil): invalidPaths.insert(path)
            case (false, let name?): invalidTemplates[name] = path
            case (false, nil): noteHiddenTemplates(path)
            }
        }
    }

    // MARK: Manifests that an error may hide

    private mutating func noteHiddenTemplates(_ path: String) {
        pathOfHiddenTemplates = min(pathOfHiddenTemplates ?? path, path)
    }

    /// Records the applied presets whose templates have no manifest. A new error in another file does not change that
    /// their templates are opaque names.
    private mutating func noteOpaqueTemplates(of previous: [Preset], besides templates: [Template]) {
        guard pathOfHiddenTemplates != nil else { return }
        let known = Set(templates.map(\.name))
        for preset in previous where !known.contains(preset.spec.template) {
            opaqueTemplates[preset.key.name] = preset.spec.template
        }
    }

    /// Returns the file that may define the template of a preset, which no readable file defines. A preset that is
    /// applied with an opaque template keeps it.
    func pathOfHiddenTemplate(of draft: PresetDraft) -> String? {
        opaqueTemplates[draft.name.value] == draft.template.value ? nil : pathOfHiddenTemplates
    }

    /// Returns true if a template that no readable document defines stays because of an error.
    private mutating func keep(_ template: Template) -> Bool {
        if isInBrokenFile(template) { return true }
        guard let path = pathOfHiddenTemplates else { return false }
        heldTemplates[path, default: []].append(template.name)
        return true
    }

    func isInBrokenFile(_ template: Template) -> Bool {
        brokenPaths.contains(template.origin.file) || isUnread(template.origin.file)
    }

    /// Returns the hint for a name that no document defines; nil if there is no better hint than the caller's.
    mutating func hint(forMissing name: String, among names: some Sequence<String>) -> String? {
        folderOfPart.map { "validate the folder: `prewarm validate \($0)`" }
            ?? suggestions.hint(for: name, among: names)
    }

    /// Returns true if the path, or a folder above it, is not read.
    func isUnread(_ path: String) -> Bool { unreadPaths.contains { path.isPath(atOrBelow: $0) } }

    /// Returns true, and reports an error, if a template that no document defines any more may have been broken by an
    /// editing error.
    private mutating func reportDoubt(of template: Template) -> Bool {
        guard let path = doubt(template.name, isPreset: false, from: template.origin.file) else { return false }
        let (cause, hint) = causeOfDoubt(template.name, isPreset: false, in: path)
        report(
            path, nil,
            "\(cause): no readable document defines the applied template \"\(template.name)\" any more, so it and its "
                + "presets stay", hint: hint)
        return true
    }

    /// Returns the path of a file that was probably meant to define this preset or template, but does not; nil if
    /// there is no such file.
    /// - Parameter path: the file that defined it in the last revision.
    func doubt(_ name: String, isPreset: Bool, from path: String) -> String? {
        let document = InvalidDocument(isPreset: isPreset, name: name)
        if doubtfulPaths.contains(path) || documentsAside[path]?.contains(document) == true { return path }
        return doubtfulDocuments[document]
    }

    /// Returns why a file that ``doubt(_:isPreset:from:)`` names does not define a preset, with the next step.
    func causeOfDoubt(_ name: String, isPreset: Bool, in path: String) -> (cause: String, hint: String) {
        if documentsAside[path]?.contains(InvalidDocument(isPreset: isPreset, name: name)) == true {
            return (
                "the manifest is commented out or inside other text",
                "remove the comment signs. To delete the pools instead, remove the file, or the commented document"
            )
        }
        if emptyPaths.contains(path) {
            return (
                "the file has no content", "restore the manifest. To delete the pools instead, remove the file"
            )
        }
        return ("the file has no document with the apiVersion and kind of a manifest", Self.doubtHint)
    }

    static let doubtHint =
        "begin the document with `apiVersion: prewarm/v1`. To delete the pools instead, remove the file, or the document "
        + "with its comments if other documents stay in the file"

    static let fixOrExclude =
        "fix the errors in the file, or add it to `exclude` of the source if it contains no manifests"

    // MARK: Names

    /// Returns the places of the drafts with unique names, in the order of the names. Each draft whose name is not
    /// unique gets an error and counts as invalid.
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

    /// Reports an error at each of several places that define the same name.
    private mutating func report(_ places: ArraySlice<Place>, kind: String) {
        for (index, place) in places.enumerated() {
            let name = place.name.value
            let file = files[place.file].path
            if kind == "preset" { invalidPresets.insert(name) } else { invalidTemplates[name] = file }
            brokenPaths.insert(file)
            let other = places[places.startIndex + (index == 0 ? 1 : 0)]
            let (path, there) = (files[other.file].path, other.name.position)
            report(
                files[place.file].path, place.name.position,
                "the \(kind) \"\(name)\" is defined here and in \(path):\(there.line):\(there.column)",
                hint: "rename one of the documents, or remove it: names are unique in a source")
        }
    }

    // MARK: Reports

    /// Reports an error. If a file or the source has too many errors, it is only counted.
    mutating func report(_ path: String, _ position: Position?, _ message: String, hint: String? = nil) {
        errors += 1
        errorsOfFiles[path, default: 0] += 1
        let most = diagnostics.count < Diagnostic.mostInSource ? Diagnostic.mostInFile : 1
        guard errorsOfFiles[path, default: 0] <= most else {
            omittedOfFiles[path, default: 0] += 1
            return
        }
        diagnostics.append(Diagnostic(.error, file: path, at: position, message, hint: hint))
    }

    /// Adds a warning to ``notices``.
    mutating func note(_ path: String, _ position: Position?, _ message: String, hint: String) {
        guard notices.count < Diagnostic.mostInSource else { return }
        notices.append(Diagnostic(.warning, file: path, at: position, message, hint: hint))
    }

    /// Records that a preset stays as it is because of errors in a file.
    mutating func hold(preset name: String, becauseOf path: String) { heldPresets[path, default: []].append(name) }

    /// Adds a warning for each file whose errors keep presets or templates of other files as they are.
    private mutating func reportHeld() {
        for (path, names) in heldTemplates.sorted(by: { $0.key < $1.key }) {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "this file may define templates that no other file defines; they stay until it is valid: "
                        + names.summary,
                    hint: Self.fixOrExclude))
        }
        for (path, names) in heldPresets.sorted(by: { $0.key < $1.key }) {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "this file may define the template of these presets, so they stay as they are: \(names.summary)",
                    hint: Self.fixOrExclude))
        }
        for (path, count) in omittedOfFiles.sorted(by: { $0.key < $1.key }) {
            if diagnostics.count < Diagnostic.mostInSource {
                diagnostics.append(.moreErrors(count, file: path))
            } else {
                omitted += count
            }
        }
    }

}

/// The place of a draft: the index of its file and its index in the file. Places are ordered by name, then by file.
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
