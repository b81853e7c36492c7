internal import PrewarmCore
internal import PrewarmEngine

/// A sink that writes commit statuses at GitHub (https://docs.github.com/en/rest/commits/statuses), GitLab
/// (https://docs.gitlab.com/api/commits/#set-the-pipeline-status-of-a-commit) and Gitea or Forgejo
/// (https://codeberg.org/api/swagger, `repoCreateStatus`).
struct ForgeSink: Sink {
    private let kind: SinkSettings.Kind
    private let base: SinkAddress
    private let token: String
    private let instance: String
    /// The path of the repository of each source.
    private let repositories: [String: String]

    /// - Parameter urls: The URLs of the sources that the sink concerns, by name.
    /// - Throws: ``SinkError`` if the token, the repository or the address is missing or ambiguous.
    init(_ settings: SinkSettings, urls: [String: String], instance: String) throws(SinkError) {
        guard let token = settings.secret, !token.isEmpty else {
            throw SinkError(settings.name, "no token", hint: "set `token` to a token that may write commit statuses")
        }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SinkError(
                settings.name, "invalid token: it must consist of printable ASCII characters without white space",
                hint: "check the end of the variable or file that `token` comes from, for example for a line break")
        }
        kind = settings.kind
        self.token = token
        self.instance = instance
        if settings.repository != nil, urls.count > 1 {
            throw SinkError(
                settings.name, "invalid repository: it names one repository for \(urls.count) sources",
                hint: "name one source, for example sources: [\(urls.keys.min() ?? "")]")
        }
        var repositories: [String: String] = [:]
        var bases: Set<SinkAddress> = []
        for (source, url) in urls.sorted(by: { $0.key < $1.key }) {
            let found = ForgeRepository(url: url)
            repositories[source] = settings.repository ?? found?.path
            if let found { bases.insert(found.address) }
            guard repositories[source] != nil, settings.url != nil || found != nil else {
                throw SinkError(
                    settings.name, "the url of the source \(source) names no repository at a forge",
                    hint: "set `repository` to owner/name and `url` to the address of the API, or name other `sources`")
            }
        }
        if let url = settings.url {
            guard let given = SinkAddress(url) else { throw .badAddress(settings.name) }
            bases = [given]
        }
        guard let base = bases.first, bases.count == 1 else {
            // A token belongs to one host, and no other host may receive it.
            throw SinkError(
                settings.name,
                bases.isEmpty
                    ? "no source is assigned to it"
                    : "its sources are at \(bases.map(\.authority).sorted().joined(separator: " and ")), "
                        + "but a token belongs to one forge",
                hint: "set `sources` to sources of one forge")
        }
        self.base = Self.api(kind, base)
        self.repositories = repositories
    }

    var address: SinkAddress { base }

    /// Returns the address of the API. If the address has no path, the path follows from the kind of forge.
    private static func api(_ kind: SinkSettings.Kind, _ address: SinkAddress) -> SinkAddress {
        var path = address.path
        while path.hasSuffix("/") { path.removeLast() }
        guard path.isEmpty else {
            return SinkAddress(scheme: address.scheme, authority: address.authority, path: path)
        }
        let isPublic = address.authority == "github.com" || address.authority == "api.github.com"
        switch kind {
        case .github where isPublic: return SinkAddress(scheme: "https", authority: "api.github.com", path: "")
        case .github: path = "/api/v3"
        case .gitlab: path = "/api/v4"
        default: path = "/api/v1"
        }
        return SinkAddress(scheme: address.scheme, authority: address.authority, path: path)
    }

    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest? {
        guard case .status(let status) = notification.content, let repository = repositories[status.source] else {
            return nil
        }
        let context = "prewarm/\(instance)/\(status.source)"
        let (path, headers): (String, [(name: String, value: String)])
        var members: [(key: String, value: Value)] = [
            ("state", .string(status.state.name(at: kind))),
            ("description", .string(StatusText(status.description).text.limited(to: kind == .github ? 140 : 255))),
        ]
        switch kind {
        case .gitlab:
            path = "/projects/\(repository.percentEncoded)/statuses/\(status.commit)"
            headers = [("private-token", token)]
            members.append(("name", .string(context)))
        default:
            let names = repository.split(separator: "/").map { String($0).percentEncoded }.joined(separator: "/")
            path = "/repos/\(names)/statuses/\(status.commit)"
            headers =
                kind == .github
                ? [
                    ("authorization", "Bearer \(token)"), ("accept", "application/vnd.github+json"),
                    ("x-github-api-version", "2022-11-28"),
                ] : [("authorization", "token \(token)"), ("accept", "application/json")]
            members.append(("context", .string(context)))
        }
        return OutgoingRequest(
            address: SinkAddress(scheme: base.scheme, authority: base.authority, path: base.path + path),
            headers: headers + [("content-type", "application/json")],
            body: Array(Value.object(members).compactJSON.utf8))
    }

    /// GitLab answers 400 if the commit already has this status.
    func accepts(status: Int, body: String) -> Bool {
        kind == .gitlab && status == 400 && body.contains("Cannot transition status")
    }
}

/// The place for the description of a commit status: one line of plain text.
private enum StatusDescription: OutputPlace {
    static func neutralized(_ text: String) -> String { text.printable.withoutMentions }
}

private typealias StatusText = ShownText<StatusDescription>

extension SinkError {
    /// The error for a missing or invalid `url`.
    static func badAddress(_ sink: String) -> SinkError {
        SinkError(
            sink,
            "missing or invalid url: it must begin with https://, or with http:// for this machine, and must not "
                + "contain a user name",
            hint: "set `url` to the address of the receiver, for example https://hooks.example.org/T0")
    }
}

extension CommitStatus.State {
    fileprivate func name(at kind: SinkSettings.Kind) -> String {
        self == .failure && kind == .gitlab ? "failed" : rawValue
    }
}
