import PrewarmCore

/// A table of text that fits the width of the terminal.
struct Table {
    struct Column {
        let title: String
        /// True for the column that is cut first if the table is too wide.
        var isFlexible = false
    }

    private let columns: [Column]
    /// The titles of the columns that are left out in this order if the terminal is narrow.
    private let optional: [String]
    private var rows: [[Cell]] = []

    struct Cell: ExpressibleByStringInterpolation {
        /// The text on one line, without control characters.
        let text: String
        var style = Style.plain

        init(_ text: String, _ style: Style = .plain) {
            self.text = text.printable
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    /// - Parameters:
    ///   - flexible: The title of the column that is cut if the terminal is narrow; nil if no column is cut.
    ///   - optional: The titles of the columns that are left out in this order if the terminal is narrow.
    init(_ titles: [String], flexible: String?, optional: [String] = []) {
        self.optional = optional
        columns = titles.map { Column(title: $0, isFlexible: $0 == flexible) }
    }

    mutating func add(_ row: [Cell]) {
        rows.append(row)
    }

    /// Returns the table with its titles.
    /// - Parameter width: the width of the terminal; nil if the output is not a terminal, so that nothing is cut.
    func text(width: Int?, color: Bool) -> TerminalText {
        lay([columns.map { Cell($0.title, .bold) }] + rows, width: width, color: color)
    }

    /// Returns the rows without the titles.
    func rowsText(color: Bool) -> TerminalText { lay(rows, width: nil, color: color) }

    private func lay(_ cells: [[Cell]], width: Int?, color: Bool) -> TerminalText {
        var widths = columns.indices.map { index in
            cells.map { $0.indices.contains(index) ? $0[index].text.displayWidth : 0 }.max() ?? 0
        }
        var hidden: Set<Int> = []
        if let width { hidden = fit(&widths, into: width) }
        let shown = columns.indices.filter { !hidden.contains($0) }
        var text: TerminalText = ""
        for row in cells {
            let last = shown.last { row.indices.contains($0) && !row[$0].text.isEmpty }
            for index in shown where row.indices.contains(index) && index <= last ?? -1 {
                let cell = row[index]
                let content = cell.text.cut(toWidth: widths[index])
                let padding = String(repeating: " ", count: max(0, widths[index] - content.displayWidth))
                text += cell.style.apply(to: "\(content)", color: color)
                if index != last { text += "\(padding)  " }
            }
            text += "\n"
        }
        return text
    }
}

extension Table {
    private static let gap = 2
    /// The least width of a column that is cut, in terminal cells.
    private static let leastWidth = 10

    /// Fits the widths into the width of the terminal. It hides optional columns, then cuts the flexible column, then the
    /// first column. Without a flexible column, the terminal wraps what is still too wide. Returns the indices of the hidden columns.
    private func fit(_ widths: inout [Int], into width: Int) -> Set<Int> {
        var hidden: Set<Int> = []
        let flexible = columns.firstIndex(where: \.isFlexible)
        func excess(_ widths: [Int]) -> Int {
            let shown = widths.indices.filter { !hidden.contains($0) }
            return shown.reduce((shown.count - 1) * Self.gap + 1) { $0 + widths[$1] } - width
        }
        func cut(_ index: Int) {
            widths[index] = max(min(widths[index], Self.leastWidth), widths[index] - max(0, excess(widths)))
        }
        var candidates = optional[...]
        let spare = flexible.map { max(0, widths[$0] - Self.leastWidth) } ?? 0
        while let title = candidates.first, excess(widths) > spare {
            candidates.removeFirst()
            if let index = columns.firstIndex(where: { $0.title == title }) { hidden.insert(index) }
        }
        if let flexible {
            cut(flexible)
            cut(0)
        }
        return hidden
    }
}

enum Style: String {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    func apply(to text: TerminalText, color: Bool) -> TerminalText {
        color && self != .plain ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
    }
}
