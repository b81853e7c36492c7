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

    /// The report as a JSON document.
    var value: Value {
        .object(known: [
            "healthy": .bool(isHealthy),
            "checks": .array(
                checks.map { check in
                    .object(known: [
                        "kind": .string(check.kind), "name": check.name.map { .string($0) },
                        "verdict": .string(check.verdict.rawValue), "message": .string(check.message),
                        "hint": check.hint.map { .string($0) },
                        "details": check.details.isEmpty
                            ? nil
                            : .object(check.details.map { ($0.key, .string($0.value)) }),
                    ])
                }),
            "git": .object(known: ["library": .string(library), "limits": .array(limits.map { .string($0) })]),
        ])
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
