import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The tables of `prewarm get`. They show the same documents that programs get as JSON.
struct DocumentTable<Row> {
    /// A column: its title, and the cell for a document.
    struct Column {
        let title: String
        /// Returns true if a document needs the column. A column that no document needs is left out.
        private(set) var isNeeded: (Row) -> Bool = { _ in true }
        let cell: (Row) -> Table.Cell

        init(_ title: String, _ cell: @escaping (Row) -> Table.Cell) {
            self.title = title
            self.cell = cell
        }

        /// Makes a column that shows a text on one line, and "-" if it is missing.
        init(_ title: String, text: @escaping (Row) -> String?) {
            self.init(title) { Table.Cell(text($0) ?? "-") }
        }

        init(_ title: String, number: @escaping (Row) -> Int) {
            self.init(title) { Table.Cell("\(number($0))") }
        }

        /// Makes a column that shows a number, 0 if it is missing. Without any such number, the column is left out.
        init(_ title: String, numberIfAny number: @escaping (Row) -> Int?) {
            self.init(title) { Table.Cell("\(number($0) ?? 0)") }
            isNeeded = { number($0) != nil }
        }

        /// Makes a column that shows the age of a time.
        init(_ title: String, age time: @escaping (Row) -> Timestamp?, now: Timestamp) {
            self.init(title) { row in Table.Cell(time(row).map { (now - $0).age } ?? "-") }
        }
    }

    let columns: [Column]
    /// The title of the column that is cut first if the terminal is narrow; nil if no column is cut.
    let flexible: String?
    /// The titles of the columns that are left out in this order if the terminal is narrow.
    var optional: [String] = []

    /// Returns the table with the source as the first column.
    func with(source: @escaping (Row) -> String) -> DocumentTable {
        let others = columns.filter { $0.title != "SOURCE" }
        return DocumentTable(
            columns: [Column("SOURCE", text: source)] + others, flexible: flexible,
            optional: optional.filter { $0 != "SOURCE" })
    }

    /// Returns the text of a table with one row for each document.
    /// - Parameter isWide: true if all columns are shown whole, even if the terminal is narrower.
    func text(_ documents: [Row], _ console: Console, isWide: Bool = false) -> TerminalText {
        let columns = columns.filter { documents.contains(where: $0.isNeeded) }
        var table = Table(columns.map(\.title), flexible: flexible, optional: optional)
        for document in documents { table.add(columns.map { $0.cell(document) }) }
        return table.text(width: isWide ? nil : console.outputWidth, color: console.colorsOutput)
    }
}

extension OrderedMap<String> {
    /// The values for people on one line, for example `team=web, size=large`.
    var line: String { pairs.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") }
}

extension Int? {
    /// The number, from 0 to 1,000,000; 0 without a number. It is for sums over a document of another program, which may have
    /// any numbers.
    var bounded: Int { Swift.min(Swift.max(0, self ?? 0), 1_000_000) }
}

extension String {
    /// The text of a revision with eight digits of its commit, for example `main@sha1:5394cb7f`.
    var shortRevision: String { Revision(self)?.short ?? self }
}
