package import PrewarmCore

/// A condition of a preset or a source, in the form of Kubernetes.
package struct ConditionDocument: ObjectDocument {
    package let type: String
    package let status: Choice<Condition.Status>
    package let reason: String
    package let message: String
    package let since: Timestamp?

    package enum CodingKeys: String, DocumentKey {
        case type, status, reason, message, since

        package var meaning: String {
            switch self {
            case .type: "The kind of the condition, for example Ready or Stalled."
            case .status: "Whether the condition is true."
            case .reason: "One word for programs that says why."
            case .message: "One sentence for people."
            case .since: "The time since which the condition has this status."
            }
        }
    }

    init(_ condition: Condition) {
        type = condition.kind.rawValue
        status = Choice(condition.status)
        reason = condition.reason
        message = condition.message
        since = condition.since
    }
}

extension [ConditionDocument] {
    /// Returns the condition of a kind; nil if the list does not have it.
    package subscript(_ kind: Condition.Kind) -> ConditionDocument? { first { $0.type == kind.rawValue } }
}

/// An error or a warning in a manifest or in the configuration.
package struct DiagnosticDocument: ObjectDocument {
    package enum Severity: String, CaseIterable, Sendable {
        case error, warning
    }

    package let severity: Choice<Severity>
    package let file: String
    package let line: Int?
    package let column: Int?
    package let message: String
    package let hint: String?
    package let excerpt: String?

    package enum CodingKeys: String, DocumentKey {
        case severity, file, line, column, message, hint, excerpt

        package var meaning: String {
            switch self {
            case .severity: "An error keeps the last valid version; a warning changes nothing."
            case .file: "The path of the file in the source."
            case .line: "The line, from 1."
            case .column: "The column, from 1."
            case .message: "One sentence that says what is wrong."
            case .hint: "The next step."
            case .excerpt: "The text of the line."
            }
        }
    }

    package init(_ diagnostic: Diagnostic) {
        severity = Choice(diagnostic.severity == .error ? .error : .warning)
        file = diagnostic.file
        line = diagnostic.position?.line
        column = diagnostic.position?.column
        message = diagnostic.message
        hint = diagnostic.hint
        excerpt = diagnostic.excerpt
    }

    /// The diagnostic, for texts about it.
    package var diagnostic: Diagnostic {
        Diagnostic(
            severity == .error ? .error : .warning, file: file,
            at: line.map { Position(line: $0, column: column ?? 1) }, message, hint: hint, excerpt: excerpt)
    }

    /// The place, for example `presets/go.yaml:8:3`.
    package var location: String {
        [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
    }
}
