internal import FoundationEssentials
package import PrewarmCore

/// What a payload tells: of which repository, and which refs moved. It is a nudge only: whatever it says, git is
/// asked.
package struct PushNotice: Hashable, Sendable {
    package struct Update: Hashable, Sendable {
        /// `refs/heads/main`.
        package let ref: String
        /// Nil where it was deleted, or is not known.
        package let commit: String?

        /// Anything but a commit's digits, and git's way to say "none", is left out.
        init(ref: String, commit: String?) {
            self.ref = ref
            self.commit = commit.flatMap { commit in
                let digits = commit.lowercased()
                let isCommit =
                    [40, 64].contains(digits.utf8.count)
                    && digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
                return isCommit && digits.utf8.contains { $0 != UInt8(ascii: "0") } ? digits : nil
            }
        }
    }

    package struct Place: Hashable, Sendable {
        package let project: String
        package let repository: String
    }

    /// All the ways to write where it is.
    package var addresses: [RepositoryAddress] = []
    /// Of a forge that does not say where it is.
    package var place: Place?
    package var defaultBranch: String?
    package var updates: [Update] = []
    /// Where the body has it, and not the header.
    package var deliveryID: String?

    /// Refs that are read of one payload; more are no push of a person.
    static let updateLimit = 1000

    func names(_ source: WatchedSource) -> Bool {
        guard let address = source.address else { return false }
        if addresses.contains(address) { return true }
        return addresses.isEmpty
            && place.map { address.ends(inProject: $0.project, repository: $0.repository) } ?? false
    }

    /// Nil: the push moved nothing that the source follows.
    func nudge(_ source: WatchedSource) -> SourceNudge? {
        let moved = updates.filter { source.isMoved(by: $0, defaultBranch: defaultBranch) }
        return moved.last.map { SourceNudge(source: source.name, commit: $0.commit) }
    }
}

/// What the body of a verified request is about.
package enum WebhookContent: Hashable, Sendable {
    case push(PushNotice)
    /// The forge only tries whether somebody answers.
    case ping
    /// Something else happened.
    case other(event: String)
    /// The sender says nothing that we could read, and need not.
    case anything
}

/// Why a body can't be read.
package struct WebhookContentError: Error, Hashable, Sendable {
    package let message: String
}

extension WebhookContent {
    /// - Throws: where the body is not the JSON that the forge documents for its event.
    package init(_ request: WebhookRequest, kind: WebhookKind) throws(WebhookContentError) {
        let event = kind.event(of: request)
        switch kind {
        case .generic, .standard: self = .anything
        case .github, .gitea:
            guard let event else { throw WebhookContentError(message: "the header does not name the event") }
            if event == "ping" {
                self = .ping
            } else if event == "push" {
                self = .push(try Self.read(GitHubPush.self, request).notice)
            } else {
                self = .other(event: event)
            }
        case .gitlab:
            guard let event else { throw WebhookContentError(message: "the header does not name the event") }
            guard ["Push Hook", "Tag Push Hook", "System Hook"].contains(event) else {
                self = .other(event: event)
                return
            }
            let payload = try Self.read(GitLabPush.self, request)
            self = payload.isPush ? .push(try payload.notice) : .other(event: payload.event)
        case .bitbucket:
            guard let event else { throw WebhookContentError(message: "the header does not name the event") }
            switch event {
            case "diagnostics:ping": self = .ping
            case "repo:push": self = .push(try Self.read(BitbucketCloudPush.self, request).notice)
            case "repo:refs_changed": self = .push(try Self.read(BitbucketServerPush.self, request).notice)
            default: self = .other(event: event)
            }
        case .azureDevOps:
            let payload = try Self.read(AzurePush.self, request)
            self = payload.eventType == "git.push" ? .push(payload.notice) : .other(event: payload.eventType)
        }
    }

    /// Pushes are some seven levels deep.
    private static let bounds = JSONBounds(size: WebhookRequest.bodyLimit, depth: 32)

    private static func read<Payload: Decodable>(
        _: Payload.Type, _ request: WebhookRequest
    ) throws(WebhookContentError) -> Payload {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            try bounds.check(request.body)
            return try decoder.decode(Payload.self, from: Data(request.body))
        } catch let error as JSONBounds.Violation {
            throw WebhookContentError(message: "the body can't be read: \(error)")
        } catch let error as DecodingError {
            throw WebhookContentError(message: error.place)
        } catch {
            throw WebhookContentError(message: "the body is not JSON")
        }
    }
}

extension DecodingError {
    /// Where the body is not as expected; nothing of what it holds.
    fileprivate var place: String {
        func path(_ context: Context, _ last: String? = nil) -> String {
            let names =
                context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue } + (last.map { [$0] } ?? [])
            return names.joined(separator: ".").replacing(".[", with: "[")
        }
        switch self {
        case .keyNotFound(let key, let context): return "the body lacks \(path(context, key.stringValue))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let place = path(context)
            return place.isEmpty ? "the body is no JSON object" : "\(place) in the body is not what is documented"
        default: return "the body is not JSON"
        }
    }
}
