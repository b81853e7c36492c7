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
    private(set) var diagnostics: [Diagnostic] = []
    /// The number of errors that were found, those that are not kept included.
    private(set) var errors = 0
    /// The number of diagnostics beyond those that are kept.
    private(set) var omitted = 0
    private var errorsOfFiles: [String: Int] = [:]
    private var omittedOfFiles: [String: Int] = [:]
    /// What is valid, and may not be meant.
    private(set) var notices: [Diagnostic] = []
    var invalidPresets: Set<String> = []
    /// By name, the file because of which a template is not known as it should be now.
    var invalidTemplates: [String: String] = [:]
    /// Of files whose presets can't all be named.
    var invalidPaths: Set<String> = []
    /// Of files with an error, which may be in the name of a preset, too.
    var brokenPaths: Set<String> = []
    /// The first file with an error that hides what may be a template.
    private(set) var pathOfHiddenTemplates: String?
    /// By file, what is not linked or forgotten because of it.
    private var heldPresets: [String: [String]] = [:]
    private var heldTemplates: [String: [String]] = [:]
    /// Of files that may have been ours, and of documents that almost are.
    private var doubtfulPaths: Set<String> = []
    private var doubtfulDocuments: [InvalidDocument: String] = [:]
    /// Of documents that are commented out, or in a text, by file.
    private var documentsAside: [String: Set<InvalidDocument>] = [:]

    var patterns = PatternCache()
    var suggestions = SuggestionBudget()
    /// The bytes of the parameters of all presets.
    var parameterBytes = 0
    var templateNames: Set<String> = []
    /// What a preset may name as its replacement.
    var presetNames: Set<String> = []
    /// Of presets that are applied already, the template that each names, where that has no manifest.
    private var opaqueTemplates: [String: String] = [:]

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
        presets.reserveCapacity(presetDrafts.count)
        for place in templateDrafts {
            link(files[place.file].file.templates[place.draft], files[place.file].path)
        }
        // As one that has another name now, and an error.
        for template in previousTemplates where templates[template.name] == nil && isInBrokenFile(template) {
            invalidTemplates[template.name] = template.origin.file
        }
        for place in presetDrafts { link(files[place.file].file.presets[place.draft], files[place.file].path) }
        reportHeld()
    }

    private mutating func collect(_ found: [Diagnostic], _ path: String) {
        errors += found.count { $0.severity == .error }
        // What counts of many broken files is that each is named.
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
        if file.isDoubtful { doubtfulPaths.insert(path) }
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

    // MARK: What an error may hide

    private mutating func noteHiddenTemplates(_ path: String) {
        pathOfHiddenTemplates = min(pathOfHiddenTemplates ?? path, path)
    }

    /// A template that was forgotten because no error hides it anew: what its presets name is opaque, and stays so.
    private mutating func noteOpaqueTemplates(of previous: [Preset], besides templates: [Template]) {
        guard pathOfHiddenTemplates != nil else { return }
        let known = Set(templates.map(\.name))
        for preset in previous where !known.contains(preset.spec.template) {
            opaqueTemplates[preset.key.name] = preset.spec.template
        }
    }

    /// Returns the file that may define the template of a preset, which no readable file defines. A preset that is applied
    /// with an opaque template goes on with it.
    func pathOfHiddenTemplate(of draft: PresetDraft) -> String? {
        opaqueTemplates[draft.name.value] == draft.template.value ? nil : pathOfHiddenTemplates
    }

    /// Whether a template of an earlier revision, which no readable document defines, stays because of an error.
    private mutating func keep(_ template: Template) -> Bool {
        if isInBrokenFile(template) { return true }
        guard let path = pathOfHiddenTemplates else { return false }
        heldTemplates[path, default: []].append(template.name)
        return true
    }

    func isInBrokenFile(_ template: Template) -> Bool {
        brokenPaths.contains(template.origin.file) || isUnread(template.origin.file)
    }

    /// Whether the path, or a folder above it, is not read.
    func isUnread(_ path: String) -> Bool { unreadPaths.contains { path.isPath(atOrBelow: $0) } }

    /// Whether a template that is not there any more may be what a slip of the pen made something else of; reports it
    /// then.
    private mutating func reportDoubt(of template: Template) -> Bool {
        guard let path = doubt(template.name, isPreset: false, from: template.origin.file) else { return false }
        report(
            path, nil,
            "the template \"\(template.name)\" is in force, and no readable document defines it any more; it stays, and so "
                + "does what its presets have",
            hint: Self.doubtHint)
        return true
    }

    /// Returns the file that may be meant to define a preset or template, though as it stands it does not.
    func doubt(_ name: String, isPreset: Bool, from path: String) -> String? {
        let document = InvalidDocument(isPreset: isPreset, name: name)
        if doubtfulPaths.contains(path) || documentsAside[path]?.contains(document) == true { return path }
        return doubtfulDocuments[document]
    }

    static let doubtHint =
        "a manifest is a document that begins with apiVersion: prewarm/v1; to remove its pools, remove the file, or the "
        + "document with its comments where others stay in the file"

    // MARK: Names

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
            let file = files[place.file].path
            if kind == "preset" { invalidPresets.insert(name) } else { invalidTemplates[name] = file }
            brokenPaths.insert(file)
            let other = places[places.startIndex + (index == 0 ? 1 : 0)]
            let (path, there) = (files[other.file].path, other.name.position)
            report(
                files[place.file].path, place.name.position,
                "the \(kind) \"\(name)\" is defined here and in \(path):\(there.line):\(there.column)",
                hint: "a name is unique in a source: rename one or remove it")
        }
    }

    // MARK: Reports

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

    mutating func note(_ path: String, _ position: Position?, _ message: String, hint: String) {
        guard notices.count < Diagnostic.mostInSource else { return }
        notices.append(Diagnostic(.warning, file: path, at: position, message, hint: hint))
    }

    mutating func hold(preset name: String, becauseOf path: String) { heldPresets[path, default: []].append(name) }

    /// Names what an error in one file keeps others from.
    private mutating func reportHeld() {
        for (path, names) in heldTemplates.sorted(by: { $0.key < $1.key }) {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "templates that are gone from git may be in this file, and stay until it is valid: \(names.summary)",
                    hint: Self.heldHint))
        }
        for (path, names) in heldPresets.sorted(by: { $0.key < $1.key }) {
            diagnostics.append(
                Diagnostic(
                    .warning, file: path,
                    "presets wait for a template that this file may define, and stay as they are: \(names.summary)",
                    hint: Self.heldHint))
        }
        for (path, count) in omittedOfFiles.sorted(by: { $0.key < $1.key }) {
            if diagnostics.count < Diagnostic.mostInSource {
                diagnostics.append(.moreErrors(count, file: path))
            } else {
                omitted += count
            }
        }
    }

    private static let heldHint = "fix the errors of the file, or exclude it in the configuration"
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
