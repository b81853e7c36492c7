/// Allows `${NAME}` without quotes in `{token: ${NAME}}`, where YAML would read its braces as a mapping. While the file
/// is read, characters for private use replace the braces. The columns do not change.
enum VariableMask {
    private static let (open, close): (Unicode.Scalar, Unicode.Scalar) = ("\u{e000}", "\u{e001}")

    static func cover(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "$")) else { return bytes }
        var covered: [UInt8] = []
        covered.reserveCapacity(bytes.count + 64)
        var index = 0
        while index < bytes.count {
            guard let end = endOfVariable(bytes, at: index) else {
                covered.append(bytes[index])
                index += 1
                continue
            }
            covered.append(bytes[index])
            covered += Array(String(open).utf8) + bytes[index + 2..<end] + Array(String(close).utf8)
            index = end + 1
        }
        return covered
    }

    static func uncover(_ text: String) -> String {
        guard text.unicodeScalars.contains(open) else { return text }
        return text.replacing("$\(open)", with: "${").replacing(String(close), with: "}")
    }

    /// Returns the index of the `}` if a `${NAME}` begins at `start`; otherwise nil.
    private static func endOfVariable(_ bytes: [UInt8], at start: Int) -> Int? {
        guard start + 2 < bytes.count, bytes[start] == UInt8(ascii: "$"), bytes[start + 1] == UInt8(ascii: "{") else {
            return nil
        }
        var index = start + 2
        while index < bytes.count, bytes[index].isAlphanumeric || bytes[index] == UInt8(ascii: "_") { index += 1 }
        return index > start + 2 && index < bytes.count && bytes[index] == UInt8(ascii: "}") ? index : nil
    }
}
