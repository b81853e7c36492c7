import Foundation

/// Which proxy an https URL goes through: the configured one, else that of the environment, as curl reads it.
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

    /// Nil for what needs none, and for other schemes.
    func proxy(for url: String) -> String? {
        guard url.lowercased().hasPrefix("https://") else { return nil }
        if let configured { return configured }
        guard let usual, !usual.isEmpty, let host = URL(string: url)?.host(), !isException(host.lowercased()) else {
            return nil
        }
        return usual.contains("://") ? usual : "http://\(usual)"
    }

    /// A name stands for all that is below it, too.
    private func isException(_ host: String) -> Bool {
        exceptions.contains { exception in
            if exception == "*" { return true }
            let name = exception.drop { $0 == "." }.lowercased()
            return host == name || host.hasSuffix("." + name)
        }
    }
}
