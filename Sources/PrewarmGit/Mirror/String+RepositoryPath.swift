import Foundation

extension String {
    /// The text of a path in a repository. Two paths have equal texts only where their bytes are equal.
    ///
    /// git compares names by their bytes, Swift compares texts by what they look like: `é` may be one character or two,
    /// and bytes that are no text all become the same sign. So a part of a path that is not UTF-8, or not in the composed
    /// form (NFC) that keyboards write, shows its bytes beyond ASCII as git does: `caf\303\251.yaml`. A backslash of a name
    /// is doubled.
    package init(repositoryPath bytes: some Collection<UInt8>) {
        if bytes.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\\") }) {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            self = parts.map { Self.part($0) }.joined(separator: "/")
        }
    }

    private static func part(_ bytes: some Collection<UInt8>) -> String {
        let text = String(validating: bytes, as: UTF8.self)
        if let text, text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(bytes) {
            return text.replacingOccurrences(of: "\\", with: "\\\\")
        }
        return bytes.map { byte -> String in
            switch byte {
            case UInt8(ascii: "\\"): return "\\\\"
            case 0..<0x80: return String(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 8)
                return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }.joined()
    }
}
