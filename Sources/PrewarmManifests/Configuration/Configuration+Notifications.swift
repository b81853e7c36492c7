package import PrewarmCore

extension Configuration {
    /// A receiver of notifications, as it is written in the configuration.
    package struct Notification: Hashable, Sendable {
        package var name: Located<String>
        package var kind: String
        package var url: String?
        package var secret: String?
        package var token: String?
        /// The names of sources. If it is empty, the receiver gets the notifications of all sources.
        package var sources: [Located<String>]
        /// The types of events. Nil means ``standardTypes``.
        package var events: [String]?
        package var repository: String?
        package var caFile: String?

        package static let kinds = ["webhook", "slack", "github", "gitlab", "gitea"]

        /// The types of events that `events` may name.
        package static let types = [
            "revision.applied", "revision.converged", "revision.invalid", "revision.held", "revision.approved",
            "revision.rewritten", "preset.ready", "preset.degraded", "preset.stalled", "workspace.ready",
            "workspace.claimed", "workspace.released", "workspace.expiring", "workspace.expired", "workspace.lost",
            "provisioner.unavailable", "source.failing",
        ]

        fileprivate var isForge: Bool { kind != "webhook" && kind != "slack" }
    }

    mutating func readObservation(_ document: DocumentReader) {
        let server = document["server"]
        instance = server?["instance"]?.text ?? instance
        metricsPerPreset = server?["metrics"]?["perPreset"]?.text ?? metricsPerPreset
        notifications = document["notifications"]?.elements.map { Notification($0) } ?? []
    }

    /// Returns errors that a shape cannot express: keys that a kind requires or does not allow, and unknown sources.
    /// The position of an error is the name, so that the error does not quote a line with a secret.
    func notificationProblems() -> [Diagnostic] {
        Self.duplicates(notifications.map(\.name), "notification")
            + notifications.flatMap { $0.problems(sources: sources.map(\.name.value)) }
    }
}

extension Configuration.Notification {
    fileprivate init(_ document: DocumentReader) {
        name = document["name"]?.located ?? Located("", at: document.position)
        kind = document["kind"]?.text ?? ""
        url = document["url"]?.text
        secret = document["secret"]?.text
        token = document["token"]?.text
        sources = document["sources"]?.elements.map(\.located) ?? []
        events = document["events"]?.elements.map(\.text)
        repository = document["repository"]?.text
        caFile = document["caFile"]?.text
    }

    fileprivate func problems(sources known: [String]) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ message: String, hint: String? = nil) {
            problems.append(
                Diagnostic(
                    .error, at: name.position, "cannot use the notification \(name.value): \(message)", hint: hint))
        }
        let (needed, refused) = keys
        for key in needed where self[key] == nil { report("the kind \(kind) requires \(key)", hint: "add \(key)") }
        for key in refused where self[key] != nil {
            report("the kind \(kind) does not allow \(key)", hint: "remove \(key)")
        }
        if kind == "webhook", let secret, !Self.isSecret(secret) {
            report(
                "expected a secret of whsec_ and 24 to 64 bytes in base64",
                hint: "generate a secret: echo whsec_$(openssl rand -base64 32)")
        }
        if let url = url.flatMap({ RemoteURL($0) }), url.scheme == "http", !url.isLoopback {
            report(
                "http:// would send it without encryption",
                hint: "use https://. http:// is allowed only for localhost, 127.0.0.0/8 and [::1]")
        }
        for source in sources where !known.contains(source.value) {
            problems.append(
                Diagnostic(
                    .error, at: source.position,
                    "cannot use the notification \(name.value): unknown source \"\(source.value)\"",
                    hint: known.closest(to: source.value).map { "did you mean \"\($0)\"?" }
                        ?? "use one of \(known.joined(separator: ", "))"))
        }
        if repository != nil, isForge, (sources.isEmpty ? known.count : sources.count) > 1 {
            report(
                "it names one repository for several sources",
                hint: "name the source of the repository, for example sources: [\(known.first ?? "")]")
        }
        return problems
    }

    private var keys: (needed: [String], refused: [String]) {
        switch kind {
        case "webhook": (["url", "secret"], ["token", "repository"])
        case "slack": (["url"], ["secret", "token", "repository"])
        default: (["token"], ["secret", "events"])
        }
    }

    private subscript(_ key: String) -> String? {
        switch key {
        case "url": url
        case "secret": secret
        case "token": token
        case "repository": repository
        default: events?.first
        }
    }

    /// Returns true if a text is a signing secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64.
    private static func isSecret(_ text: String) -> Bool {
        guard text.hasPrefix("whsec_") else { return false }
        let code = text.utf8.dropFirst(6)
        let digits = code.prefix { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let padding = code.dropFirst(digits.count)
        return code.count % 4 == 0 && padding.count <= 2 && padding.allSatisfy { $0 == UInt8(ascii: "=") }
            && (24...64).contains(digits.count * 3 / 4)
    }
}
