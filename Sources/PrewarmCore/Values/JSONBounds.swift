/// The limits of a JSON text that comes from outside, checked in one pass over its bytes before a parser sees it.
///
/// Parsers take time that grows faster than the text where it is deeply nested (a list 480 deep, 1.4 KB, kept
/// Foundation's decoder busy for a second), so nothing is parsed before ``check(_:)`` has passed. The pass itself
/// takes linear time, ends at the first violation, and allocates nothing. It does not say that a text is JSON.
package struct JSONBounds: Hashable, Sendable {
    /// The most bytes that a text may have.
    package let size: Int
    /// The most objects and lists that may be within one another: `[{"a": []}]` has the depth 3.
    package let depth: Int

    package init(size: Int, depth: Int) {
        self.size = size
        self.depth = depth
    }

    /// The reason why a text is refused.
    package enum Violation: Error, Hashable, Sendable, CustomStringConvertible {
        case tooLarge(limit: Int)
        case tooDeep(limit: Int)
        /// A zero byte, which no JSON text in UTF-8 contains. Some parsers take such a text for UTF-16 or UTF-32, in
        /// which the bytes of a quote or a bracket mean something else.
        case notUTF8

        package var description: String {
            switch self {
            case .tooLarge(let limit): "the JSON is larger than \(limit) bytes"
            case .tooDeep(let limit): "the JSON is nested more than \(limit) levels deep"
            case .notUTF8: "the JSON is not in UTF-8"
            }
        }
    }

    /// Throws where a text exceeds the limits.
    package func check(_ text: [UInt8]) throws(Violation) {
        guard text.count <= size else { throw .tooLarge(limit: size) }
        var open = 0
        var isInString = false
        var isEscaped = false
        for byte in text {
            if byte == 0 { throw .notUTF8 }
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { isInString = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    open += 1
                    if open > depth { throw .tooDeep(limit: depth) }
                case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
                default: break
                }
            }
        }
    }
}
