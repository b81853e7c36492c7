import PrewarmCore

/// What texts of a source must be.
extension TextRule {
    static let pathPattern = TextRule(
        "a pattern for paths, as drafts/ or **/*.yaml", minimumLength: 1, maximumLength: 512
    ) { text in
        do throws(PathPatternError) {
            _ = try PathPattern(text)
            return nil
        } catch {
            return Problem(message: error.message)
        }
    }

    /// A number and a unit of 1024s.
    static let size = TextRule("a size as 512MiB or 2GiB", pattern: "^[1-9][0-9]{0,5}(KiB|MiB|GiB)$") { text in
        UInt64(sizeText: text) == nil ? Problem(message: "expected a size as 512MiB or 2GiB") : nil
    }

    static let proxy = TextRule("a proxy as http://host:port", pattern: "^http://[^/\\s]+/?$", maximumLength: 4096) {
        text in
        let rest = text.dropFirst(7)
        let host = rest.hasSuffix("/") ? rest.dropLast() : rest
        let isGood = text.hasPrefix("http://") && !host.isEmpty && !host.contains { $0 == "/" || $0.isWhitespace }
        return isGood ? nil : Problem(message: "expected a proxy as http://host:port")
    }

    /// As `ssh-keygen -l` prints it.
    static let fingerprint = TextRule(
        "a fingerprint as SHA256:…, of 43 signs", pattern: "^SHA256:[A-Za-z0-9+/]{43}=?$"
    ) { text in
        let digest = text.dropFirst(7)
        let signs = digest.hasSuffix("=") ? digest.dropLast() : digest
        let isGood =
            text.hasPrefix("SHA256:") && signs.utf8.count == 43
            && signs.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        return isGood ? nil : Problem(message: "expected a fingerprint as `ssh-keygen -l -f FILE` prints it: SHA256:…")
    }

    static let digits = TextRule("a number", pattern: "^[0-9]{1,16}$") { text in
        (1...16).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
            ? nil : Problem(message: "expected a number")
    }

    /// https, or http on this machine, where nobody listens in.
    static let apiURL = TextRule(
        "a URL as https://api.github.com",
        pattern: "^(https://[^/\\s@]+|http://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?)(/[^\\s]*)?$", maximumLength: 1024
    ) { text in
        guard let scheme = text.firstRange(of: "://"), !text.contains(where: \.isWhitespace) else {
            return Problem(message: "expected a URL as https://api.github.com")
        }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        let isLocal =
            ["localhost", "127.0.0.1"].contains(parts.first)
            && (parts.count == 1
                || parts.count == 2 && !parts[1].isEmpty && parts[1].utf8.allSatisfy { (48...57).contains($0) })
        switch text[..<scheme.lowerBound] {
        case "https" where !authority.isEmpty && !authority.contains("@"): return nil
        case "http" where isLocal: return nil
        default: return Problem(message: "expected a URL as https://api.github.com, without a login in it")
        }
    }

    /// Refused with the reason, in place of being tried in vain.
    static let impossibleCertificate = TextRule("nothing: it is not possible", pattern: "^(?!)") { _ in
        Problem(
            message:
                "the libgit2 of today has no way to show a client certificate; use a token, or an ssh URL with a key")
    }
}

extension UInt64 {
    /// Of `512MiB`; nil where the text is no such size.
    init?(sizeText text: String) {
        let shifts: [String: UInt64] = ["KiB": 10, "MiB": 20, "GiB": 30]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let shift = shifts[String(text.dropFirst(digits.count))], digits.first != "0", digits.count <= 6,
            let number = UInt64(digits)
        else { return nil }
        self = number << shift
    }
}
