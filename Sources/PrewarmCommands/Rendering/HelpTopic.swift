import PrewarmCore

/// A topic of `prewarm help TOPIC`: a subject that belongs to no single command.
package enum HelpTopic: String, CaseIterable, Sendable {
    case environment
    case exitCodes = "exit-codes"
    case formats

    /// Returns the topic that the arguments ask for; nil if they ask for something else.
    init?(arguments: [String]) {
        guard arguments.count == 2, arguments[0] == "help" else { return nil }
        self.init(rawValue: arguments[1])
    }

    var title: String {
        switch self {
        case .environment: "The environment variables that commands read"
        case .exitCodes: "The exit codes of commands, which scripts can rely on"
        case .formats: "The formats of arguments and output"
        }
    }

    /// The terms of the topic with their meanings.
    var entries: [(term: String, meaning: String)] {
        switch self {
        case .environment: EnvironmentVariable.allCases.map { ($0.rawValue, $0.meaning) }
        case .exitCodes:
            ExitStatus.allCases.map { status in
                (
                    "\(status.rawValue)",
                    status.scope + status.meaning
                )
            }
        case .formats: Self.formatEntries
        }
    }

    private static let formatEntries: [(term: String, meaning: String)] = [
        ("duration", "A number with a unit: 90s, 15m, 24h or 7d."),
        ("time", "RFC 3339, for example 2026-11-23T08:00:00Z."),
        ("preset", "NAME, or SOURCE/NAME if several sources have a preset of that name."),
        ("workspace", "Its name or its ID."),
        ("revision", "A branch, a tag, a commit, or the first digits of a commit: at least 4, for `approve` 6."),
        ("kind and name", "KIND NAME or KIND/NAME, for example `get preset go-large` and `get preset/go-large`."),
        (
            "--output table",
            "A table for people. On a narrow terminal it leaves out columns or cuts the last one, but never an endpoint."
        ),
        ("--output wide", "A table with more columns, which nothing cuts."),
        ("--output json", "An array for a list, an object for one thing. Times are in UTC; absent means unknown."),
        ("--output yaml", "The same document as YAML."),
        ("--output name", "One name on a line, as other commands take it."),
        ("--field PATH", "One value of each object, for example endpoint, metadata.path or conditions[0].type."),
    ]

    /// The topic as text of at most 80 columns.
    var text: TerminalText {
        let width = (entries.map(\.term.count).max() ?? 0) + 2
        let lines = entries.map { term, meaning in
            let start = term + String(repeating: " ", count: width - term.count)
            let indent = "\n" + String(repeating: " ", count: width)
            return start + meaning.wrapped(to: 80 - width).joined(separator: indent)
        }
        return TerminalText(lines: "\(title):\n\n\(lines.joined(separator: "\n"))\n")
    }

    /// The sentence about all topics in the help of prewarm.
    static var overview: String {
        "Topics: " + allCases.map { "`prewarm help \($0.rawValue)`" }.joined(separator: ", ") + "."
    }
}

extension String {
    /// The text in lines of at most a number of characters. A longer word has a line of its own.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(whereSeparator: \.isWhitespace) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
