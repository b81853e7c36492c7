/// Converts the text of a statement from SQLite's words to PostgreSQL's.
///
/// | SQLite | PostgreSQL |
/// | --- | --- |
/// | `?`, `?2` | `$1`, `$2` |
/// | `INDEXED BY name`, `CROSS JOIN`, `+column`, `INSERT OR FAIL`: hints for its planner and journal | removed |
/// | `x IS ?`, `x IS NOT ?` | `x IS NOT DISTINCT FROM $1`, `x IS DISTINCT FROM $1` |
/// | `min(a, b)`, `max(a, b)` | `least(a, b)`, `greatest(a, b)` |
/// | `instr(text, part)` | `strpos(text, part)` |
///
/// `least` and `greatest` ignore NULL, so no statement of prewarm relies on it.
struct SQLTranslation {
    private let text: [UInt8]
    private var index = 0
    private var output: [UInt8] = []
    /// The largest number of a placeholder so far. A `?` without a number gets the next one.
    private var largest = 0

    private init(_ sql: String) {
        text = Array(sql.utf8)
        output.reserveCapacity(text.count + 32)
    }

    /// Returns the translation in UTF-8, with a zero byte at its end.
    static func translated(_ sql: String) -> [UInt8] {
        var translation = SQLTranslation(sql)
        while translation.index < translation.text.count { translation.step() }
        return translation.output + [0]
    }

    private mutating func step() {
        let byte = text[index]
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): copyQuoted(byte)
        case UInt8(ascii: "?"): placeholder()
        case UInt8(ascii: "+") where Self.isLetter(at(index + 1)): index += 1
        case _ where Self.isLetter(byte): word()
        default: copy(to: index + 1)
        }
    }

    private mutating func copy(to end: Int) {
        output.append(contentsOf: text[index..<end])
        index = end
    }

    private mutating func copyQuoted(_ quote: UInt8) {
        // A doubled quote inside the text looks like the end of one text and the start of another.
        let end = text[(index + 1)...].firstIndex(of: quote).map { $0 + 1 } ?? text.count
        copy(to: end)
    }

    private mutating func placeholder() {
        index += 1
        let digits = text[index...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        index += digits.count
        let number = Int(String(decoding: digits, as: UTF8.self)) ?? largest + 1
        largest = max(largest, number)
        emit("$\(number)")
    }

    private mutating func word() {
        let end = endOfWord(from: index)
        switch String(decoding: text[index..<end], as: UTF8.self) {
        case "INDEXED":
            // `INDEXED BY name`
            index = endOfWord(from: skipSpace(endOfWord(from: skipSpace(end))))
        case "CROSS": index = end
        case "INSERT" where words(after: end, are: ["OR", "FAIL"]):
            copy(to: end)
            index = endOfWord(from: skipSpace(endOfWord(from: skipSpace(end))))
        case "IS": comparison(end)
        case "instr":
            emit("strpos")
            index = end
        case "min" where isOfSeveral(end), "max" where isOfSeveral(end):
            emit(at(index + 1) == UInt8(ascii: "i") ? "least" : "greatest")
            index = end
        default: copy(to: end)
        }
    }

    /// Translates `IS ?` and `IS NOT ?`. `IS NULL` and `IS NOT NULL` stay.
    private mutating func comparison(_ end: Int) {
        let next = skipSpace(end)
        if at(next) == UInt8(ascii: "?") {
            emit("IS NOT DISTINCT FROM ")
            index = next
        } else if words(after: end, are: ["NOT"]), at(skipSpace(next + 3)) == UInt8(ascii: "?") {
            emit("IS DISTINCT FROM ")
            index = skipSpace(next + 3)
        } else {
            copy(to: end)
        }
    }

    /// Returns true if a parenthesis with several arguments follows.
    private func isOfSeveral(_ start: Int) -> Bool {
        guard at(start) == UInt8(ascii: "(") else { return false }
        var depth = 0
        for byte in text[start...] {
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: ",") where depth == 1: return true
            default: break
            }
            if depth == 0 { return false }
        }
        return false
    }

    private func words(after start: Int, are expected: [String]) -> Bool {
        var index = start
        for word in expected {
            let begin = skipSpace(index)
            index = endOfWord(from: begin)
            guard text[begin..<index].elementsEqual(word.utf8) else { return false }
        }
        return true
    }

    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while let byte = at(index), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") { index += 1 }
        return min(index, text.count)
    }

    private func endOfWord(from start: Int) -> Int {
        var index = start
        while let byte = at(index), Self.isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            index += 1
        }
        return min(index, text.count)
    }

    private func at(_ index: Int) -> UInt8? { index < text.count ? text[index] : nil }

    private mutating func emit(_ word: String) { output.append(contentsOf: word.utf8) }

    private static func isLetter(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
