import Foundation

extension String {
    /// Creates the text of a path in a repository. Two paths have equal texts only if their bytes are equal.
    ///
    /// git compares names by their bytes. Swift's strings are equal if they are canonically equivalent, for example `é`
    /// as one or as two code points, and invalid UTF-8 becomes U+FFFD. So a part of a path that is not UTF-8, or not in
    /// the composed form (NFC), shows its bytes beyond ASCII as git does: `caf\351.yaml`. A backslash in a name is
    /// doubled.
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
