import PrewarmEngine

/// Translates the last words of ssh into an error for the operator.
struct SSHFailure {
    let settings: GitSettings
    let url: RepositoryURL
    /// The verb phrase before the URL in messages: `fetch from`.
    let operation: String
    let log: SSHLog
    /// The key that the host showed, or nil if it showed none.
    let key: SeenHostKey?
    /// True if the key is not pinned.
    let isKeyRefused: Bool
    /// True if the server sent a byte of git's protocol.
    let hasAnswered: Bool
    let wasAskedForPassphrase: Bool
    let hasPassphrase: Bool
    let redaction: Redaction

    /// The failure, or nil if ssh is not the reason.
    var failure: GitFailure? {
        if isKeyRefused || log.contains(SSHTransport.isUnverified) { return hostKeyFailure }
        if log.isLoggedIn { return hasAnswered ? closed : noRepository }
        return configurationFailure ?? networkFailure ?? loginFailure ?? other
    }

    // MARK: The host key

    private var hostKeyFailure: GitFailure {
        let files = settings.knownHostsFiles ?? []
        let known = "the known hosts file " + files.joined(separator: " or ")
        guard let key else {
            // A jump host has a connection of its own, whose key was not noted.
            let text = log.messages.last { $0.contains("requested strict checking") } ?? "Host key verification failed."
            return GitFailure(
                .refused, "cannot connect to \(url.host): \(redaction.clean(text))",
                hint: "connect to the host once with `ssh` as the user that prewarm runs as")
        }
        if isKeyRefused {
            return GitFailure(
                .refused,
                "cannot connect to \(url.host): it shows the key \(key.fingerprint), which is not in `hostKeys`",
                hint: "ask the owner of the host whether this is its key. If it is, add the fingerprint to "
                    + "`auth.hostKeys` of source \(settings.name)")
        }
        if log.contains("was revoked and you have requested strict") || log.contains("REVOKED HOST KEY") {
            return GitFailure(
                .refused, "cannot connect to \(url.host): it shows a key that \(known) marks as revoked",
                hint: "ask the owner of the host for its current key")
        }
        if log.contains("has changed and you have requested strict") {
            return GitFailure(
                .refused,
                "cannot connect to \(url.host): it shows another key than \(known) has. The host may have a new key, "
                    + "or someone may be intercepting the connection",
                hint: "ask the owner of the host whether its new key is \(key.fingerprint). If it is, replace the old "
                    + "line\(files.first.map { " in \($0)" } ?? "")")
        }
        return GitFailure(
            .refused, "cannot connect to \(url.host): there is no key for it in \(known)",
            hint: "ask the owner of the host whether the fingerprint of its key is \(key.fingerprint). If it is, add "
                + "this line\(files.first.map { " to \($0)" } ?? ""): \(key.line)")
    }

    // MARK: Before the login

    private static let configurationErrors = [
        "onfiguration option", "no argument after", "missing argument", "extra arguments", "user config file",
    ]

    private var configurationFailure: GitFailure? {
        let line = log.messages.first { line in Self.configurationErrors.contains { line.contains($0) } }
        guard let line else {
            guard let line = log.line(with: "No user exists for uid") else { return nil }
            return GitFailure(
                .refused, "cannot run ssh: \(redaction.clean(line))",
                hint: "run prewarm as a user that has a line in /etc/passwd, because ssh requires it")
        }
        let hint =
            line.lowercased().contains("knownhostscommand")
            ? "install OpenSSH 8.5 or newer" : "correct the configuration of ssh: `ssh -G \(url.host)` reads it"
        return GitFailure(.refused, "cannot run ssh: \(redaction.clean(line))", hint: hint)
    }

    private var networkFailure: GitFailure? {
        if let line = log.lines.last(where: { $0.hasPrefix("ssh: Could not resolve hostname ") }) {
            let words = line.dropFirst("ssh: Could not resolve hostname ".count).split(separator: ": ", maxSplits: 1)
            return GitFailure(
                .unreachable, "cannot resolve \(words.first ?? ""): \((words.last ?? "").lowercased())",
                hint: "check the host in the URL of source \(settings.name), and the DNS settings of this machine")
        }
        if let line = log.lines.last(where: { $0.hasPrefix("ssh: connect to host ") }) {
            let cause = line.split(separator: ": ").last.map { $0.lowercased() } ?? "no answer"
            return GitFailure(
                .unreachable, "cannot connect to \(address): \(cause)",
                hint: "check the host and port in the URL of source \(settings.name), and that its server is running")
        }
        if let line = log.lines.last(where: { $0.hasPrefix("Unable to negotiate with ") }) {
            let offer = line.firstRange(of: "Their offer: ").map { ": it offers \(line[$0.upperBound...])" } ?? ""
            return GitFailure(
                .refused,
                "cannot connect to \(address): it supports none of this machine's ssh algorithms"
                    + redaction.clean(offer),
                hint: "add an ed25519 key to the host, or update its ssh server")
        }
        return nil
    }

