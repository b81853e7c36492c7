internal import FoundationEssentials
package import PrewarmCore

/// The content of a push payload: the repository and the refs that moved.
///
/// It is only a hint to check sources. prewarm always reads the data from git.
package struct PushNotice: Hashable, Sendable {
    /// One moved ref.
    package struct Update: Hashable, Sendable {
        /// The full name of the ref, for example `refs/heads/main`.
        package let ref: String
        /// The new commit of the ref; nil if the ref was deleted or the commit is unknown.
        package let commit: String?

        /// Accepts only 40 or 64 hexadecimal digits as a commit. Zeros, which git uses for a deleted ref, give nil.
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

    /// The project and name of a repository.
    package struct Place: Hashable, Sendable {
        package let project: String
        package let repository: String
    }

    /// The addresses of the repository in the payload, for example for https and for ssh.
    package var addresses: [RepositoryAddress] = []
    /// The project and name of the repository, from a forge that does not send its address.
    package var place: Place?
    /// The name of the default branch; nil if the payload does not contain it.
    package var defaultBranch: String?
    package var updates: [Update] = []
    /// The id of the delivery, from a forge that sends it in the body.
    package var deliveryID: String?

    /// The number of refs that are read from one payload. The rest is ignored.
    static let updateLimit = 1000

    /// Returns true if the payload is about the repository of the source.
    func names(_ source: WatchedSource) -> Bool {
        guard let address = source.address else { return false }
        if addresses.contains(address) { return true }
        return addresses.isEmpty
            && place.map { address.ends(inProject: $0.project, repository: $0.repository) } ?? false
    }

    /// Returns the wake-up for the source; nil if the push moved no ref that the source follows.
    func wakeUp(_ source: WatchedSource) -> SourceWakeUp? {
        let moved = updates.filter { source.isMoved(by: $0, defaultBranch: defaultBranch) }
        return moved.last.map { SourceWakeUp(source: source.name, commit: $0.commit) }
    }
}

/// The content of a verified request.
package enum WebhookContent: Hashable, Sendable {
    case push(PushNotice)
    /// A test of the connection by the forge.
    case ping
    /// An event other than a push.
    case other(event: String)
    /// A request whose body is not read. It may concern any source.
    case anything
}

/// The reason why a body cannot be read.
package struct WebhookContentError: Error, Hashable, Sendable {
    package let message: String
}

extension WebhookContent {
    /// Reads the content of a request.
    /// - Throws: ``WebhookContentError`` if the body is not the JSON that the forge documents for the event.
    package init(_ request: WebhookRequest, kind: WebhookKind) throws(WebhookContentError) {
        let event = kind.event(of: request)
        switch kind {
        case .generic, .standard: self = .anything
        case .github, .gitea:
            guard let event else {
                let field = kind == .github ? "X-GitHub-Event" : "X-Gitea-Event"
                throw WebhookContentError(message: "the header lacks \(field)")
            }
            if event == "ping" {
                self = .ping
            } else if event == "push" {
                self = .push(try Self.read(GitHubPush.self, request).notice)
            } else {
                self = .other(event: event)
            }
        case .gitlab:
            guard let event else { throw WebhookContentError(message: "the header lacks X-Gitlab-Event") }
            guard ["Push Hook", "Tag Push Hook", "System Hook"].contains(event) else {
                self = .other(event: event)
                return
            }
            let payload = try Self.read(GitLabPush.self, request)
            self = payload.isPush ? .push(try payload.notice) : .other(event: payload.event)
        case .bitbucket:
            guard let event else { throw WebhookContentError(message: "the header lacks X-Event-Key") }
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

    /// The limits of a body. The payload of a push has about seven levels.
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
            throw WebhookContentError(message: "cannot read the body: \(error)")
        } catch let error as DecodingError {
            throw WebhookContentError(message: error.place)
        } catch {
            throw WebhookContentError(message: "the body is not JSON")
        }
    }
}

extension DecodingError {
    /// The place in the body that differs from the documentation, without any value from the body.
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
            return place.isEmpty
                ? "the body is not a JSON object" : "invalid \(place) in the body: the forge documents another type"
        default: return "the body is not JSON"
        }
    }
}
