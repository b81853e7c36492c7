/// The address of a proxy: `http://host:port`, with or without a login before the host.
struct ProxyURL {
    let host: String
    let port: String
    let userInfo: String?

    /// Nil where the text is no such address.
    init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://"),
            ["http", "https"].contains(text[..<scheme.lowerBound].lowercased())
        else { return nil }
        var authority = text[scheme.upperBound...].prefix { $0 != "/" }
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
}
