internal import PrewarmCore

/// Removes the secrets of all sinks from texts of libraries and receivers, before they reach the log.
struct SinkRedaction: Sendable {
    private let secrets: [String]

    /// - Parameter sinks: All sinks, because a text of one receiver may contain the secret of another.
    init(_ sinks: [(settings: SinkSettings, address: SinkAddress)]) {
        var secrets: Set<String> = []
        for (settings, address) in sinks {
            if let secret = settings.secret {
                secrets.insert(secret)
                if secret.hasPrefix("whsec_") { secrets.insert(String(secret.dropFirst(6))) }
            }
            if settings.kind.isForge { continue }
            // Everything in a Slack address except its host is secret, also each part of its path.
            secrets.insert(address.path)
            for part in address.path.split(whereSeparator: { "/?&=".contains($0) }) where part.utf8.count >= 8 {
                secrets.insert(String(part))
            }
        }
        self.secrets = secrets.filter { $0.utf8.count > 1 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The length of the longest secret in bytes. As many bytes at the end of a cut text may be the beginning of a secret.
    var longest: Int { secrets.first?.utf8.count ?? 0 }

    /// Returns the text as one line of at most 200 characters, with `[redacted]` instead of secrets.
    func clean(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.replacing(secret, with: "[redacted]") }
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").printable
        return line.limited(to: 200)
    }
}
