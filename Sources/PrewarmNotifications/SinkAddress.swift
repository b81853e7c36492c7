/// The address of a receiver: an https URL, or an http URL of this machine.
struct SinkAddress: Hashable, Sendable {
    let scheme: String
    /// The host in lower case, with the port if the URL has one.
    let authority: String
    /// The URL from the first slash on, with the query; may be empty.
    let path: String

    /// Returns nil if the text is not such an address, or if it has user information or a fragment.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), let separator = text.firstRange(of: "://") else {
            return nil
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end].lowercased()
        guard scheme == "https" || scheme == "http", !authority.isEmpty, !authority.contains("@"),
            !rest.contains("#")
        else { return nil }
        self.init(scheme: scheme, authority: authority, path: String(rest[end...]))
        guard scheme == "https" || isLoopback else { return nil }
    }

    init(scheme: String, authority: String, path: String) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }

    var text: String { "\(scheme)://\(authority)\(path)" }

    /// The part that logs may show. The path is left out, because the path of a Slack address is its secret.
    var origin: String { "\(scheme)://\(authority)" }

    var host: String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }

    private var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "[::1]"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
