package import PrewarmCore

/// Parses the bytes of a manifest file into drafts and diagnostics. The result depends only on the bytes, unless this
/// system lacks a time zone: see ``ParsedFile/isOfBytesAlone``.
package enum ManifestParser {
    /// The version of the parser, which is a part of the key under which results are stored. It has to be increased if
    /// the same bytes give another result, including another text of a diagnostic.
    package static let version = 12
    /// The maximum size of a manifest file, in bytes.
    package static let sizeLimit = 256 * 1024
    /// The maximum size of a file that is read, in bytes. A file larger than ``sizeLimit`` is only searched for signs
    /// of manifests.
    package static let readLimit = 8 << 20

    /// The first bytes of a Git LFS pointer (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
    private static let lfsPointer = Array("version https://git-lfs.github.com/spec/".utf8)

    package static func parse(_ bytes: [UInt8]) -> ParsedFile {
        guard bytes.count <= sizeLimit else { return parseLarge(bytes) }
        guard bytes.first != lfsPointer.first || !bytes.starts(with: lfsPointer) else { return .pointer }
        var file = ParsedFile()
        // A file that contains none of these words cannot hold a manifest. It is other YAML, or no YAML.
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
            // The file only mentions the words, for example a template of YAML with an image of prewarm.
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

    /// Returns the result for a file that is too large for a manifest. It is an error only if the file declares a
    /// manifest.
    private static func parseLarge(_ bytes: [UInt8]) -> ParsedFile {
        let scan = ManifestScan(file: bytes)
        guard scan.declaresOurs else {
            var file = ParsedFile()
            file.foreignDocuments = 1
            file.isDoubtful = !scan.isObject
            return file
        }
        return .tooLarge(
            "cannot read the file: it has \(bytes.count) bytes, more than the limit of \(sizeLimit / 1024) KiB "
                + "for manifests",
            hidesTemplates: scan.declaresTemplate)
    }

    /// Returns true if a file is a configuration instead of a manifest.
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
        // A `---` at the end of a file begins an empty document.
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
        if text != Shape.apiVersion {
            problems.append(
                Diagnostic(
                    .error, at: tree.position(apiVersion),
                    "invalid apiVersion \"\(text.shortened)\": expected \(Shape.apiVersion)",
                    hint: "write apiVersion: \(Shape.apiVersion), the only version that this prewarm supports"))
        } else if kind == "Preset" || kind == "Template" {
            var check = ShapeCheck(tree)
            check.check(root, kind == "Preset" ? .preset : .template, name: .text("document"))
            problems = check.problems
            file.omittedErrors += check.omitted
            if kind == "Template" {
                problems += RuleCheck.problems(of: document, &patterns)
            } else {
                problems += LeaseCheck.problems(of: document)
                if let problem = TimezoneCheck.problem(of: document) {
                    problems.append(problem)
                    file.isOfBytesAlone = false
                }
            }
        } else {
            document.findNested(into: &file)
            let close = kind.flatMap { ["Preset", "Template"].closest(to: $0) }
            file.report([
                Diagnostic(
                    .error, at: document["kind"]?.position ?? tree.position(root),
                    document["kind"].map { "invalid kind: expected Preset or Template, found \(tree.found($0.index))" }
                        ?? "invalid document: the required key \"kind\" is missing",
                    hint: close.map { "did you mean \"\($0)\"?" } ?? "write kind: Preset or kind: Template")
            ])
            // A document of an unrelated kind is not an invalid preset or template.
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
            // Without a valid kind, the document may be a preset or a template.
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
    /// Parses a file for `prewarm validate`, which also warns of a file that is ignored although it is no valid YAML.
    package static func parseAll(_ bytes: [UInt8]) -> ParsedFile {
        var file = parse(bytes)
        if let warning = warning(ofIgnored: bytes, file) { file.diagnostics.append(warning) }
        return file
    }

    /// Returns a warning about a file that is ignored although it is no valid YAML: it may be a manifest with an editing
    /// error. If an applied preset comes from it, a reconciliation reports an error instead.
    /// - Parameter file: The result of parsing the bytes.
    private static func warning(ofIgnored bytes: [UInt8], _ file: ParsedFile) -> Diagnostic? {
        guard file.isDoubtful, !file.isOurs, file.diagnostics.isEmpty, bytes.count <= sizeLimit,
            let error = YAMLReader.read(bytes).error
        else { return nil }
        return Diagnostic(
            .warning, at: error.position, "the file is ignored, because it is no valid YAML: \(error.message)",
            hint: "correct it. If it contains no manifests, add it to `exclude` of the source")
    }

    /// Reads a document without the apiVersion of prewarm whose kind is Preset or Template, or is missing. It may be a
    /// manifest with a typing error.
    private static func parseForeign(_ document: DocumentReader, into file: inout ParsedFile) {
        let (apiVersion, kind, name) = (document["apiVersion"], document["kind"]?.text, document.name)
        let isNear = document.isNearlyOurs
        // Other tools have the kind Template, too, for example OpenShift.
        if isNear || kind != "Template" { file.isDoubtful = true }
        // If a template of this name is applied, the document is probably that template with a larger error.
        guard isNear else {
            if kind == "Template" { file.doubtful.append(InvalidDocument(isPreset: false, name: name)) }
            return
        }
        if kind != "Template" { file.doubtful.append(InvalidDocument(isPreset: true, name: name)) }
        if kind != "Preset" { file.doubtful.append(InvalidDocument(isPreset: false, name: name)) }
        let lacking = kind == nil ? "\"apiVersion\" and no \"kind\"" : "\"apiVersion\""
        file.report([
            Diagnostic(
                .warning, at: (apiVersion ?? document).position,
                apiVersion.map {
                    "the document is not read as a manifest: expected apiVersion \(Shape.apiVersion), found "
                        + $0.tree.found($0.index)
                } ?? "the document is not read as a manifest: it has no \(lacking)",
                hint: apiVersion != nil
                    ? "did you mean \"\(Shape.apiVersion)\"?"
                    : "add apiVersion: \(Shape.apiVersion)" + (kind == nil ? " and kind: Preset or kind: Template" : "")
            )
        ])
    }
}

extension DocumentReader {
    /// True if the document may be a manifest: it has the kind Preset or Template, or it has a name and a spec but
    /// neither kind nor apiVersion.
    fileprivate var mayBeOurs: Bool {
        guard let kind = self["kind"] else { return self["apiVersion"] == nil && self["spec"] != nil && name != nil }
        return ["Preset", "Template"].contains(kind.text)
    }

    /// True if the apiVersion is that of prewarm except for a typing error, or if it is missing but the document has a
    /// name.
    fileprivate var isNearlyOurs: Bool {
        guard let text = self["apiVersion"]?.text else { return name != nil }
        return [Shape.apiVersion].closest(to: text) != nil
            || name != nil && text.lowercased().hasPrefix("prewarm")
    }

    /// Records the manifests inside another document, for example a `kind: List` or a sequence. They are not read, and
    /// applied presets and templates of their names are kept. Texts in the document are searched for manifests, too.
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
                    .warning, at: part.position, "the \(kind) is not read, because it is inside another document",
                    hint: "move it to its own document: without indentation, after a line with ---")
            ])
        }
    }

    /// The name of the manifest. Nil if it is missing or invalid.
    fileprivate var name: String? {
        guard let text = self["metadata"]?["name"]?.text, TextRule.name.check(text) == nil else { return nil }
        return text
    }
}

extension [UInt8] {
    /// Returns false only if the text certainly does not occur. For UTF-16, it always returns true.
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
    /// Returns true if a document has a readable apiVersion and kind, like an object of Kubernetes. Encrypted values do
    /// not count.
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
                "the file is not read, because it is a Git LFS pointer. The presets that it defined before are kept",
                hint: "remove the file from Git LFS with `git lfs untrack`, or exclude it in the configuration")
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
