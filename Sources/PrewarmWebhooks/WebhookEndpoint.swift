package import PrewarmCore

/// A configured webhook, served at `/webhooks/<name>`.
package struct WebhookEndpoint: Hashable, Sendable {
    package let name: String
    package let kind: WebhookKind
    /// The accepted secrets; at least one. There are several while one is being replaced.
    package let secrets: [String]
    /// The names of the sources that the webhook may wake up; nil for all sources.
    package let sources: [String]?

    package init(name: String, kind: WebhookKind, secrets: [String], sources: [String]? = nil) {
        self.name = name
        self.kind = kind
        self.secrets = secrets
        self.sources = sources
    }

    /// Returns the sources that the webhook may wake up.
    package func watched(among all: [WatchedSource]) -> [WatchedSource] {
        guard let sources else { return all }
        return all.filter { sources.contains($0.name) }
    }

    /// Returns the verdict on a verified request. It does no I/O.
    func verdict(on content: WebhookContent, sources all: [WatchedSource]) -> WebhookVerdict {
        let sources = watched(among: all)
        switch content {
        case .ping: return WebhookVerdict(.ping, "pong")
        case .other(let event):
            return WebhookVerdict(
                .ignored, "nothing to do: the event \(event.forMessage) is not a push",
                detail: "the event \(event.forMessage) is not a push; configure the forge to send only push events")
        case .anything: return accepted(sources.map { SourceWakeUp(source: $0.name) })
        case .push(let notice): return verdict(on: notice, sources)
        }
    }

    private func verdict(on notice: PushNotice, _ sources: [WatchedSource]) -> WebhookVerdict {
        let named = sources.filter { notice.names($0) }
        guard !named.isEmpty else {
            let places = notice.addresses.map(\.description)
            guard let place = places.first ?? notice.place.map({ "\($0.project)/\($0.repository)" }) else {
                return WebhookVerdict(.unmatched, "nothing to do: the push names no repository")
            }
            let known = sources.compactMap { $0.address?.description }.joined(separator: ", ")
            return WebhookVerdict(
                .unmatched, "nothing to do: no source has the repository \(place.forMessage)",
                detail:
                    "no source has the repository "
                    + "\(places.isEmpty ? place.forMessage : places.joined(separator: " or ").forMessage); "
                    + (known.isEmpty
                        ? "the sources of this webhook are folders of this machine"
                        : "the sources of this webhook have \(known)"))
        }
        let wakeUps = named.compactMap { notice.wakeUp($0) }
        guard !wakeUps.isEmpty else {
            let refs = notice.updates.prefix(3).map(\.ref).joined(separator: ", ")
            return WebhookVerdict(
                .unmatched,
                "nothing to do: no source follows \(refs.isEmpty ? "the pushed refs" : refs.forMessage)")
        }
        return accepted(wakeUps)
    }

    private func accepted(_ wakeUps: [SourceWakeUp]) -> WebhookVerdict {
        let names = wakeUps.map(\.source).joined(separator: ", ")
        return wakeUps.isEmpty
            ? WebhookVerdict(.unmatched, "nothing to do: the webhook has no sources")
            : WebhookVerdict(.accepted, "checking \(names)", wakeUps: wakeUps)
    }
}
