import PrewarmCore

/// Rules for the texts of a source.
extension TextRule {
    static let pathPattern = TextRule(
        "a pattern for paths, for example drafts/ or **/*.yaml", minimumLength: 1, maximumLength: 512
    ) { text in
        do throws(PathPatternError) {
            _ = try PathPattern(text)
            return nil
        } catch {
            return Problem(message: error.message)
        }
    }

    /// A number with a binary unit. For example, `512MiB` is 512 × 1024 × 1024 bytes.
    static let size = TextRule(
        "a size in KiB, MiB or GiB, for example 512MiB", pattern: "^[1-9][0-9]{0,5}(KiB|MiB|GiB)$"
    ) { text in
        UInt64(sizeText: text) == nil
            ? Problem(message: "expected a size in KiB, MiB or GiB, for example 512MiB") : nil
    }

    static let proxy = TextRule(
        "a proxy of the form http://host:port", pattern: "^http://[^/\\s]+/?$", maximumLength: 4096
    ) { text in
        let rest = text.dropFirst(7)
        let host = rest.hasSuffix("/") ? rest.dropLast() : rest
        let isGood = text.hasPrefix("http://") && !host.isEmpty && !host.contains { $0 == "/" || $0.isWhitespace }
        return isGood ? nil : Problem(message: "expected a proxy of the form http://host:port")
    }

    /// The fingerprint of an SSH key in the form that `ssh-keygen -l` prints.
    static let fingerprint = TextRule(
        "a fingerprint of the form SHA256:… with 43 characters in base64", pattern: "^SHA256:[A-Za-z0-9+/]{43}=?$"
    ) { text in
        let digest = text.dropFirst(7)
        let signs = digest.hasSuffix("=") ? digest.dropLast() : digest
        let isGood =
            text.hasPrefix("SHA256:") && signs.utf8.count == 43
            && signs.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        return isGood
            ? nil
            : Problem(
                message: "expected a fingerprint of the form SHA256:… as `ssh-keygen -l -f FILE` prints it")
    }

    static let digits = TextRule("a number of at most 16 digits", pattern: "^[0-9]{1,16}$") { text in
        (1...16).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
            ? nil : Problem(message: "expected a number of at most 16 digits")
    }

    /// A URL with https, or with http if the host is this machine.
    static let apiURL = TextRule(
        "a URL, for example https://api.github.com",
        pattern: "^(https://[^/\\s@]+|http://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?)(/[^\\s]*)?$", maximumLength: 1024
    ) { text in
        guard let scheme = text.firstRange(of: "://"), !text.contains(where: \.isWhitespace) else {
            return Problem(message: "expected a URL, for example https://api.github.com")
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
        default: return Problem(message: "expected an https URL without user name, for example https://api.github.com")
        }
    }
}
