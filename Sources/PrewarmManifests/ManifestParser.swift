package import PrewarmCore

/// Bytes of a manifest file → drafts and diagnostics. A pure function of the bytes, but for time zones that this system
/// lacks: ``ParsedFile/isOfBytesAlone``.
package enum ManifestParser {
    /// Part of the key under which results are kept: raise it whenever the same bytes give another result.
    package static let version = 6
    /// In bytes.
    package static let sizeLimit = 256 * 1024
    package static let apiVersion = "prewarm/v1"

    /// How a pointer of git LFS begins (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
    private static let lfsPointer = Array("version https://git-lfs.github.com/spec/".utf8)

    package static func parse(_ bytes: [UInt8]) -> ParsedFile {
        var file = ParsedFile()
        guard bytes.count <= sizeLimit else {
            return .tooLarge(
                "the file has \(bytes.count) bytes, more than \(sizeLimit / 1024) KiB, the limit for a manifest file",
                hidesTemplates: bytes.mayMention("Template"))
        }
        guard bytes.first != lfsPointer.first || !bytes.starts(with: lfsPointer) else {
            // Whatever it stands for is not here, and may be a manifest: nothing of it counts as gone.
            file.isUnreadable = true
            file.diagnostics = [
                Diagnostic(
                    .warning,
                    "this is a pointer of git LFS, whose file is not fetched: nothing is read, and no pool removed",
                    hint: "keep manifests out of LFS (git lfs untrack), or exclude the file in the configuration")
            ]
            return file
        }
        // What names us nowhere can't hold a manifest of ours: other YAML, and what only looks like it, is left alone.
        guard bytes.mayMention("prewarm/") || bytes.mayMention("Preset") || bytes.mayMention("Template") else {
            file.foreignDocuments = bytes.isEmpty ? 0 : 1
            file.isDoubtful = !bytes.mayBeAnObject || bytes.mayMention("ENC[")
            return file
        }
        let (tree, error) = YAMLReader.read(bytes)
        for root in tree.roots { parse(root, of: tree, into: &file) }
        if let error {
            // As a template of YAML that only names an image of ours.
            guard file.isOurs || bytes.declaresOurs else {
                file.foreignDocuments = 1
                file.isDoubtful = true
                return file
            }
            file.isUnreadable = true
            file.hidesTemplates = bytes.mayMention("Template")
            file.diagnostics.append(Diagnostic(.error, at: error.position, error.message, hint: error.hint))
        }
        if !file.isOurs, !bytes.mayBeAnObject { file.isDoubtful = true }
        if !file.diagnostics.isEmpty { file.diagnostics.quote(bytes) }
        return file
    }

    private static func parse(_ root: Int, of tree: YAMLTree, into file: inout ParsedFile) {
        // As what `---` at the end of a file begins.
        if tree.isNull(root) { return }
        let document = DocumentReader(tree: tree, index: root)
        let kind = document["kind"]?.text
        let apiVersion = tree.value("apiVersion", of: root)
        guard let apiVersion, let text = tree.text(apiVersion), text.hasPrefix("prewarm/") else {
            file.foreignDocuments += 1
            if document.mayBeOurs { parseForeign(document, into: &file) }
            return
        }
        guard kind != "Config" else {
            file.foreignDocuments += 1
            return
        }
        var problems: [Diagnostic] = []
        if text != Self.apiVersion {
            problems.append(
                Diagnostic(
                    .error, at: tree.position(apiVersion), "apiVersion is \"\(text)\", expected \"\(Self.apiVersion)\"",
                    hint: "this prewarm knows only \(Self.apiVersion)"))
        } else if kind == "Preset" || kind == "Template" {
            var check = ShapeCheck(tree)
            check.check(root, kind == "Preset" ? .preset : .template, name: .text("the document"))
            problems = check.problems
            if kind == "Template" {
                problems += RuleCheck.problems(of: document)
            } else if let problem = TimezoneCheck.problem(of: document) {
                problems.append(problem)
                file.isOfBytesAlone = false
            }
        } else {
            let names = ["Preset", "Template"]
            problems.append(
                Diagnostic(
                    .error, at: document["kind"]?.position ?? tree.position(root),
                    document["kind"].map { "kind is \(tree.found($0.index)), expected Preset or Template" }
                        ?? "the document lacks \"kind\", expected Preset or Template",
                    hint: kind.flatMap { names.closest(to: $0) }.map { "did you mean \"\($0)\"?" }))
        }
        file.diagnostics += problems
        if !problems.isEmpty {
            if kind != "Template" { file.invalid.append(InvalidDocument(isPreset: true, name: document.name)) }
            // Which of them it is meant to be is not known without its kind.
            if kind != "Preset" { file.invalid.append(InvalidDocument(isPreset: false, name: document.name)) }
        } else if kind == "Preset", let draft = PresetDraft(document) {
            file.presets.append(draft)
        } else if let draft = TemplateDraft(document) {
            file.templates.append(draft)
        }
    }
}

