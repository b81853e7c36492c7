import PrewarmCore

/// A table that becomes a list of cards on a phone. Explicit roles keep it a table for screen readers there.
struct Table {
    struct Column {
        let title: String
        var isNumber = false
        /// True for the column that names the row.
        var isHeader = false
        /// The class of the column's cells; nil for a column of short words.
        var kind: String?

        init(_ title: String, isNumber: Bool = false, isHeader: Bool = false, kind: String? = nil) {
            self.title = title
            self.isNumber = isNumber
            self.isHeader = isHeader
            self.kind = kind ?? (isNumber ? "number" : nil)
        }
    }

    let caption: String
    /// True if the caption repeats the heading above the table, so that only screen readers need it.
    var hidesCaption = true
    let columns: [Column]
    let rows: [[Markup]]

    var markup: Markup {
        let head = columns.map { column -> Markup in
            let number: Markup = column.isNumber ? " class=\"number\"" : ""
            return "<th role=\"columnheader\" scope=\"col\"\(number)>\(column.title)</th>"
        }
        return """
            <table role="table" class="cards">
            <caption\(hidesCaption ? " class=\"unseen\"" as Markup : "")>\(caption)</caption>
            <thead role="rowgroup"><tr role="row">\(head.joined())</tr></thead>
            <tbody role="rowgroup">
            \(rows.map(row).joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    private func row(_ cells: [Markup]) -> Markup {
        let markup = zip(columns, cells).map { column, cell -> Markup in
            if column.isHeader { return "<th role=\"rowheader\" scope=\"row\">\(cell)</th>" }
            let kind: Markup = column.kind.map { " class=\"\($0)\"" } ?? ""
            // On a phone, the cell is a grid of the column's title and this element.
            let content: Markup = cell == "" ? "" : "<div>\(cell)</div>"
            return "<td role=\"cell\"\(kind) data-label=\"\(column.title)\">\(content)</td>"
        }
        return "<tr role=\"row\">\(markup.joined())</tr>"
    }
}

/// A number with its name.
struct Tile {
    let name: String
    let value: Markup
    var detail: Markup = ""

    static func row(_ tiles: [Tile], label: String) -> Markup {
        let items = tiles.map { tile -> Markup in
            let detail: Markup = tile.detail == "" ? "" : "<dd class=\"detail\">\(tile.detail)</dd>"
            return "<div class=\"tile\"><dt>\(tile.name)</dt><dd class=\"value\">\(tile.value)</dd>\(detail)</div>"
        }
        return "<dl class=\"tiles\" aria-label=\"\(label)\">\(items.joined())</dl>"
    }
}
