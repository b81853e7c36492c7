package import PrewarmCore

/// Bytes of a manifest file → drafts and diagnostics. A pure function of the bytes, but for time zones that this system
/// lacks: ``ParsedFile/isOfBytesAlone``.
package enum ManifestParser {
    /// Part of the key under which results are kept: raise it whenever the same bytes give another result.
    package static let version = 7
    /// The largest size of a manifest file, in bytes.
    package static let sizeLimit = 256 * 1024
    /// The largest size of a file that is looked into at all, in bytes: beyond ``sizeLimit`` only for whether it may hold
    /// manifests.
    package static let readLimit = 8 << 20
    package static let apiVersion = "prewarm/v1"

    /// How a pointer of git LFS begins (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
    private static let lfsPointer = Array("version https://git-lfs.github.com/spec/".utf8)

    package static func parse(_ bytes: [UInt8]) -> ParsedFile {
        guard bytes.count <= sizeLimit else { return parseLarge(bytes) }
        guard bytes.first != lfsPointer.first || !bytes.starts(with: lfsPointer) else { return .pointer }
        var file = ParsedFile()
        // What names us nowhere can't hold a manifest of ours: other YAML, and what only looks like it, is left alone.
        guard bytes.mayMention("prewarm") || bytes.mayMention("Preset") || bytes.mayMention("Template") else {
            file.foreignDocuments = bytes.isEmpty ? 0 : 1
            file.isDoubtful = !bytes.mayMention("apiVersion:") || !bytes.mayMention("kind:") || bytes.mayMention("ENC[")
            return file
        }
        let (tree, error) = YAMLReader.read(bytes)
        var patterns = PatternCache(steps: PatternCache.stepsPerFile)
        for root in tree.roots { parse(root, of: tree, into: &file, &patterns) }
        if let error {
            let scan = ManifestScan(file: bytes)
            // As a template of YAML that only names an image of ours.
            guard file.mentionsOurs || scan.declaresOurs else {
                file = ParsedFile()
                file.foreignDocuments = 1
                file.isDoubtful = true
                return file
            }
            file.isUnreadable = true
            file.hidesTemplates = scan.declaresTemplate
            file.diagnostics.append(Diagnostic(.error, at: error.position, error.message, hint: error.hint))
        }
        file.setAside += ManifestScan.commentedDocuments(in: bytes)
        file.setAside = Array(file.setAside.prefix(ManifestScan.mostNames))
        if !file.mentionsOurs, !tree.roots.contains(where: { tree.isObject($0) }) { file.isDoubtful = true }
        file.finishDiagnostics(bytes)
        return file
    }

    /// A file that is too large for a manifest. It is an error only where something in it says that it is one of ours.
    private static func parseLarge(_ bytes: [UInt8]) -> ParsedFile {
        let scan = ManifestScan(file: bytes)
        guard scan.declaresOurs else {
            var file = ParsedFile()
            file.foreignDocuments = 1
            file.isDoubtful = !scan.isObject
            return file
        }
        return .tooLarge(
            "the file has \(bytes.count) bytes, more than \(sizeLimit / 1024) KiB, the limit for a manifest file",
            hidesTemplates: scan.declaresTemplate)
    }

    /// Returns whether a file is a configuration, and so no manifest.
    package static func isConfiguration(_ bytes: [UInt8]) -> Bool {
        guard bytes.count <= sizeLimit, bytes.mayMention("Config") else { return false }
        let (tree, error) = YAMLReader.read(VariableMask.cover(bytes))
        let isOne = tree.roots.contains { root in
            let document = DocumentReader(tree: tree, index: root)
            return document["apiVersion"]?.text.hasPrefix("prewarm/") == true && document["kind"]?.text == "Config"
        }
        if isOne || error == nil { return isOne }
        let scan = ManifestScan(file: bytes)
        return scan.declaresOurs && scan.declaresConfiguration
    }

    private static func parse(
        _ root: Int, of tree: YAMLTree, into file: inout ParsedFile, _ patterns: inout PatternCache
    ) {
        // As what `---` at the end of a file begins.
        if tree.isNull(root) { return }
        let document = DocumentReader(tree: tree, index: root)
        let kind = document["kind"]?.text
        let apiVersion = tree.value("apiVersion", of: root)
        guard let apiVersion, let text = tree.text(apiVersion), text.hasPrefix("prewarm/") else {
            file.foreignDocuments += 1
            if document.mayBeOurs { parseForeign(document, into: &file) } else { document.findNested(into: &file) }
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
                    .error, at: tree.position(apiVersion),
                    "apiVersion is \"\(text.shortened)\", expected \"\(Self.apiVersion)\"",
                    hint: "this prewarm knows only \(Self.apiVersion)"))
        } else if kind == "Preset" || kind == "Template" {
            var check = ShapeCheck(tree)
            check.check(root, kind == "Preset" ? .preset : .template, name: .text("the document"))
            problems = check.problems
            file.omittedErrors += check.omitted
            if kind == "Template" {
                problems += RuleCheck.problems(of: document, &patterns)
            } else if let problem = TimezoneCheck.problem(of: document) {
                problems.append(problem)
                file.isOfBytesAlone = false
            }
        } else {
            document.findNested(into: &file)
            let close = kind.flatMap { ["Preset", "Template"].closest(to: $0) }
            file.report([
                Diagnostic(
                    .error, at: document["kind"]?.position ?? tree.position(root),
                    document["kind"].map { "kind is \(tree.found($0.index)), expected Preset or Template" }
                        ?? "the document lacks \"kind\", expected Preset or Template",
                    hint: close.map { "did you mean \"\($0)\"?" })
            ])
            // What is of another kind altogether is no preset or template with an error.
            guard kind == nil || kind == "" || close != nil else {
                file.isDoubtful = true
                return
            }
            file.invalid.append(InvalidDocument(isPreset: true, name: document.name))
            file.invalid.append(InvalidDocument(isPreset: false, name: document.name))
            return
        }
        file.report(problems)
        if !problems.isEmpty {
            if kind != "Template" { file.invalid.append(InvalidDocument(isPreset: true, name: document.name)) }
            // Which of them it is meant to be is not known without its kind.
            if kind != "Preset" { file.invalid.append(InvalidDocument(isPreset: false, name: document.name)) }
        } else if kind == "Preset", let draft = PresetDraft(document) {
            file.report(WindowCheck.warnings(of: document))
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
        let isNear = document.isNearlyOurs
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
        file.report([
            Diagnostic(
                .warning, at: (apiVersion ?? document).position,
                apiVersion.map { "apiVersion is \($0.tree.found($0.index)): this is no manifest of prewarm" }
                    ?? "the document lacks \(lacking): this is no manifest of prewarm",
                hint: apiVersion == nil
                    ? "a manifest begins with apiVersion: \(Self.apiVersion) and kind: Preset or Template"
                    : "did you mean \"\(Self.apiVersion)\"?")
        ])
    }
}

