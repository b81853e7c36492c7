/// The parts of a URL, or of the short form of an ssh URL: `git@host:path`. They are neither checked nor decoded.
package struct RemoteURL: Hashable, Sendable {
    /// The scheme in lower case; `ssh` for the short form.
    package let scheme: String
    /// The text before the last `@` of the authority; nil if there is no `@`.
    package let userInfo: Substring?
    /// The host in lower case, an IPv6 address in brackets. It is empty in `file:///path`.
    package let host: String
    /// The text behind the colon after the host; nil if there is no colon.
    package let port: String?
    /// The rest of the text, from a slash, `?` or `#` on. The path of the short form may begin without a slash.
    package let path: Substring

    /// Returns nil for a text without a scheme and a colon, for example the path of a folder.
    package init?(_ text: String) {
        var authority: Substring
        var rest: Substring
        if let separator = text.firstRange(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            authority = text[separator.upperBound...].prefix { $0 != "/" }
            rest = text[authority.endIndex...]
        } else {
            guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") else { return nil }
            scheme = "ssh"
            (authority, rest) = (text[..<colon], text[text.index(after: colon)...])
        }
        let at = authority.lastIndex(of: "@")
        userInfo = at.map { authority[..<$0] }
        if let at { authority = authority[authority.index(after: at)...] }
        // A `?` or `#` before an `@` belongs to a password that is not encoded.
        if let end = authority.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            (authority, rest) = (authority[..<end], text[end...])
        }
        let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]") ?? authority.endIndex : authority.startIndex
        let colon = authority[end...].firstIndex(of: ":")
        host = authority[..<(colon ?? authority.endIndex)].lowercased()
        port = colon.map { String(authority[authority.index(after: $0)...]) }
        path = rest
    }

    /// True if the host is this machine: `localhost`, an address in 127.0.0.0/8, or `[::1]`.
    package var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "[::1]"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
