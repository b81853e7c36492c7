import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The results of `prewarm doctor`, for people and programs.
struct HealthReport {
    enum Verdict: String {
        case ok, warning, failed
    }

    struct Check {
        /// The kind of check: `configuration`, `store`, `source`, `provisioner` or `timezones`.
        let kind: String
        /// The name of the source or provisioner; nil for other checks.
        var name: String?
        let verdict: Verdict
        var message: String
        var hint: String?
        /// Facts by name, for example the fingerprint of a host key.
        var details: [(key: String, value: String)] = []
    }

    var checks: [Check] = []
    /// The version and the capabilities of the git library.
    var library = ""
    /// Sentences about the limits of the git library.
    var limits: [String] = []

    /// The report with the values of the configuration's variables replaced by their names.
    var masked: HealthReport {
        var report = self
        for index in checks.indices {
            report.checks[index].message = Console.masked(checks[index].message)
            report.checks[index].hint = checks[index].hint.map(Console.masked)
        }
        return report
    }

    var isHealthy: Bool { !checks.contains { $0.verdict == .failed } }

    /// The report for programs.
    var document: HealthDocument {
        HealthDocument(
            healthy: isHealthy,
            checks: checks.map { check in
                HealthDocument.Check(
                    kind: check.kind, name: check.name, verdict: check.verdict.rawValue, message: check.message,
                    hint: check.hint, details: check.details.isEmpty ? nil : OrderedMap(check.details))
            }, git: HealthDocument.Library(library: library, limits: limits))
    }

    func text(color: Bool) -> TerminalText {
        let titles = checks.map { [$0.kind, $0.name].compactMap(\.self).joined(separator: " ") }
        let width = min(titles.map(\.count).max() ?? 0, 30)
        let indent = String(repeating: " ", count: width + 4)
        let times = ShownTimes(now: .now)
        var lines: [TerminalText] = []
        for (check, title) in zip(checks, titles) {
            let padding = String(repeating: " ", count: max(0, width - title.count))
            let message = TerminalText(lines: times.sentence(check.message).replacing("\n", with: "\n" + indent))
            lines.append("\(check.verdict.symbol(color: color)) \(title)\(padding)  \(message)")
            for detail in check.details { lines.append("\(indent)\(detail.key): \(detail.value)") }
            if let hint = check.hint {
                lines.append("\(indent)\(Style.cyan.apply(to: "hint:", color: color)) \(hint)")
            }
        }
        if checks.contains(where: { $0.kind == "source" && $0.verdict == .failed }) {
            lines.append("")
            lines.append("Limits of \(library):")
            for limit in limits { lines.append("  - \(limit)") }
        }
        return lines.map { "\($0)\n" }.joined()
    }
}

extension HealthReport.Verdict {
    fileprivate func symbol(color: Bool) -> TerminalText {
        switch self {
        case .ok: Style.green.apply(to: "✔", color: color)
        case .warning: Style.yellow.apply(to: "!", color: color)
        case .failed: Style.red.apply(to: "✗", color: color)
        }
    }
}

/// The document of `prewarm doctor`.
struct HealthDocument: Document {
    struct Check: Document {
        let kind: String
        let name: String?
        let verdict: String
        let message: String
        let hint: String?
        let details: OrderedMap<String>?
    }

    struct Library: Document {
        /// The version and the capabilities of the git library.
        let library: String
        let limits: [String]
    }

    let healthy: Bool
    let checks: [Check]
    let git: Library
}
