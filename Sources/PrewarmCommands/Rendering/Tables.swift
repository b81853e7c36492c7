import PrewarmCore
import PrewarmEngine

/// The tables of `prewarm get`. They show the same documents that programs get as JSON.
struct DocumentTable {
    /// A column: its title, and the cell for a document.
    struct Column {
        let title: String
        /// The member without which a document does not need the column; nil if every document needs it.
        private(set) var neededKey: String?
        let cell: (Value) -> Table.Cell

        init(_ title: String, _ cell: @escaping (Value) -> Table.Cell) {
            self.title = title
            self.cell = cell
        }

        /// Makes a column that shows a member on one line, and "-" if the member is missing.
        init(_ title: String, text key: String) {
            self.init(title) { Table.Cell($0[key]?.plainText ?? "-") }
        }

        /// Makes a column that shows a number, 0 if the member is missing. Without any such member, the column is left out.
        init(_ title: String, numberIfAny key: String) {
            self.init(title) { Table.Cell($0[key]?.plainText ?? "0") }
            neededKey = key
        }

        /// Makes a column that shows the age of a time.
        init(_ title: String, age key: String, now: Timestamp) {
            self.init(title) { Table.Cell($0.age(of: key, at: now)) }
        }
    }

    let columns: [Column]
    /// The title of the column that is cut first if the terminal is narrow; nil if no column is cut.
    let flexible: String?
    /// The titles of the columns that are left out in this order if the terminal is narrow.
    var optional: [String] = []

    /// The table with the source as the first column.
    var withSources: DocumentTable {
        let others = columns.filter { $0.title != "SOURCE" }
        return DocumentTable(
            columns: [Column("SOURCE", text: "source")] + others, flexible: flexible,
            optional: optional.filter { $0 != "SOURCE" })
    }

    /// Returns the text of a table with one row for each document.
    /// - Parameter isWide: true if all columns are shown whole, even if the terminal is narrower.
    func text(_ documents: [Value], _ console: Console, isWide: Bool = false) -> TerminalText {
        let columns = columns.filter { column in
            column.neededKey.map { key in documents.contains { $0[key] != nil } } ?? true
        }
        var table = Table(columns.map(\.title), flexible: flexible, optional: optional)
        for document in documents { table.add(columns.map { $0.cell(document) }) }
        return table.text(width: isWide ? nil : console.outputWidth, color: console.colorsOutput)
    }
}

extension Value {
    /// The value for people: a text without quotes, a list with commas; nil for null.
    var plainText: String? {
        switch self {
        case .null: nil
        case .bool(let value): value ? "yes" : "no"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .number(let text): text
        case .string(let value): value
        case .array(let elements): elements.compactMap(\.plainText).joined(separator: ",")
        case .object(let pairs): pairs.map { "\($0.key)=\($0.value.plainText ?? "")" }.joined(separator: ", ")
        }
    }

    func time(_ key: String) -> Timestamp? { text(key).flatMap { Timestamp($0) } }

    func age(of key: String, at now: Timestamp) -> String { time(key).map { (now - $0).age } ?? "-" }

    /// Returns the condition of a kind; nil if the document does not have it.
    func condition(_ kind: Condition.Kind) -> Value? {
        list("conditions").first { $0.text("type") == kind.rawValue }
    }

    /// Returns a revision with eight digits of its commit, for example `main@sha1:5394cb7f`; nil if the member is missing.
    func shortRevision(_ key: String) -> String? {
        text(key).map { Revision($0)?.short ?? $0 }
    }
}
