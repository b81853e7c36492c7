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
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 1 || UInt16(parts[1]) != nil else { return nil }
        host = String(first)
        port = parts.count == 2 ? String(parts[1]) : text.lowercased().hasPrefix("https") ? "443" : "80"
    }
}
