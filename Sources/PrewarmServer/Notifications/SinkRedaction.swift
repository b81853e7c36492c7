internal import PrewarmCore

/// The one place where what a library or a receiver says becomes a text of ours.
struct SinkRedaction: Sendable {
    private let secrets: [String]

    /// Of all receivers, for what one says may be about another.
    init(_ sinks: [(settings: SinkSettings, address: SinkAddress)]) {
        var secrets: Set<String> = []
        for (settings, address) in sinks {
            if let secret = settings.secret {
                secrets.insert(secret)
                if secret.hasPrefix("whsec_") { secrets.insert(String(secret.dropFirst(6))) }
            }
            if settings.kind.isForge { continue }
            // All of a Slack address is secret but its host; parts of it count, too.
            secrets.insert(address.path)
            for part in address.path.split(whereSeparator: { "/?&=".contains($0) }) where part.utf8.count >= 8 {
                secrets.insert(String(part))
            }
        }
        self.secrets = secrets.filter { $0.utf8.count > 1 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// In bytes; so much of the end of a text that was cut may be the beginning of a secret.
    var longest: Int { secrets.first?.utf8.count ?? 0 }

    /// One line of at most 200 characters without secrets.
    func clean(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.replacing(secret, with: "[redacted]") }
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").printable
        return line.count > 200 ? line.prefix(199) + "…" : line
    }
}