extension ManifestParser {
    /// Of a kind that we have, or of none: perhaps a slip of the pen.
    private static func parseForeign(_ document: DocumentReader, into file: inout ParsedFile) {
        let (apiVersion, kind, name) = (document["apiVersion"], document["kind"]?.text, document.name)
        let isNear = apiVersion.map { [Self.apiVersion].closest(to: $0.text) != nil } ?? (name != nil)
        // There are Templates of others, as OpenShift's.
        if isNear || kind != "Template" { file.isDoubtful = true }
        // One of that name may be in force: then the slip is larger.
        guard isNear else {
            if kind == "Template" { file.doubtful.append(InvalidDocument(isPreset: false, name: name)) }
            return
        }
        if kind != "Template" { file.doubtful.append(InvalidDocument(isPreset: true, name: name)) }
        if kind != "Preset" { file.doubtful.append(InvalidDocument(isPreset: false, name: name)) }
        let lacking = kind == nil ? "\"apiVersion\" and \"kind\"" : "\"apiVersion\""
        file.diagnostics.append(
            Diagnostic(
                .warning, at: (apiVersion ?? document).position,
                apiVersion.map { "apiVersion is \($0.tree.found($0.index)): this is no manifest of prewarm" }
                    ?? "the document lacks \(lacking): this is no manifest of prewarm",
                hint: apiVersion == nil
                    ? "a manifest begins with apiVersion: \(Self.apiVersion) and kind: Preset or Template"
                    : "did you mean \"\(Self.apiVersion)\"?"))
    }
}

extension DocumentReader {
    /// It says that it is of a kind that we have, or nothing of what it is, and looks like one that lost its head.
    fileprivate var mayBeOurs: Bool {
        guard let kind = self["kind"] else { return self["apiVersion"] == nil && self["spec"] != nil && name != nil }
        return ["Preset", "Template"].contains(kind.text)
    }

    /// One that is wrong itself is none.
    fileprivate var name: String? {
        guard let text = self["metadata"]?["name"]?.text, TextRule.name.check(text) == nil else { return nil }
        return text
    }
}

/// What a shape can't say of a template's parameter rules.
enum RuleCheck {
    static func problems(of document: DocumentReader) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var seen: [String: Int] = [:]
        for element in document["spec"]?["parameters"]?.elements ?? [] {
            // What the shape says is wrong is told already.
            var check = ShapeCheck(element.tree)
            check.check(element.index, .templateRule, name: .text(""))
            guard check.problems.isEmpty, let rule = ParameterRule(element) else { continue }
            func report(_ key: String, _ message: String) {
                problems.append(Diagnostic(.error, at: (element[key] ?? element).position, message))
            }
            if let line = seen[rule.name] {
                report("name", "the parameter \"\(rule.name)\" is there twice, first at line \(line)")
            }
            seen[rule.name] = element.position.line
            let isNumeric = rule.kind == .number || rule.kind == .integer
            if rule.minimum != nil, !isNumeric {
                report("minimum", "minimum goes with numbers, \(rule.name) is \(rule.kind.text)")
            }
            if rule.maximum != nil, !isNumeric {
                report("maximum", "maximum goes with numbers, \(rule.name) is \(rule.kind.text)")
            }
            if rule.pattern != nil, rule.kind != .string {
                report("pattern", "pattern goes with strings, \(rule.name) is \(rule.kind.text)")
            }
            if let minimum = rule.minimum, let maximum = rule.maximum, minimum > maximum {
                report("maximum", "maximum \(maximum.shortText) is below minimum \(minimum.shortText)")
            }
            let bare = ParameterRule(name: rule.name, kind: rule.kind)
            for value in rule.allowed ?? [] {
                if let problem = bare.problem(with: value) { report("enum", "a value of enum \(problem)") }
            }
            if let standard = rule.standard, let problem = rule.problem(with: standard) {
                report("default", "the default of \"\(rule.name)\" \(problem)")
            }
        }
        return problems
    }
}

extension [UInt8] {
    /// One of Kubernetes' or of somebody else's says what it is.
    fileprivate var mayBeAnObject: Bool { mayMention("apiVersion:") && mayMention("kind:") }

    /// False only where the text is certainly not there; UTF-16 is not looked into.
    fileprivate func mayMention(_ text: StaticString) -> Bool {
        if isUTF16 { return true }
        return text.withUTF8Buffer { text in
            guard count >= text.count else { return false }
            for start in 0...count - text.count where self[start] == text[0] {
                if text.indices.allSatisfy({ self[start + $0] == text[$0] }) { return true }
            }
            return false
        }
    }
}

extension ParsedFile {
    fileprivate var isOurs: Bool { !presets.isEmpty || !templates.isEmpty || !invalid.isEmpty || !diagnostics.isEmpty }
}

extension [UInt8] {
    /// Whether a line has `apiVersion` and, after it, `prewarm/`.
    fileprivate var declaresOurs: Bool {
        split(separator: UInt8(ascii: "\n")).contains { line in
            guard let key = line.firstRange(of: Array("apiVersion".utf8)) else { return false }
            return line[key.upperBound...].firstRange(of: Array("prewarm/".utf8)) != nil
        }
    }
}
