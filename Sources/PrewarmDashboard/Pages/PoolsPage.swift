package import PrewarmAPI
import PrewarmCore

/// The page of all pools.
package struct PoolsPage: Sendable {
    /// The number of pools on one page.
    package static let pageSize = 50

    /// The search of the reader.
    package struct Search: Sendable {
        /// A part of the name, the source, the template or a label; empty for all pools.
        package let text: String
        /// True to show only pools that need attention.
        package let needsAttention: Bool
        /// The number of the page, from 1.
        package let page: Int

        package init(text: String, needsAttention: Bool, page: Int) {
            self.text = text
            self.needsAttention = needsAttention
            self.page = page
        }
    }

    /// The documents of the pools on this page.
    package let pools: [PresetDocument]
    /// The number of pools that the search found.
    package let found: Int
    package let totals: PoolSums
    package let search: Search

    package init(pools: [PresetDocument], found: Int, totals: PoolSums, search: Search) {
        self.pools = pools
        self.found = found
        self.totals = totals
        self.search = search
    }

    package var page: Page {
        Page(
            "Pools", section: .pools,
            main: """
                <h1>Pools</h1>
                \(Page.live("totals", tiles))
                \(searchForm)
                \(Page.live("pools", list))
                """)
    }

    private var tiles: Markup {
        let waiting = totals.waiting.map { [Tile(name: "Waiting claims", value: "\($0)")] } ?? []
        return Tile.row(
            [
                Tile(name: "Pools", value: "\(totals.pools)"),
                Tile(name: "Ready", value: "\(totals.ready)", detail: "of \(totals.desired) desired"),
                Tile(name: "Starting", value: "\(totals.starting)"),
                Tile(name: "Claimed", value: "\(totals.claimed)"),
            ] + waiting + [
                Tile(
                    name: "Need attention", value: "\(totals.attention)",
                    detail: totals.attention == 0
                        ? "all pools are healthy" : "<a href=\"/?show=attention\">show them</a>")
            ], label: "All pools")
    }

    private var searchForm: Markup {
        func option(_ value: String, _ text: String, _ isSelected: Bool) -> Markup {
            let selected: Markup = isSelected ? " selected" : ""
            return "<option value=\"\(value)\"\(selected)>\(text)</option>"
        }
        return """
            <form method="get" action="/" class="search" role="search">
            <div><label for="q">Search</label>
            <input id="q" name="q" type="search" value="\(search.text)" maxlength="200" placeholder="name, source, template or label"></div>
            <div><label for="show">Show</label>
            <select id="show" name="show">\(option("all", "All pools", !search.needsAttention))\
            \(option("attention", "Pools that need attention", search.needsAttention))</select></div>
            <button type="submit">Search</button>
            </form>
            """
    }

    private var list: Markup {
        guard !pools.isEmpty else { return "<p class=\"empty\">\(emptyText)</p>" }
        let hasWaiting = pools.contains { $0.waiting != nil }
        var columns: [Table.Column] = [
            .init("Pool", isHeader: true), .init("State", kind: "whole"), .init("Workspaces", kind: "whole"),
            .init("Ready", isNumber: true),
            .init("Desired", isNumber: true), .init("Starting", isNumber: true), .init("Claimed", isNumber: true),
        ]
        if hasWaiting { columns.append(.init("Waiting", isNumber: true)) }
        columns.append(.init("Hit rate", isNumber: true))
        let rows = pools.map { pool -> [Markup] in
            let waiting: [Markup] = hasWaiting ? ["\(pool.waiting ?? 0)"] : []
            return [
                name(pool), state(pool), PoolDots(pool).markup, "\(pool.claimable)",
                "\(pool.desired)", "\(pool.starting)", "\(pool.claimed)",
            ] + waiting + [HitRate(pool)?.percent ?? "–"]
        }
        let range = "\(first + 1) to \(first + pools.count) of \(found.counted("pool"))"
        return """
            \(Table(caption: "Pools \(range)", columns: columns, rows: rows).markup)
            \(pager(range))
            """
    }

    private var emptyText: String {
        if totals.pools == 0 {
            return "There are no pools yet. Commit a preset to a source, and its pool appears here."
        }
        return search.needsAttention && search.text.isEmpty
            ? "No pool needs attention." : "No pool matches the search."
    }

    private func name(_ pool: PresetDocument) -> Markup {
        """
        <a href="\(Address.pool(source: pool.source, name: pool.name))">\(pool.name)</a>\
        <span class="under">\(pool.source) · \(pool.template) \(pool.version)</span>
        """
    }

    /// The state, with the cause if builds of the pool fail.
    private func state(_ pool: PresetDocument) -> Markup {
        let cause = pool.failure.map {
            "<span class=\"under cause\">\($0.cause.limited(to: 120))</span>" as Markup
        }
        return PoolState(pool).badge + (cause ?? "")
    }

    private var first: Int { (search.page - 1) * Self.pageSize }

    private func pager(_ range: String) -> Markup {
        let pages = max(1, (found + Self.pageSize - 1) / Self.pageSize)
        guard pages > 1 else { return "" }
        func link(_ page: Int, _ text: String, _ relation: String) -> Markup {
            guard (1...pages).contains(page) else {
                return "<span class=\"muted\" aria-disabled=\"true\">\(text)</span>"
            }
            let show = search.needsAttention ? "attention" : "all"
            let address = "/?q=\(search.text.percentEncoded)&show=\(show)&page=\(page)"
            return "<a rel=\"\(relation)\" href=\"\(address)\">\(text)</a>"
        }
        return """
            <nav class="pager" aria-label="Pages">\(link(search.page - 1, "Previous", "prev"))\
            <span>\(range), page \(search.page) of \(pages)</span>\(link(search.page + 1, "Next", "next"))</nav>
            """
    }
}

/// The squares of a pool. The cells beside it have the numbers, so screen readers skip it.
struct PoolDots {
    private let squares: PoolSquares

    init(_ pool: PresetDocument) { squares = PoolSquares(pool, most: 12) }

    var markup: Markup {
        let count = squares.full + squares.half + squares.open
        guard count > 0 else { return "<span class=\"muted\">none</span>" }
        let shapes = (0..<count).map { index -> Markup in
            let x = index * 11 + 1
            if index < squares.full {
                return "<rect class=\"full\" x=\"\(x)\" y=\"1\" width=\"9\" height=\"9\" rx=\"2\"/>"
            }
            let frame: Markup = "<rect class=\"open\" x=\"\(x)\" y=\"1\" width=\"9\" height=\"9\" rx=\"2\"/>"
            return index < squares.full + squares.half
                ? frame + "<rect class=\"half\" x=\"\(x)\" y=\"5.5\" width=\"9\" height=\"4.5\" rx=\"1\"/>" : frame
        }
        let width = count * 11
        return """
            <svg class="dots" viewBox="0 0 \(width) 11" width="\(width)" height="11" aria-hidden="true" \
            focusable="false">\(shapes.joined())</svg>
            """
    }
}
