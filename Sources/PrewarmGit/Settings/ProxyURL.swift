import PrewarmEngine

/// The address of a proxy: `http://host:port`, with or without a login before the host.
struct ProxyURL {
    let host: String
    let port: String
    let userInfo: String?

    /// Nil where the text is no such address.
    init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://"), Self.hasUsableScheme(text) else { return nil }
        let rest = text[scheme.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // Such a sign is of a login, where %2F, %3F or %23 should stand: what comes before it is no host.
        guard !rest[authority.endIndex...].contains("@") else { return nil }
        userInfo = authority.lastIndex(of: "@").map { String(authority[..<$0]) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : authority.startIndex
        guard let end else { return nil }
        let colon = authority[end...].firstIndex(of: ":") ?? authority.endIndex
        host = authority[..<colon].filter { $0 != "[" && $0 != "]" }
        let number = authority[colon...].dropFirst()
        guard !host.isEmpty, colon == authority.endIndex || UInt16(number) != nil else { return nil }
        port = number.isEmpty ? text.lowercased().hasPrefix("https") ? "443" : "80" : String(number)
    }

    private static func hasUsableScheme(_ text: String) -> Bool {
        let text = text.lowercased()
        return text.hasPrefix("http://") || text.hasPrefix("https://")
    }

    /// Throws `.refused` where the proxy of a source is no such address. It is not shown, as libgit2 would do: a
    /// password may be anywhere in it.
    static func check(_ settings: GitSettings) throws(GitFailure) {
        guard let text = settings.proxy, ProxyURL(text) == nil else { return }
        let problem =
            hasUsableScheme(text)
            ? "is no address that can be read" : "can't be used: only http:// and https:// proxies can be used"
        throw GitFailure(
            .refused, "the proxy of source \(settings.name) \(problem)",
            hint: "write http://USER:PASSWORD@HOST:PORT, with %2F for a / in the password, as the source's proxy or in "
                + "$HTTPS_PROXY")
    }
}
