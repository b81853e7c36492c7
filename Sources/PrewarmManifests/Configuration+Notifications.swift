package import PrewarmCore

extension Configuration {
    /// Who is told, as it is written.
    package struct Notification: Hashable, Sendable {
        package var name: Located<String>
        package var kind: String
        package var url: String?
        package var secret: String?
        package var token: String?
        /// Empty: all.
        package var sources: [Located<String>]
        /// Nil: the usual ones.
        package var events: [String]?
        package var repository: String?
        package var caFile: String?

        package static let kinds = ["webhook", "slack", "github", "gitlab", "gitea"]

        /// What can be asked for.
        package static let types = [
            "revision.applied", "revision.converged", "revision.invalid", "revision.held", "revision.approved",
            "revision.rewritten", "preset.ready", "preset.degraded", "preset.stalled", "workspace.ready",
            "workspace.claimed", "workspace.released", "workspace.lost", "source.failing",
        ]

        fileprivate var isForge: Bool { kind != "webhook" && kind != "slack" }
    }

    mutating func readObservation(_ document: DocumentReader) {
        let server = document["server"]
        instance = server?["instance"]?.text ?? instance
        metricsPerPreset = server?["metrics"]?["perPreset"]?.text ?? metricsPerPreset
        notifications = document["notifications"]?.elements.map { Notification($0) } ?? []
    }

    /// What a shape can't say: what each kind needs, and names of sources that are not there. Errors are at the name, so
    /// that no line with a secret is quoted.
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
                Diagnostic(.error, at: name.position, "the notification \(name.value) \(message)", hint: hint))
        }
        let (needed, refused) = keys
        for key in needed where self[key] == nil { report("of kind \(kind) has no \(key)", hint: "it needs one") }
        for key in refused where self[key] != nil { report("of kind \(kind) takes no \(key)", hint: "remove it") }
        if kind == "webhook", let secret, !Self.isSecret(secret) {
            report(
                "has a secret that is not whsec_ and 24 to 64 bytes in base64",
                hint: "make one: echo whsec_$(openssl rand -base64 32)")
        }
        if let url, url.hasPrefix("http://"), !Self.isLoopback(url) {
            report("would be sent unprotected", hint: "use https://; http:// is for this machine alone")
        }
        for source in sources where !known.contains(source.value) {
            problems.append(
                Diagnostic(
                    .error, at: source.position, "the configuration has no source \"\(source.value)\"",
                    hint: known.closest(to: source.value).map { "did you mean \"\($0)\"?" }
                        ?? "it has \(known.joined(separator: ", "))"))
        }
        if repository != nil, isForge, (sources.isEmpty ? known.count : sources.count) > 1 {
            report("names one repository for several sources", hint: "name one source: sources: [\(known.first ?? "")]")
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

    /// As Standard Webhooks has it.
    private static func isSecret(_ text: String) -> Bool {
        guard text.hasPrefix("whsec_") else { return false }
        let code = text.utf8.dropFirst(6)
        let digits = code.prefix { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let padding = code.dropFirst(digits.count)
        return code.count % 4 == 0 && padding.count <= 2 && padding.allSatisfy { $0 == UInt8(ascii: "=") }
            && (24...64).contains(digits.count * 3 / 4)
    }

    private static func isLoopback(_ url: String) -> Bool {
        let authority = url.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "[::1"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
