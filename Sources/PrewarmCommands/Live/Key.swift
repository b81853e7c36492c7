/// A key of a live screen.
enum Key: Hashable, Sendable {
    case character(Character)
    case up, down, pageUp, pageDown, home, end
    case enter, backspace, escape

    /// Returns the keys in the bytes that a terminal sent at once. Sequences that no key of this enumeration has are left
    /// out.
    static func parse(_ bytes: [UInt8]) -> [Key] {
        var (keys, rest) = ([Key](), bytes[...])
        while let first = rest.first {
            if first == 0x1b, rest.count > 1, let next = rest.dropFirst().first, next == 0x5b || next == 0x4f {
                let body = rest.dropFirst(2)
                // A sequence ends with a byte from @ to ~ (ECMA-48, 5.4).
                let end = body.firstIndex { (0x40...0x7e).contains($0) } ?? body.endIndex
                let name = String(decoding: body[..<min(body.endIndex, end + 1)], as: UTF8.self)
                if let key = sequences[name] { keys.append(key) }
                rest = body[min(body.endIndex, end + 1)...]
                continue
            }
            switch first {
            case 0x1b: keys.append(.escape)
            case 0x0d, 0x0a: keys.append(.enter)
            case 0x7f, 0x08: keys.append(.backspace)
            case ..<0x20: break
            default:
                let text = rest.prefix { $0 >= 0x20 && $0 != 0x7f }
                keys += String(decoding: text, as: UTF8.self).map { .character($0) }
                rest = rest.dropFirst(text.count)
                continue
            }
            rest = rest.dropFirst()
        }
        return keys
    }

    private static let sequences: [String: Key] = [
        "A": .up, "B": .down, "5~": .pageUp, "6~": .pageDown, "H": .home, "F": .end, "1~": .home, "4~": .end,
    ]
}
