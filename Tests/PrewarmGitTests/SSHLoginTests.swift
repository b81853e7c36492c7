import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import Subprocess
import Testing

@testable import PrewarmGit

@Suite(
    "A key for SSH", .serialized,
    .enabled(if: SSHServer.isWanted, "sshd is not here: apt-get install openssh-server"))
struct SSHLoginTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
    }

    private func mirror(
        _ ssh: SSHServer, _ credentials: GitCredentials, hostKeys: HostKeyTrust? = nil, timeout: Duration? = nil
    ) throws -> GitMirror {
        try folder.write("known_hosts", "\(ssh.name) \(ssh.hostKey())\n")
        return try folder.mirror(ssh.url(origin.path)) {
            $0.credentials = credentials
            if let timeout { $0.limits.timeout = timeout }
            $0.hostKeys = hostKeys ?? .files(["\(folder.path)/missing", "\(folder.path)/known_hosts"])
        }
    }

    private func encrypt(_ key: String) async throws -> String {
        try await run("cp", [key, "locked"], in: folder.path)
        try await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "s3cr3t pass", "-f", "locked"], in: folder.path)
        return "\(folder.path)/locked"
    }

    @Test("is opened by its passphrase, as text or from a file", arguments: ["ed25519", "ecdsa"])
    func passphrase(_ type: String) async throws {
        try await SSHServer.serving(folder) { ssh in
            let key = try await encrypt("client-\(type)")
            try folder.write("passphrase", "s3cr3t pass\n")
            for passphrase in [Secret.text("s3cr3t pass"), .file("\(folder.path)/passphrase")] {
                let mirror = try mirror(ssh, .sshKey(path: key, passphrase: passphrase))
                #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            }
        }
    }

    @Test("that has a passphrase is told where none is given, or a wrong one")
    func wrongPassphrase() async throws {
        try await SSHServer.serving(folder) { ssh in
            let key = try await encrypt("client-ed25519")
            let none = try await head(of: try mirror(ssh, .sshKey(path: key)))
            #expect(none.reason == .authenticationFailed)
            #expect(none.message.contains("has a passphrase: \(key)") && none.hint?.contains("passphraseFile") == true)
            let wrong = try await head(of: try mirror(ssh, .sshKey(path: key, passphrase: "s3cr3t wrong")))
            #expect(wrong.reason == .authenticationFailed)
            #expect(wrong.hint?.contains("passphrase") == true && !"\(wrong)".contains("s3cr3t"), "\(wrong)")
        }
    }

    /// libssh2 finds the agent by the environment of the process alone, which no test may change while others read it:
    /// `Tests/run.sh` names a socket that is free.
    private static let socket = ProcessInfo.processInfo.environment["PREWARM_TEST_AGENT"]

    @Test("is taken from an agent, and one that is not there, has none or never answers is told")
    func agent() async throws {
        if ProcessInfo.processInfo.environment["CI"] == nil, Self.socket == nil { return }
        let socket = try #require(Self.socket, "Tests/run.sh sets PREWARM_TEST_AGENT and SSH_AUTH_SOCK")
        try await SSHServer.serving(folder) { ssh in
            let mirror = try mirror(ssh, .sshAgent)
            let gone = try await head(of: mirror)
            #expect(gone.reason == .authenticationFailed && gone.hint?.contains("SSH_AUTH_SOCK") == true, "\(gone)")
            let text = try await run("ssh-agent", ["-a", socket], in: folder.path)
            let process = try #require(
                text.split(separator: ";").compactMap { part in
                    part.contains("SSH_AGENT_PID=") ? Int32(part.split(separator: "=").last ?? "") : nil
                }.first)
            defer { kill(process, SIGTERM) }
            let empty = try await head(of: mirror)
            #expect(empty.reason == .authenticationFailed && empty.hint?.contains("ssh-add") == true, "\(empty)")
            try await run(
                "ssh-add", ["-q", "client-ed25519"], in: folder.path, environment: ["SSH_AUTH_SOCK": "\(socket)"])
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            kill(process, SIGTERM)
            // It takes its socket away, and must not take the next one.
            while access(socket, F_OK) == 0 { try await Task.sleep(for: .milliseconds(10)) }

            let silent = try Self.silentAgent(at: socket)
            defer { close(silent) }
            let impatient = try self.mirror(ssh, .sshAgent, timeout: .seconds(2))
            let start = ContinuousClock.now
            let failure = try await head(of: impatient)
            #expect(failure.message == "the ssh agent did not answer in time", "\(failure)")
            #expect(ContinuousClock.now - start < .seconds(30))
            let cancelled = Task { try await head(of: mirror) }
            try await Task.sleep(for: .seconds(1))
            cancelled.cancel()
            _ = try await cancelled.value
        }
    }

    /// Takes connections and what comes over them, and never says anything.
    private static func silentAgent(at path: String) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        let isListening = isBound == 0 && listen(descriptor, 8) == 0
        try #require(isListening)
        return descriptor
    }

    @Test("goes to no host but one whose key has a pinned fingerprint", arguments: ["ed25519", "ecdsa"])
    func fingerprints(_ type: String) async throws {
        try await SSHServer.serving(folder, hostKeys: [type]) { ssh in
            let key = GitCredentials.sshKey(path: "\(folder.path)/client-ed25519")
            let print = try await ssh.fingerprint(type)
            let other = "SHA256:" + String(repeating: "a", count: 43)
            for pinned in [[print], [other, print + "="]] {
                #expect(try await mirror(ssh, key, hostKeys: .fingerprints(pinned)).head().ref == "main")
            }
        }
        try await SSHServer.serving(folder, hostKeys: [type]) { ssh in
            let key = GitCredentials.sshKey(path: "\(folder.path)/client-ed25519")
            let print = try await ssh.fingerprint(type)
            let other = "SHA256:" + String(repeating: "a", count: 43)
            let failure = try await head(of: try mirror(ssh, key, hostKeys: .fingerprints([other])))
            #expect(!ssh.server.log.contains("Accepted") && !ssh.server.log.contains("Failed"))
            #expect(failure.reason == .refused)
            #expect(failure.message.contains(print) && failure.hint?.contains("hostKeys") == true, "\(failure)")
        }
    }

    @Test(
        "of RSA, and a host that has no other, are told with what can't be done",
        .enabled(if: LibraryLimits.knowsRSABySHA1Only, "this libssh2 can"))
    func rsa() async throws {
        try await SSHServer.makeKey("client-rsa", "rsa", folder)
        try await SSHServer.serving(folder) { ssh in
            let failure = try await head(of: try mirror(ssh, .sshKey(path: "\(folder.path)/client-rsa")))
            #expect(failure.reason == .authenticationFailed)
            #expect(failure.hint?.contains("ssh-keygen -t ed25519") == true, "\(failure)")
        }
        try await SSHServer.serving(folder, hostKeys: ["rsa"]) { ssh in
            let failure = try await head(of: try mirror(ssh, .sshKey(path: "\(folder.path)/client-ed25519")))
            #expect(failure.reason == .refused, "\(failure)")
            #expect(failure.hint?.contains("ed25519") == true, "\(failure)")
        }
    }

    @Test("is not asked for by a probe, which shows the host's key and the line to write down")
    func probe() async throws {
        try await SSHServer.serving(folder) { ssh in
            try folder.write("empty", "")
            let key = GitCredentials.sshKey(path: "\(folder.path)/client-ed25519")
            let unknown = await (try mirror(ssh, key, hostKeys: .files(["\(folder.path)/empty"]))).probe()
            #expect(unknown.failure?.reason == .refused && unknown.revision == nil)
            #expect(unknown.hostKey?.line == "\(ssh.name) \(ssh.hostKey())" && unknown.hostKey?.isTrusted == false)
            #expect(unknown.hostKey?.fingerprint == (try await ssh.fingerprint()))
            let known = await (try mirror(ssh, key)).probe()
            #expect(known.failure == nil && known.revision?.ref == "main" && known.hostKey?.isTrusted == true)
        }
    }
}
