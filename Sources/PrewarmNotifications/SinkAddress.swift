internal import PrewarmCore

/// The address of a receiver: an https URL, or an http URL of this machine.
struct SinkAddress: Hashable, Sendable {
    let scheme: String
    /// The host in lower case, with the port if the URL has one.
    let authority: String
    /// The URL from the first slash on, with the query; may be empty.
    let path: String

    /// Returns nil if the text is not such an address, or if it has user information or a fragment.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains("#"), let url = RemoteURL(text),
            url.scheme == "https" || url.scheme == "http" && url.isLoopback, !url.host.isEmpty, url.userInfo == nil
        else { return nil }
        self.init(
            scheme: url.scheme, authority: url.host + (url.port.map { ":\($0)" } ?? ""), path: String(url.path))
    }

    init(scheme: String, authority: String, path: String) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }

    var text: String { "\(scheme)://\(authority)\(path)" }

    /// The part that logs may show. The path is left out, because the path of a Slack address is its secret.
    var origin: String { "\(scheme)://\(authority)" }
}
