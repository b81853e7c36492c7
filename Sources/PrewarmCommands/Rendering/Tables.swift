import PrewarmCore
import PrewarmEngine

/// The tables of `get`, from the documents that programs get.
struct DocumentTable {
    /// One column: its title, and what stands there of a document.
    struct Column {
        let title: String
        let cell: (Value) -> Table.Cell

        init(_ title: String, _ cell: @escaping (Value) -> Table.Cell) {
            self.title = title
            self.cell = cell
        }

        /// A member as it is, in one line; "-" where there is none.
        init(_ title: String, text key: String) {
            self.init(title) { Table.Cell($0[key]?.plainText ?? "-") }
        }

        /// How long ago a time is.
        init(_ title: String, age key: String, now: Timestamp) {
            self.init(title) { Table.Cell($0.age(of: key, at: now)) }
        }
    }

    let columns: [Column]
    /// The first to be cut where the terminal is narrow.
    let flexible: String
    /// Left out where the terminal is narrow, the first one first.
    var optional: [String] = []

    /// The same with the sources in front.
    var withSources: DocumentTable {
        let others = columns.filter { $0.title != "SOURCE" }
        return DocumentTable(
            columns: [Column("SOURCE", text: "source")] + others, flexible: flexible,
            optional: optional.filter { $0 != "SOURCE" })
    }

    /// - Parameter isWide: Whether every column is shown whole, however narrow the terminal is.
    func text(_ documents: [Value], _ console: Console, isWide: Bool = false) -> TerminalText {
        var table = Table(columns.map(\.title), flexible: flexible, optional: optional)
        for document in documents { table.add(columns.map { $0.cell(document) }) }
        return table.text(width: isWide ? nil : console.outputWidth, colour: console.coloursOutput)
    }
}

extension Value {
    /// For people: a text without quotes, a list with commas.
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

    func condition(_ kind: Condition.Kind) -> Value? {
        list("conditions").first { $0.text("type") == kind.rawValue }
    }

    /// `main@sha1:5394cb7f` of the full form.
    func shortRevision(_ key: String) -> String? {
        text(key).map { Revision($0)?.short ?? $0 }
    }
}
