import PrewarmCore

/// The state of a live screen: the search, and the part of the body that is visible.
struct LiveView {
    /// The lines of a screen of one width.
    struct Content {
        /// The lines at the top, which stay when the body is scrolled.
        var head: [TerminalText] = []
        var body: [TerminalText] = []
    }

    /// The text that is searched for; empty to show everything.
    private(set) var search = ""
    /// True while the reader types the text to search for.
    private(set) var isTyping = false
    /// The number of lines of the body above the visible part.
    private var offset = 0
    /// The numbers of the last frame, for the keys that scroll by pages.
    private var height = 0
    private var count = 0

    /// The most characters of a search.
    private static let searchLimit = 200

    /// Takes a key.
    /// - Returns: False if the key ends the screen.
    mutating func press(_ key: Key) -> Bool {
        if isTyping {
            type(key)
            return true
        }
        switch key {
        case .character("q"): return false
        case .character("/"): isTyping = true
        case .escape: search = ""
        case .up, .character("k"): scroll(to: offset - 1)
        case .down, .character("j"): scroll(to: offset + 1)
        case .pageUp: scroll(to: offset - height)
        case .pageDown: scroll(to: offset + height)
        case .home: scroll(to: 0)
        case .end: scroll(to: count - height)
        case .enter, .backspace, .character: break
        }
        return true
    }

    private mutating func type(_ key: Key) {
        switch key {
        case .enter: isTyping = false
        case .escape: (isTyping, search) = (false, "")
        case .backspace: search = String(search.dropLast())
        case .character(let character):
            if search.count < Self.searchLimit { search.append(character) }
        case .up, .down, .pageUp, .pageDown, .home, .end: break
        }
        offset = 0
    }

    private mutating func scroll(to line: Int) { offset = max(0, min(line, count - height)) }

    /// Returns the rows of the terminal: the head, the visible part of the body and a last row.
    /// - Parameter status: The state of the connection, which the last row shows behind the keys.
    mutating func rows(_ content: Content, rows: Int, columns: Int, status: TerminalText) -> [TerminalText] {
        let head = content.head.prefix(max(0, rows - 2))
        (height, count) = (max(1, rows - head.count - 1), content.body.count)
        scroll(to: offset)
        let visible = content.body.dropFirst(offset).prefix(height)
        let filler = [TerminalText](repeating: "", count: height - visible.count)
        return Array((head + visible + filler + [lastRow(columns, status)]).prefix(max(1, rows)))
    }

    private func lastRow(_ columns: Int, _ status: TerminalText) -> TerminalText {
        if isTyping { return "/\(search.end(ofWidth: columns - 3))█" }
        let found = search.isEmpty ? "" : "/\(search)  "
        let place = count > height ? "\(offset + 1)–\(offset + min(height, count)) of \(count)  " : ""
        return "\("\(found)\(place)q quit  / search  ↑↓ scroll  \(status.plainText)".cut(toWidth: columns))"
    }
}

extension String {
    /// The end of the text that is at most as wide as a number of terminal cells.
    fileprivate func end(ofWidth width: Int) -> Substring {
        var (left, start) = (width, endIndex)
        while start > startIndex {
            let before = index(before: start)
            left -= self[before].displayWidth
            guard left >= 0 else { break }
            start = before
        }
        return self[start...]
    }
}
