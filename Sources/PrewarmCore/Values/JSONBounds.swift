/// The limits for a JSON text from outside. They are checked in one pass over its bytes before it is parsed.
///
/// Parsers may take more than linear time for deeply nested text: Foundation's decoder took a second for a list that is
/// 480 levels deep and has 1.4 KB. So a text is only parsed after ``check(_:)``, which takes linear time, ends at the
/// first violation, and allocates nothing. It does not check that the text is valid JSON.
package struct JSONBounds: Hashable, Sendable {
    /// The largest number of bytes.
    package let size: Int
    /// The largest depth of nested objects and lists. Example: `[{"a": []}]` has the depth 3.
    package let depth: Int

    package init(size: Int, depth: Int) {
        self.size = size
        self.depth = depth
    }

    /// The reason why a text is refused.
    package enum Violation: Error, Hashable, Sendable, CustomStringConvertible {
        case tooLarge(limit: Int)
        case tooDeep(limit: Int)
        /// A zero byte, which a JSON text in UTF-8 never contains. Some parsers read such a text as UTF-16 or UTF-32,
        /// where the bytes of quotes and brackets have other meanings.
        case notUTF8

        package var description: String {
            switch self {
            case .tooLarge(let limit): "the JSON is larger than \(limit) bytes"
            case .tooDeep(let limit): "the JSON is nested more than \(limit) levels deep"
            case .notUTF8: "the JSON is not in UTF-8"
            }
        }
    }

    /// Throws an error if a text exceeds the limits.
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
