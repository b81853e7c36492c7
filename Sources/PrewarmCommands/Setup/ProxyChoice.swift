import Foundation

/// The choice of the proxy for an https URL: the configured proxy, otherwise that of `https_proxy` and `no_proxy` in the
/// environment, which are read in the same way as curl reads them.
struct ProxyChoice {
    private let configured: String?
    private let usual: String?
    private let exceptions: [Substring]

    init(_ environment: [String: String], configured: String?) {
        self.configured = configured
        usual = environment["https_proxy"] ?? environment["HTTPS_PROXY"]
        exceptions = (environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")
            .split { $0 == "," || $0.isWhitespace }
    }

    /// Returns the URL of the proxy; nil if the URL needs no proxy or is not https.
    func proxy(for url: String) -> String? {
        guard url.lowercased().hasPrefix("https://") else { return nil }
        if let configured { return configured }
        guard let usual, !usual.isEmpty, let host = URL(string: url)?.host(), !isException(host.lowercased()) else {
            return nil
        }
        return usual.contains("://") ? usual : "http://\(usual)"
    }

    /// Returns true if `no_proxy` has the host or a domain of the host: `example.org` covers `git.example.org`.
    private func isException(_ host: String) -> Bool {
        exceptions.contains { exception in
            if exception == "*" { return true }
            let name = exception.drop { $0 == "." }.lowercased()
            return host == name || host.hasSuffix("." + name)
        }
    }
}
