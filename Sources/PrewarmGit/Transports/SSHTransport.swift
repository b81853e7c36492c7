import Glibc
import PrewarmEngine

/// The way to a repository by the OpenSSH client.
final class SSHTransport: RemoteTransport, RemoteStream {
    private let settings: GitSettings
    private let url: RepositoryURL
    private let watch: Watch
    private let redaction: Redaction
    private let passphrase: String?
    private let program: String
    private var folder: SSHFolder?
    private var process: SSHProcess?
    /// The patterns of host key types that the host must not show.
    private var excluded: [String] = []
    /// The first key of the host that is not pinned.
    private var refusedKey: SeenHostKey?

    var isStateless: Bool { false }

    /// - Throws: a failure if ssh, the agent, the key, the passphrase or a known hosts file cannot be used.
    init(_ settings: GitSettings, url: RepositoryURL, watch: Watch, redaction: Redaction) throws(GitFailure) {
        self.settings = settings
        self.url = url
        self.watch = watch
        program = try SSHCommand(settings: settings, url: url).program()
        var passphrase: String?
        switch settings.credentials {
        case .sshKey(let path, let secret):
            guard access(path, R_OK) == 0 else {
                throw GitFailure(
                    .authenticationFailed, "cannot read the ssh key \(path)",
                    hint: "check that the file exists, and that the user that prewarm runs as may read it")
            }
            passphrase = try secret?.read("the passphrase")
        case .sshAgent(let socket): try Self.check(agentAt: socket)
        case .none, .token, .usernamePassword, .source: break
        }
        for file in settings.knownHostsFiles ?? [] where access(file, F_OK) == 0 && access(file, R_OK) != 0 {
            throw GitFailure(
                .refused, "cannot read the known hosts file \(file)",
                hint: "check that the user that prewarm runs as may read it")
        }
        self.passphrase = passphrase
        self.redaction = passphrase.map(redaction.adding) ?? redaction
    }

    private static func check(agentAt socket: String?) throws(GitFailure) {
        let hint =
            "start prewarm with SSH_AUTH_SOCK set to the socket of a running agent, or use `auth: {sshKey: FILE}`"
        guard let socket, !socket.isEmpty else {
            throw GitFailure(
                .authenticationFailed, "cannot use the ssh agent: SSH_AUTH_SOCK is not set", hint: hint)
        }
        // sockaddr_un has 108 bytes for the path and a zero. ssh would cut the path.
        guard socket.utf8.count < 108 else {
            throw GitFailure(
                .authenticationFailed, "cannot use the ssh agent: the path in SSH_AUTH_SOCK is too long", hint: hint)
        }
    }

    func open(isListing: Bool) throws(TransportEnd) -> any RemoteStream {
        try start(excluding: [])
        return self
    }

    private func start(excluding excluded: [String]) throws(TransportEnd) {
        let command = SSHCommand(settings: settings, url: url)
        do throws(GitFailure) {
            let folder = try SSHFolder(settings, configuration: command.configuration, passphrase: passphrase)
            self.folder = folder
            self.excluded = excluded
            process = try SSHProcess(
                program, command.arguments(folder, excluded: excluded), environment: command.environment(folder),
                usesAgent: usesAgent, watch: watch)
        } catch {
            watch.note(.failed(error))
            throw TransportEnd()
        }
    }

    private var usesAgent: Bool {
        if case .sshAgent = settings.credentials { true } else { false }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportEnd) -> Int {
        while let process {
            let isFirst = !process.hasAnswered
            let count = try process.read(into: buffer)
            if count > 0 {
                if isFirst { watch.hostKey = folder?.seenKey(isTrusted: true) }
                return count
            }
            guard isFirst, try retryWithOtherKey() else { return 0 }
        }
        return 0
    }

    /// Connects again if the host showed a key that is not pinned. It may have a pinned key of another type, but shows only
    /// the one that ssh prefers.
    private func retryWithOtherKey() throws(TransportEnd) -> Bool {
        guard case .fingerprints = settings.hostKeys, let process, process.log.contains(Self.isUnverified),
            let key = folder?.seenKey(isTrusted: false)
        else { return false }
        if refusedKey == nil { refusedKey = key }
        let pattern = key.type == "ssh-rsa" ? "rsa-sha2-*,ssh-rsa" : key.type
        guard !excluded.contains(pattern) else { return false }
        process.finish()
        try start(excluding: excluded + [pattern])
        return true
    }

    static let isUnverified = "Host key verification failed"

    func write(_ bytes: UnsafeRawBufferPointer) throws(TransportEnd) {
        guard let process else { throw TransportEnd() }
        try process.write(bytes)
    }

    func finish() { process?.finish() }

    func close() { process?.finish() }

    func failure(of operation: String) -> GitFailure? {
        guard let process, let folder else { return nil }
        let isTrusted = refusedKey == nil && !process.log.contains(Self.isUnverified)
        let key = refusedKey ?? folder.seenKey(isTrusted: isTrusted)
        watch.hostKey = key
        return SSHFailure(
            settings: settings, url: url, operation: operation, log: process.log, key: key,
            isKeyRefused: refusedKey != nil, hasAnswered: process.hasAnswered,
            wasAskedForPassphrase: folder.wasAskedForPassphrase, hasPassphrase: passphrase != nil, redaction: redaction
        ).failure
    }
}
