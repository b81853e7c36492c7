/// One entry of `notifications` in the configuration.
package struct SinkSettings: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// CloudEvents, signed.
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
    /// Where to send to; of a forge the address of its API, nil: that of the sources' host.
    package var url: String?
    /// Of a webhook, `whsec_` and base64; of a forge its token.
    package var secret: String?
    /// Nil: all.
    package var sources: Set<String>?
    package var types: Set<NotificationType>
    /// Of a forge, `owner/name`, where the source's URL doesn't say it.
    package var repository: String?
    /// A PEM file with certificates to trust.
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

    package func concerns(_ source: String) -> Bool { sources?.contains(source) ?? true }
}

/// Why a sink can't be used as it is configured.
package struct SinkError: Error, Hashable, Sendable {
    package let sink: String
    /// Without secrets.
    package let message: String
    package let hint: String?

    package init(_ sink: String, _ message: String, hint: String? = nil) {
        self.sink = sink
        self.message = message
        self.hint = hint
    }
}
