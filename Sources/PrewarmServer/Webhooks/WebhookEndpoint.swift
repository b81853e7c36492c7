package import PrewarmCore

/// A webhook as the configuration has it, served at `/webhooks/<name>`.
package struct WebhookEndpoint: Hashable, Sendable {
    package let name: String
    package let kind: WebhookKind
    /// At least one; several while one is being replaced.
    package let secrets: [String]
    /// Nil: all.
    package let sources: [String]?

    package init(name: String, kind: WebhookKind, secrets: [String], sources: [String]? = nil) {
        self.name = name
        self.kind = kind
        self.secrets = secrets
        self.sources = sources
    }

    /// Those that it may nudge.
    package func watched(among all: [WatchedSource]) -> [WatchedSource] {
        guard let sources else { return all }
        return all.filter { sources.contains($0.name) }
    }

    /// What to do about a request that was found to be of the forge. A pure function.
    func verdict(on content: WebhookContent, sources all: [WatchedSource]) -> WebhookVerdict {
        let sources = watched(among: all)
        switch content {
        case .ping: return WebhookVerdict(.ping, "pong")
        case .other(let event):
            return WebhookVerdict(
                .ignored, "nothing to do: the event \(event.forMessage) is no push",
                detail: "the forge may be told to send pushes only")
        case .anything: return accepted(sources.map { SourceNudge(source: $0.name) })
        case .push(let notice): return verdict(on: notice, sources)
        }
    }

    private func verdict(on notice: PushNotice, _ sources: [WatchedSource]) -> WebhookVerdict {
        let named = sources.filter { notice.names($0) }
        guard !named.isEmpty else {
            let places = notice.addresses.map(\.description)
            guard let place = places.first ?? notice.place.map({ "\($0.project)/\($0.repository)" }) else {
                return WebhookVerdict(.unmatched, "nothing to do: the push names no repository on a host")
            }
            let known = sources.compactMap { $0.address?.description }.joined(separator: ", ")
            return WebhookVerdict(
                .unmatched, "nothing to do: no source is the repository \(place.forMessage)",
                detail:
                    "no source is \(places.isEmpty ? place.forMessage : places.joined(separator: " or ").forMessage); "
                    + (known.isEmpty ? "the sources of this webhook have no address on a host" : "they are \(known)"))
        }
        let nudges = named.compactMap { notice.nudge($0) }
        guard !nudges.isEmpty else {
            let refs = notice.updates.prefix(3).map(\.ref).joined(separator: ", ")
            return WebhookVerdict(
                .unmatched,
                "nothing to do: no source follows \(refs.isEmpty ? "what the push moved" : refs.forMessage)")
        }
        return accepted(nudges)
    }

    private func accepted(_ nudges: [SourceNudge]) -> WebhookVerdict {
        let names = nudges.map(\.source).joined(separator: ", ")
        return nudges.isEmpty
            ? WebhookVerdict(.unmatched, "nothing to do: the webhook has no sources")
            : WebhookVerdict(.accepted, "looking at \(names)", nudges: nudges)
    }
}

extension String {
    /// What others sent, in one line of at most 200 characters and without control characters.
    var forMessage: String {
        let line = String(
            unicodeScalars.prefix(200).map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? " " : Character($0) }
        )
        return unicodeScalars.count > 200 ? line + "…" : line
    }
}
