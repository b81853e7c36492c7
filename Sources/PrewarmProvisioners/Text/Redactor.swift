import PrewarmEngine

/// Replaces the values of secrets by `***` in all text that leaves the provisioner.
struct Redactor: Sendable {
    private let patterns: [[UInt8]]

    /// Each value is recognized in plain text, without surrounding white space, escaped in JSON, and line by line, since
    /// programs and `set -x` print it so. Other encodings, for example base64, are not recognized.
    init(secrets: some Sequence<String>) {
        var patterns: Set<[UInt8]> = []
        for secret in secrets {
            let bytes = Array(secret.utf8)
            patterns.insert(bytes)
            patterns.insert(bytes.trimmed)
            patterns.insert(Array(Value.string(secret).compactJSON.utf8.dropFirst().dropLast()))
            let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            // A short line, for example a brace, is not a secret on its own.
            for line in lines where lines.count > 1 && line.count >= 8 {
                patterns.insert(Array(line))
            }
        }
        patterns.remove([])
        self.patterns = patterns.sorted { $0.count > $1.count }
    }

    private init(patterns: Set<[UInt8]>) {
        self.patterns = patterns.sorted { $0.count > $1.count }
    }

    /// Returns a redactor that also replaces these values.
    func adding(_ secrets: some Sequence<String>) -> Redactor {
        Redactor(patterns: Set(patterns).union(Redactor(secrets: secrets).patterns))
    }

    /// The length of the longest pattern in bytes.
    var longestPattern: Int { patterns.first?.count ?? 0 }

    /// Returns the ranges of secrets, sorted and without overlaps.
    func ranges(in bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for pattern in patterns {
            guard let first = pattern.first, pattern.count <= bytes.count else { continue }
            var index = 0
            while index <= bytes.count - pattern.count {
                if bytes[index] == first, bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
                    found.append(index..<(index + pattern.count))
                    index += pattern.count
                } else {
                    index += 1
                }
            }
        }
        var merged: [Range<Int>] = []
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound < last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// Returns the bytes from `start` on as text. Secrets are replaced by `***`, and invalid UTF-8 and NUL by U+FFFD.
    func redact(_ bytes: [UInt8], from start: Int = 0, _ secrets: [Range<Int>]? = nil) -> String {
        // The cut may split a character, of which at most three bytes are left.
        var position = start
        if start > 0 {
            while position < min(start + 3, bytes.count), bytes[position] & 0xc0 == 0x80 { position += 1 }
        }
        var clean: [UInt8] = []
        for secret in secrets ?? ranges(in: bytes) where secret.lowerBound >= position {
            clean += bytes[position..<secret.lowerBound]
            clean += "***".utf8
            position = secret.upperBound
        }
        clean += bytes[position...]
        if clean.contains(0) {
            clean = Array(
                clean.split(separator: 0, omittingEmptySubsequences: false).joined(separator: "\u{fffd}".utf8))
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// Returns the text with secrets replaced by `***`.
    func redact(_ text: String) -> String {
        redact(Array(text.utf8))
    }
}

extension Array where Element == UInt8 {
    /// The bytes without ASCII white space at both ends.
    var trimmed: [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return []
        }
        return Array(self[first...last])
    }
}
