/// The settings of one entry of `notifications` in the configuration.
package struct SinkSettings: Sendable {
    /// The kind of receiver.
    package enum Kind: String, CaseIterable, Sendable {
        /// Signed CloudEvents.
        case webhook
        case slack
        case github
        case gitlab
        /// Gitea and Forgejo.
        case gitea

        package var isForge: Bool { self == .github || self == .gitlab || self == .gitea }
    }

    package var name: String
    package var kind: Kind
    /// The address of the receiver. For a forge it is the address of its API (default: derived from the URL of the source).
    package var url: String?
    /// The secret: for a webhook `whsec_` and base64, for a forge its token.
    package var secret: String?
    /// The names of the sources to report on; nil for all sources.
    package var sources: Set<String>?
    /// The types to report. Forges ignore them.
    package var types: Set<NotificationType>
    /// The `owner/name` of the repository at a forge (default: derived from the URL of the source).
    package var repository: String?
    /// The path of a PEM file with certificates to trust; nil for the system's certificates.
    package var caFile: String?

    package init(
        name: String, kind: Kind, url: String? = nil, secret: String? = nil, sources: Set<String>? = nil,
        types: Set<NotificationType> = NotificationType.standard, repository: String? = nil, caFile: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.url = url
        self.secret = secret
        self.sources = sources
        self.types = types
        self.repository = repository
        self.caFile = caFile
    }

    /// Returns true if the sink reports on this source.
    package func concerns(_ source: String) -> Bool { sources?.contains(source) ?? true }
}

/// The reason why prewarm cannot use a sink with its configuration.
package struct SinkError: Error, Hashable, Sendable {
    package let sink: String
    /// The cause, without secrets.
    package let message: String
    package let hint: String?

    package init(_ sink: String, _ message: String, hint: String? = nil) {
        self.sink = sink
        self.message = message
        self.hint = hint
    }
}
