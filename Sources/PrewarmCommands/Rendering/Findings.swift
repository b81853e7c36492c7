import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The results of `prewarm validate`, in formats for people, programs and forges.
struct Findings {
    var files = 0
    var presets = 0
    var templates = 0
    var foreignDocuments = 0
    var diagnostics: [Diagnostic] = []
    /// A sentence for each source about the state that was checked.
    var states: [TerminalText] = []

    /// The findings with the values of the configuration's variables replaced by their names.
    var masked: Findings {
        var findings = self
        for index in diagnostics.indices {
            findings.diagnostics[index].message = Console.masked(diagnostics[index].message)
            findings.diagnostics[index].hint = diagnostics[index].hint.map(Console.masked)
        }
        return findings
    }

    var errors: Int { diagnostics.count { $0.severity == .error } }
    var warnings: Int { diagnostics.count { $0.severity == .warning } }

    /// The findings for programs.
    var document: FindingsDocument {
        FindingsDocument(
            files: files, presets: presets, templates: templates, foreign: foreignDocuments, errors: errors,
            diagnostics: diagnostics.map { DiagnosticDocument($0) })
    }

    /// The last line of the output, for example `3 files, 2 presets, 1 template: no errors`.
    var summary: String {
        let foreign = foreignDocuments > 0 ? ", \(counted(foreignDocuments, "other document")) ignored" : ""
        return "\(counted(files, "file")), \(counted(presets, "preset")), \(counted(templates, "template"))\(foreign): "
            + (errors == 0 ? "no errors" : counted(errors, "error"))
            + (warnings == 0 ? "" : ", \(counted(warnings, "warning"))")
    }

    /// The findings in SARIF 2.1.0, for code scanning.
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
                                        "text": "A manifest or the configuration has an error."
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
            "message": .object(known: ["text": .string(text.withoutLinks)]),
            "locations": .array([
                .object(known: [
                    "physicalLocation": .object(known: [
                        "artifactLocation": .object(known: [
                            "uri": .string(diagnostic.file.percentEncoded(keeping: "/"))
                        ]),
                        "region": region,
                    ])
                ])
            ]),
        ])
    }

    /// The findings as workflow commands of GitHub Actions, which become annotations.
    var github: WorkflowText {
        diagnostics.map { diagnostic -> WorkflowText in
            let level: WorkflowText = diagnostic.severity == .error ? "error" : "warning"
            let place: WorkflowText = diagnostic.position.map { ",line=\($0.line),col=\($0.column)" } ?? ""
            let hint: WorkflowText = diagnostic.hint.map { "%0A\($0)" } ?? ""
            let file = ShownText<WorkflowProperty>(diagnostic.file)
            return "::\(level) file=\(file)\(place)::\(diagnostic.message)\(hint)\n"
        }.joined()
    }
}

/// The document of `prewarm validate`.
struct FindingsDocument: Document {
    let files: Int
    let presets: Int
    let templates: Int
    /// The number of documents that are neither presets nor templates.
    let foreign: Int
    let errors: Int
    let diagnostics: [DiagnosticDocument]
}

/// The message of a workflow command of GitHub Actions
/// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
enum WorkflowCommand: OutputPlace {
    static func neutralized(_ text: String) -> String { text.printable.replacing("%", with: "%25") }
}

/// A property of a workflow command.
enum WorkflowProperty: PartOfOutput {
    typealias Whole = WorkflowCommand

    static func neutralized(_ text: String) -> String {
        WorkflowCommand.neutralized(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}

typealias WorkflowText = ShownText<WorkflowCommand>

extension String {
    /// The text with a backslash before each `](`, so that SARIF (§3.11.6) does not turn `[text](link)` into a link.
    fileprivate var withoutLinks: String { printable.replacing("](", with: "\\](") }
}