    private var loginFailure: GitFailure? {
        let denials = ["Permission denied", "Too many authentication"]
        guard log.messages.contains(where: { line in denials.contains { line.contains($0) } }) else { return nil }
        let name = settings.name
        switch settings.credentials {
        case .sshAgent:
            if let failure = agentFailure { return failure }
            return denied(
                "check that one of the first keys in `ssh-add -l` may read the repository: servers allow few attempts")
        case .sshKey(let path, _):
            if wasAskedForPassphrase, !hasPassphrase {
                return GitFailure(
                    .authenticationFailed, "cannot use the ssh key \(path): it has a passphrase",
                    hint: "set `auth.passphraseFile` of source \(name), or use an agent: `auth: {sshAgent: true}`")
            }
            if log.contains("bad permissions") {
                return GitFailure(
                    .authenticationFailed, "cannot use the ssh key \(path): other users may read it",
                    hint: "run `chmod 600 \(path)`")
            }
            if log.contains("Load key \"\(path)\": ") && !wasAskedForPassphrase {
                return denied(
                    "create a key with `ssh-keygen -t ed25519`: \(path) is not a private key in a known format")
            }
            return denied(
                wasAskedForPassphrase
                    ? "check the passphrase of \(path), and that the key may read the repository"
                    : "check that the key of source \(name) may read the repository")
        case .none: return denied("give source \(name) an ssh key that may read the repository: `auth: {sshKey: FILE}`")
        case .token, .usernamePassword, .source:
            return denied(
                "give source \(name) an ssh key with `auth: {sshKey: FILE}`, or an https URL: ssh does not use a token")
        }
    }

    private func denied(_ hint: String) -> GitFailure {
        GitFailure(
            .authenticationFailed,
            "cannot \(operation) \(url.display): the server refused the credentials of \(url.userInfo?.name ?? "git")",
            hint: hint)
    }

    private var agentFailure: GitFailure? {
        if let line = log.line(with: "get_agent_identities: ssh_") {
            let cause = line.split(separator: ": ").last.map { redaction.clean($0.lowercased()) } ?? ""
            return GitFailure(
                .authenticationFailed, "cannot use the ssh agent: \(cause)",
                hint: "check the agent of $SSH_AUTH_SOCK with `ssh-add -l`")
        }
        if log.contains("agent contains no identities") || !log.contains("Offering public key: ") {
            return GitFailure(
                .authenticationFailed, "cannot use the ssh agent: it has no key for the server",
                hint: "add a key with `ssh-add`, or unlock the agent with `ssh-add -X`")
        }
        guard log.contains("agent refused operation") else { return nil }
        return GitFailure(
            .authenticationFailed,
            "cannot use the ssh agent: it did not sign with the key that the server accepts",
            hint: "add the key again without confirmation: it may have been added with `ssh-add -c`")
    }

    // MARK: After the login

    private var noRepository: GitFailure {
        GitFailure(
            .notARepository, "cannot \(operation) \(url.display): the server sent no repository\(lastWords)",
            hint: "check the URL, and that the key of source \(settings.name) may read the repository")
    }

    private var closed: GitFailure? {
        let isClosed = log.messages.contains { line in
            line.contains("onnection") && (line.contains("closed") || line.contains("reset"))
        }
        guard isClosed else { return nil }
        return GitFailure(.unreachable, "cannot \(operation) \(url.display): the server closed the connection early")
    }

    private var other: GitFailure? {
        if hasAnswered { return nil }
        return GitFailure(.unreachable, "cannot connect to \(address): the connection ended early\(lastWords)")
    }

    /// The last messages of ssh and of the server, after a colon.
    private var lastWords: String {
        let words = log.messages.suffix(3)
        return words.isEmpty ? "" : ": \(redaction.clean(words.joined(separator: " ")))"
    }

    private var address: String { "\(url.host):\(url.port)" }
}