extension DocumentReader {
    /// It says that it is of a kind that we have, or nothing of what it is, and looks like one that lost its head.
    fileprivate var mayBeOurs: Bool {
        guard let kind = self["kind"] else { return self["apiVersion"] == nil && self["spec"] != nil && name != nil }
        return ["Preset", "Template"].contains(kind.text)
    }

    /// Whether its apiVersion is ours but for a slip of the pen; without one, whether it has a name.
    fileprivate var isNearlyOurs: Bool {
        guard let text = self["apiVersion"]?.text else { return name != nil }
        return [ManifestParser.apiVersion].closest(to: text) != nil
            || name != nil && text.lowercased().hasPrefix("prewarm")
    }

    /// Notes the manifests inside of a document that is none, as a `kind: List` or a sequence: they are not read, and what
    /// is applied of their names stays. So does what was applied from this file and is named in a text in it.
    fileprivate func findNested(into file: inout ParsedFile) {
        for index in index..<Int(tree.nodes[index].next) {
            let part = DocumentReader(tree: tree, index: index)
            if let text = tree.text(index), text.utf8.count > 40 {
                if file.setAside.count < ManifestScan.mostNames { file.setAside += ManifestScan(text: text).documents }
                continue
            }
            guard index != self.index, let kind = part["kind"]?.text, ["Preset", "Template"].contains(kind),
                part.isNearlyOurs
            else { continue }
            if let name = part.name {
                file.doubtful.append(InvalidDocument(isPreset: kind == "Preset", name: name))
            } else {
                file.isDoubtful = true
            }
            file.report([
                Diagnostic(
                    .warning, at: part.position, "this \(kind) is inside of another document, and is not read",
                    hint: "write it as a document of its own: without indentation, after a line ---")
            ])
        }
    }

    /// One that is wrong itself is none.
    fileprivate var name: String? {
        guard let text = self["metadata"]?["name"]?.text, TextRule.name.check(text) == nil else { return nil }
        return text
    }
}

/// What a shape can't say of a template's parameter rules.
enum RuleCheck {
    static func problems(of document: DocumentReader, _ patterns: inout PatternCache) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var seen: [String: Int] = [:]
        for element in document["spec"]?["parameters"]?.elements ?? [] where problems.count < Diagnostic.mostInFile {
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
                guard let problem = bare.problem(with: value, patterns: &patterns) else { continue }
                report("enum", "a value of enum \(problem)")
            }
            if let standard = rule.standard, let problem = rule.problem(with: standard, patterns: &patterns) {
                report("default", "the default of \"\(rule.name)\" \(problem)")
            }
        }
        return problems
    }
}

extension [UInt8] {
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

extension YAMLTree {
    /// Whether a document says what it is, as one of Kubernetes' or of somebody else's; an encrypted one does not.
    fileprivate func isObject(_ root: Int) -> Bool {
        ["apiVersion", "kind"].allSatisfy { key in
            guard let value = value(key, of: root), let text = text(value) else { return false }
            return !text.isEmpty && !text.hasPrefix("ENC[")
        }
    }
}

extension ParsedFile {
    fileprivate var mentionsOurs: Bool { isOurs || !diagnostics.isEmpty }

    fileprivate static var pointer: ParsedFile {
        var file = ParsedFile()
        file.isDoubtful = true
        file.diagnostics = [
            Diagnostic(
                .warning,
                "this is a pointer of git LFS, whose file is not fetched: nothing is read, and no pool removed",
                hint: "keep manifests out of LFS (git lfs untrack), or exclude the file in the configuration")
        ]
        return file
    }

    fileprivate mutating func report(_ problems: [Diagnostic]) {
        let room = max(0, Diagnostic.mostInFile - diagnostics.count)
        diagnostics += problems.prefix(room)
        omittedErrors += problems.dropFirst(room).count { $0.severity == .error }
    }

    fileprivate mutating func finishDiagnostics(_ bytes: [UInt8]) {
        diagnostics.quote(bytes)
        diagnostics.limitToFile(omitted: omittedErrors)
        omittedErrors = 0
    }
}
