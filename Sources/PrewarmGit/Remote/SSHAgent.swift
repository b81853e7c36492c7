import Glibc
import PrewarmEngine
import Synchronization

/// A connection to an ssh agent (https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent).
///
/// libssh2 is not used for it: it waits for an agent forever, and closes a descriptor twice if there is no agent.
final class SSHAgent {
    private let descriptor: Int32
    private let watch: Watch
    private let limit: Duration

    private enum Message {
        static let requestIdentities: UInt8 = 11
        static let identities: UInt8 = 12
        static let requestSignature: UInt8 = 13
        static let signature: UInt8 = 14
    }

    /// The maximum size of an answer, in bytes. It has room for a few hundred keys.
    private static let mostBytes = 256 << 10

    /// - Parameters:
    ///   - path: the path of its socket, or nil if SSH_AUTH_SOCK is not set.
    ///   - limit: the time for an answer.
    /// - Throws: `.authenticationFailed` if the agent is missing or accepts no connection.
    init(at path: String?, watch: Watch, limit: Duration) throws(GitFailure) {
        guard let path, !path.isEmpty else { throw Self.failure("cannot find an ssh agent: SSH_AUTH_SOCK is not set") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard path.utf8.count < target.count else { return false }
            target.copyBytes(from: path.utf8)
            return true
        }
        guard isShort else {
            throw Self.failure("cannot connect to the ssh agent at \(path): the path is too long for a socket")
        }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
        }
        guard isConnected else {
            let reason =
                errno == EAGAIN ? "it accepts no more connections" : String(cString: strerror(errno)).lowercased()
            if descriptor >= 0 { close(descriptor) }
            throw Self.failure("cannot connect to the ssh agent at \(path): \(reason)")
        }
        self.descriptor = descriptor
        self.watch = watch
        self.limit = limit
    }

    deinit { close(descriptor) }

    /// Returns the public keys of the agent that libssh2 supports, in their order. It does not support certificates and
    /// hardware keys.
    func keys() throws(GitFailure) -> [[UInt8]] {
        guard var answer = try ask([Message.requestIdentities], for: Message.identities) else {
            throw Self.failure(
                "cannot list the keys of the ssh agent: it refused", hint: "check the output of `ssh-add -l`")
        }
        var keys: [[UInt8]] = []
        for _ in 0..<(answer.number() ?? 0) {
            guard let key = answer.string(), answer.string() != nil else { throw Self.unreadable }
            keys.append(key)
        }
        let (good, rsa) = (keys.filter { Self.types.contains(KnownHosts.type(of: $0)) }, keys.filter(Self.isRSA))
        // Most servers refuse RSA keys of a library that supports SHA-1 only, so these keys come last.
        return LibraryLimits.knowsRSABySHA1Only ? good + rsa : keys.filter { good.contains($0) || rsa.contains($0) }
    }

    private static let types: Set<String> = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    ]

    private static func isRSA(_ key: [UInt8]) -> Bool { KnownHosts.type(of: key) == "ssh-rsa" }

    /// The key that was accepted last, by user and server. It is tried first, because servers end a connection after a
    /// few refused keys.
    static let taken = Mutex<[String: [UInt8]]>([:])

    /// Returns the signature of a login request, with the key and the algorithm that the request names. Returns nil if
    /// the agent does not sign, for example because the user declined.
    func signature(of data: [UInt8]) throws(GitFailure) -> [UInt8]? {
        guard let request = LoginRequest(data) else { throw Self.unreadable }
        let flags = ["rsa-sha2-256": 2, "rsa-sha2-512": 4][request.algorithm] ?? 0
        let message =
            [Message.requestSignature] + SSHFields.string(request.key) + SSHFields.string(data)
            + SSHFields.number(flags)
        guard var answer = try ask(message, for: Message.signature) else { return nil }
        var signature = SSHFields(answer.string() ?? [])
        guard let algorithm = signature.string(), let bytes = signature.string() else { throw Self.unreadable }
        return algorithm == Array(request.algorithm.utf8) ? bytes : nil
    }

    /// Sends a message. Returns the fields of the answer, or nil if it is not of the expected kind.
    private func ask(_ message: [UInt8], for kind: UInt8) throws(GitFailure) -> SSHFields? {
        let end = ContinuousClock.now + limit
        try send(SSHFields.string(message), until: end)
        var head = SSHFields(try receive(4, until: end))
        guard let length = head.number(), (1...Self.mostBytes).contains(Int(length)) else { throw Self.unreadable }
        var answer = SSHFields(try receive(Int(length), until: end))
        return answer.byte() == kind ? answer : nil
    }

    private func send(_ bytes: [UInt8], until end: ContinuousClock.Instant) throws(GitFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT, until: end) }
        }
    }

    private func receive(_ count: Int, until end: ContinuousClock.Instant) throws(GitFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var portion = [UInt8](repeating: 0, count: min(count - bytes.count, 65_536))
            let received = recv(descriptor, &portion, portion.count, 0)
            if received == 0 { throw Self.failure("cannot read from the ssh agent: it closed the connection") }
            if received > 0 { bytes += portion.prefix(received) } else { try wait(for: POLLIN, until: end) }
        }
        return bytes
    }

    /// Waits until a call that would block can continue.
    private func wait(for event: Int32, until end: ContinuousClock.Instant) throws(GitFailure) {
        guard errno == EAGAIN || errno == EINTR else {
            throw Self.failure("cannot use the ssh agent: \(String(cString: strerror(errno)).lowercased())")
        }
        guard ContinuousClock.now < end, !watch.isOver else {
            throw GitFailure(
                .authenticationFailed, "cannot use the ssh agent: it did not answer in time",
                hint: "check that `ssh-add -l` answers, and that the key needs no confirmation or touch")
        }
        var poller = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        poll(&poller, 1, 100)
    }

    private static let unreadable = failure("cannot use the ssh agent: its answer is not readable")

    private static func failure(
        _ message: String,
        hint: String = "start an agent, add a key with `ssh-add`, and set SSH_AUTH_SOCK in the environment of prewarm"
    ) -> GitFailure {
        GitFailure(.authenticationFailed, message, hint: hint)
    }
}

/// The request of a login with a public key, which the client signs (RFC 4252, section 7).
struct LoginRequest {
    let algorithm: String
    let key: [UInt8]

    init?(_ data: [UInt8]) {
        var fields = SSHFields(data)
        // Session, kind of message, user, service, "publickey", whether it is signed.
        guard fields.string() != nil, fields.byte() != nil, fields.string() != nil, fields.string() != nil,
            fields.string() != nil, fields.byte() != nil, let algorithm = fields.string(), let key = fields.string()
        else { return nil }
        self.algorithm = String(decoding: algorithm, as: UTF8.self)
        self.key = key
    }
}
