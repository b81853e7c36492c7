import Foundation

/// A generated page of the documentation.
struct ReferencePage: Sendable {
    /// The name of the page without `.md`.
    let name: String
    let title: String
    /// One sentence below the title.
    let abstract: String
    /// The text below the heading `Overview`.
    let body: String

    var text: String {
        "# \(title)\n\n\(abstract)\n\n## Overview\n\nA test generates this page from the program.\n\n\(body)"
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private var file: URL { Self.root.appending(path: "Sources/prewarm/Documentation.docc/\(name).md") }

    /// The text of the page in the repository.
    var stored: String? { try? String(contentsOf: file, encoding: .utf8) }

    func write() throws { try Data(text.utf8).write(to: file) }
}

/// A table in Markdown.
struct MarkdownTable {
    let columns: [String]
    var rows: [[String]] = []

    /// The lines of the table. What Markdown would take for markup is escaped: outside of code `<` and `*`, and everywhere
    /// a vertical bar.
    var text: String {
        let head = [columns, columns.map { _ in "---" }]
        let cells = rows.map { row in
            row.map { Self.escaped($0.split(whereSeparator: \.isNewline).joined(separator: " ")) }
        }
        return (head + cells).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    private static func escaped(_ text: String) -> String {
        let parts = text.replacing("|", with: "\\|").components(separatedBy: "`")
        return parts.enumerated().map { index, part in
            index.isMultiple(of: 2) ? part.replacing("<", with: "\\<").replacing("*", with: "\\*") : part
        }.joined(separator: "`")
    }
}
