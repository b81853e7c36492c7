import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmProvisioners
import Synchronization

/// The findings of `prewarm provisioner test`. As text they are written one by one, because a create can take minutes.
final class ConformanceReport: Sendable {
    private let definition: TestedWorkspace
    /// The console for the text of each finding; nil if only ``document`` is used.
    private let console: Console?
    private let findings = Mutex<[ConformanceFinding]>([])

    init(_ definition: TestedWorkspace, console: Console?) {
        self.definition = definition
        self.console = console
    }

    /// Adds a finding, with the values of the configuration's variables masked.
    func add(_ finding: ConformanceFinding) {
        let finding = ConformanceFinding(
            check: finding.check, result: finding.result, message: Console.masked(finding.message),
            hint: finding.hint.map(Console.masked))
        findings.withLock { $0.append(finding) }
        if let console { console.write(Self.text(finding, color: console.colorsOutput)) }
    }

    var hasFailed: Bool { count(.failed) > 0 }

    private func count(_ result: ConformanceFinding.Result) -> Int {
        findings.withLock { $0.count { $0.result == result } }
    }

    /// The report for programs.
    var document: ConformanceDocument {
        let findings = findings.withLock(\.self)
        return ConformanceDocument(
            provisioner: definition.spec.provisioner, passed: !hasFailed, preset: definition.preset.name,
            template: definition.spec.template, version: definition.spec.version,
            summary: OrderedMap(ConformanceFinding.Result.allCases.map { ($0.rawValue, count($0)) }),
            findings: findings.map { finding in
                ConformanceDocument.Finding(
                    check: finding.check.rawValue, result: finding.result.rawValue, expected: finding.check.expected,
                    message: finding.message, hint: finding.hint)
            })
    }

    private static let width = ConformanceCheck.allCases.map(\.rawValue.count).max() ?? 0

    private static func text(_ finding: ConformanceFinding, color: Bool) -> TerminalText {
        let name = finding.check.rawValue
        let indent = String(repeating: " ", count: width + 4)
        let padding = String(repeating: " ", count: width - name.count)
        let message = TerminalText(lines: finding.message.replacing("\n", with: "\n" + indent))
        var lines: [TerminalText] = ["\(finding.result.symbol(color: color)) \(name)\(padding)  \(message)"]
        if finding.result == .warning || finding.result == .failed {
            lines.append("\(indent)\(Style.dim.apply(to: "expected:", color: color)) \(finding.check.expected)")
        }
        if let hint = finding.hint {
            lines.append("\(indent)\(Style.cyan.apply(to: "hint:", color: color)) \(hint)")
        }
        return lines.map { "\($0)\n" }.joined()
    }

    /// Writes the result of the whole test to standard error.
    func conclude(_ console: Console) {
        let name = definition.spec.provisioner
        let counts = [
            "\(count(.passed)) passed", counted(count(.warning), "warning"), "\(count(.failed)) failed",
            "\(count(.skipped)) skipped",
        ].joined(separator: ", ")
        hasFailed
            ? console.step(.failure, "\(name) does not conform to the protocol: \(counts)")
            : console.step(.success, "\(name) conforms to the protocol: \(counts)")
    }
}

extension ConformanceFinding.Result {
    fileprivate func symbol(color: Bool) -> TerminalText {
        switch self {
        case .passed: Style.green.apply(to: "✔", color: color)
        case .warning: Style.yellow.apply(to: "!", color: color)
        case .failed: Style.red.apply(to: "✗", color: color)
        case .skipped: Style.dim.apply(to: "-", color: color)
        }
    }
}

/// The document of `prewarm provisioner test`.
struct ConformanceDocument: Document {
    struct Finding: Document {
        let check: String
        let result: String
        /// The sentence that says what the protocol asks for.
        let expected: String
        let message: String
        let hint: String?
    }

    let provisioner: String
    let passed: Bool
    let preset: String
    let template: String
    let version: String
    /// The numbers of findings by result.
    let summary: OrderedMap<Int>
    let findings: [Finding]
}
