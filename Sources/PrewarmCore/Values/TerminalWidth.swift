extension Character {
    /// The approximate width in terminal cells. East Asian wide characters and emoji take two cells.
    package var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        let isWide =
            (0x1100...0x115f).contains(scalar.value) || (0x2e80...0xa4cf).contains(scalar.value)
            || (0xac00...0xd7a3).contains(scalar.value) || (0xf900...0xfaff).contains(scalar.value)
            || (0xff00...0xff60).contains(scalar.value) || (0x1f300...0x1faff).contains(scalar.value)
        return isWide ? 2 : 1
    }
}

extension String {
    /// The approximate width of the text in terminal cells.
    package var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// Returns the text, cut to a width with `…` at the end if it is longer.
    package func cut(toWidth width: Int) -> String {
        guard displayWidth > width else { return self }
        var result = ""
        var used = 0
        for character in self {
            let next = character.displayWidth
            guard used + next < width else { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }
}

extension TerminalText {
    /// The text without colors.
    package var plainText: String { pieces.filter { !$0.isStyle }.map { String($0.text) }.joined() }

    /// Returns the lines of the text, each at most as wide as a terminal. A longer line is broken at a space if there is one,
    /// and its colors go on. An empty text has no lines.
    /// - Parameter width: The width of the terminal in cells, at least 1.
    package func lines(width: Int) -> [TerminalText] {
        var lines: [TerminalText] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            lines += TerminalText(ready: String(line)).wrapped(to: max(1, width))
        }
        if lines.last?.text.isEmpty == true { lines.removeLast() }
        return lines
    }

    private func wrapped(to width: Int) -> [TerminalText] {
        var rows = [Row()]
        var style = ""
        for piece in pieces {
            if piece.isStyle {
                style = String(piece.text)
                rows[rows.count - 1].text += piece.text
                continue
            }
            for character in piece.text {
                if rows[rows.count - 1].width + character.displayWidth > width {
                    rows.append(rows[rows.count - 1].split(style: style))
                }
                rows[rows.count - 1].add(character)
            }
        }
        return rows.map { TerminalText(ready: $0.text) }
    }

    /// A row of a line that is broken.
    private struct Row {
        var text = ""
        var width = 0
        /// The place behind the last space, and the width up to there.
        private var lastBreak: (place: String.Index, width: Int)?

        mutating func add(_ character: Character) {
            text.append(character)
            width += character.displayWidth
            if character == " " { lastBreak = (text.endIndex, width) }
        }

        /// Ends the row behind its last space, and returns the next row with the rest.
        mutating func split(style: String) -> Row {
            var next = Row()
            let isStyled = !style.isEmpty && style != Self.plain
            if isStyled { next.text = style }
            // A color between the space and the end would be moved with the rest, so such a row is broken at its end.
            if let lastBreak, !text[lastBreak.place...].contains("\u{1b}"), lastBreak.width > width / 2 {
                next.text += text[lastBreak.place...]
                next.width = width - lastBreak.width
                text = String(text[..<lastBreak.place])
            }
            if isStyled { text += Self.plain }
            return next
        }

        private static let plain = "\u{1b}[0m"
    }

    private struct Piece {
        let text: Substring
        let isStyle: Bool
    }

    /// The styles of prewarm, such as `ESC [ 31 m`, and the texts between them.
    private var pieces: [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "\u{1b}") {
            if start > rest.startIndex { pieces.append(Piece(text: rest[..<start], isStyle: false)) }
            let end = rest[start...].firstIndex(of: "m").map { rest.index(after: $0) } ?? rest.endIndex
            pieces.append(Piece(text: rest[start..<end], isStyle: true))
            rest = rest[end...]
        }
        if !rest.isEmpty { pieces.append(Piece(text: rest, isStyle: false)) }
        return pieces
    }
}
