import PrewarmEngine

/// The address of a proxy: `http://host:port`, with or without a login before the host.
struct ProxyURL {
    let host: String
    let port: String
    let userInfo: String?

    /// Returns nil if the text is not such an address.
    init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://"), Self.hasUsableScheme(text) else { return nil }
        let rest = text[scheme.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // An @ after /, ? or # means that the login contains an unescaped character, so there is no host before it.
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

    /// Throws `.refused` if the proxy of a source is invalid. The message does not contain the proxy, because a
    /// password may be anywhere in it.
    static func check(_ settings: GitSettings) throws(GitFailure) {
        guard let text = settings.proxy, ProxyURL(text) == nil else { return }
        let problem =
            hasUsableScheme(text)
            ? "it is not a valid address" : "only http:// and https:// proxies are supported"
        throw GitFailure(
            .refused, "invalid proxy of source \(settings.name): \(problem)",
            hint: "write http://USER:PASSWORD@HOST:PORT, with %2F for a / in the password, in `proxy` of source "
                + "\(settings.name) or in $HTTPS_PROXY")
    }
}
