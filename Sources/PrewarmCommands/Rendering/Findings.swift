import PrewarmCore
import PrewarmEngine

/// What `validate` found, in the forms that people, programs and forges read.
struct Findings {
    var files = 0
    var presets = 0
    var templates = 0
    var foreignDocuments = 0
    var diagnostics: [Diagnostic] = []

    var errors: Int { diagnostics.count { $0.severity == .error } }

    var value: Value {
        .object(known: [
            "files": .int(files),
            "presets": .int(presets),
            "templates": .int(templates),
            "foreign": .int(foreignDocuments),
            "errors": .int(errors),
            "diagnostics": .array(diagnostics.map { Value($0) }),
        ])
    }

    /// `3 files, 2 presets, 1 template: no errors`.
    var summary: String {
        let foreign = foreignDocuments > 0 ? ", \(counted(foreignDocuments, "other document")) left alone" : ""
        return "\(counted(files, "file")), \(counted(presets, "preset")), \(counted(templates, "template"))\(foreign): "
            + (errors == 0 ? "no errors" : counted(errors, "error"))
    }

    /// SARIF 2.1.0, for code scanning.
    var sarif: Value {
        .object(known: [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": .array([
                .object(known: [
                    "tool": .object(known: [
                        "driver": .object(known: [
                            "name": "prewarm", "version": .string(prewarmVersion),
                            "rules": .array([
                                .object(known: [
                                    "id": "manifest",
                                    "shortDescription": .object(known: [
                                        "text": "A manifest or the configuration is wrong."
                                    ]),
                                ])
                            ]),
                        ])
                    ]),
                    "results": .array(diagnostics.map(Self.result)),
                ])
            ]),
        ])
    }

    private static func result(_ diagnostic: Diagnostic) -> Value {
        let text = diagnostic.message + (diagnostic.hint.map { " Hint: \($0)" } ?? "")
        let region = diagnostic.position.map { position in
            Value.object(known: ["startLine": .int(position.line), "startColumn": .int(position.column)])
        }
        return .object(known: [
            "ruleId": "manifest",
            "level": .string(diagnostic.severity == .error ? "error" : "warning"),
            "message": .object(known: ["text": .string(text)]),
            "locations": .array([
                .object(known: [
                    "physicalLocation": .object(known: [
                        "artifactLocation": .object(known: ["uri": .string(diagnostic.file.percentEncoded)]),
                        "region": region,
                    ])
                ])
            ]),
        ])
    }

    /// Workflow commands of GitHub Actions, which become annotations.
    var github: String {
        diagnostics.map { diagnostic in
            let level = diagnostic.severity == .error ? "error" : "warning"
            var properties = "file=\(diagnostic.file.escapedProperty)"
            if let position = diagnostic.position { properties += ",line=\(position.line),col=\(position.column)" }
            let text = diagnostic.message + (diagnostic.hint.map { "\n\($0)" } ?? "")
            return "::\(level) \(properties)::\(text.escapedData)\n"
        }.joined()
    }
}

extension String {
    fileprivate var escapedData: String {
        replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    fileprivate var escapedProperty: String {
        escapedData.replacing(":", with: "%3A").replacing(",", with: "%2C")
    }

    /// For a URI's path (RFC 3986).
    fileprivate var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._~/".utf8.contains(byte)
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
