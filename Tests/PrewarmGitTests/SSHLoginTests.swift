import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import Subprocess
import Testing

@testable import PrewarmGit

@Suite("Logins over SSH", .serialized, .needsSSHServer)
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

    @Test("A key is decrypted with its passphrase, as text or from a file", arguments: ["ed25519", "ecdsa"])
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

    @Test("A missing or wrong passphrase is reported")
    func wrongPassphrase() async throws {
        try await SSHServer.serving(folder) { ssh in
            let key = try await encrypt("client-ed25519")
            let none = try await head(of: try mirror(ssh, .sshKey(path: key)))
            #expect(none.reason == .authenticationFailed)
            #expect(none.message == "cannot use the ssh key \(key): it has a passphrase", "\(none)")
            #expect(none.hint?.contains("passphraseFile") == true)
            let wrong = try await head(of: try mirror(ssh, .sshKey(path: key, passphrase: "s3cr3t wrong")))
            #expect(wrong.reason == .authenticationFailed)
            #expect(wrong.hint?.contains("passphrase") == true && !"\(wrong)".contains("s3cr3t"), "\(wrong)")
        }
    }

    @Test("The first key of an agent that the server accepts is used", arguments: ["ed25519", "ecdsa"])
    func agent(_ type: String) async throws {
        try await SSHServer.makeKey("client-other", "ed25519", folder)
        try await SSHServer.serving(folder) { ssh in
            let agent = try await Agent(folder)
            defer { agent.end() }
            let mirror = try mirror(ssh, .sshAgent(socket: agent.socket))
            let empty = try await head(of: mirror)
            #expect(empty.reason == .authenticationFailed && empty.hint?.contains("ssh-add") == true, "\(empty)")
            try await agent.add("client-other")
            let refused = try await head(of: mirror)
            #expect(refused.reason == .authenticationFailed && refused.message.contains("refused"), "\(refused)")
            try await agent.add("client-\(type)")
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        }
    }

    @Test("A key that needs a confirmation is skipped for the next key of the agent")
    func declined() async throws {
        try await SSHServer.serving(folder) { ssh in
            let agent = try await Agent(folder)
            defer { agent.end() }
            let mirror = try mirror(ssh, .sshAgent(socket: agent.socket))
            // The agent has no program to ask for the confirmation.
            try await agent.add("-c", "client-ed25519")
            let declined = try await head(of: mirror)
            #expect(declined.message.contains("did not sign") && declined.hint?.contains("ssh-add -c") == true)
            try await agent.add("client-ecdsa")
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test("A missing agent is reported")
    func noAgent() async throws {
        try await SSHServer.serving(folder) { ssh in
            let dead = "\(folder.path)/dead"
            close(try Self.listen(at: dead))
            for (socket, words) in [
                (nil, "SSH_AUTH_SOCK is not set"), ("\(folder.path)/none", "no such file"),
                (dead, "connection refused"),
                ("/" + String(repeating: "a", count: 200), "too long"),
            ] {
                let failure = try await head(of: try mirror(ssh, .sshAgent(socket: socket)))
                #expect(failure.reason == .authenticationFailed && failure.message.contains(words), "\(failure)")
                #expect(failure.hint?.contains("SSH_AUTH_SOCK") == true)
            }
        }
    }

    /// The socket may be a link, for example that of tmux or of a container.
    @Test("An agent that never answers is given up, also if its socket is a link")
    func silentAgent() async throws {
        try await SSHServer.serving(folder) { ssh in
            let silent = try Self.listen(at: "\(folder.path)/silent")
            defer { close(silent) }
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/link", withDestinationPath: "\(folder.path)/silent")
            let start = ContinuousClock.now
            let mirror = try mirror(ssh, .sshAgent(socket: "\(folder.path)/link"), timeout: .seconds(2))
            let failure = try await head(of: mirror)
            #expect(failure.message == "cannot use the ssh agent: it did not answer in time", "\(failure)")
            #expect(ContinuousClock.now - start < .seconds(30))
            let patient = try self.mirror(ssh, .sshAgent(socket: "\(folder.path)/link"), timeout: .seconds(600))
            let cancelled = Task { try await head(of: patient) }
            try await Task.sleep(for: .seconds(1))
            cancelled.cancel()
            _ = try await cancelled.value
            #expect(ContinuousClock.now - start < .seconds(30))
        }
    }

    @Test(
        "An answer that is not from an agent is reported",
        arguments: [
            ([], "communication with agent failed"), ([0, 0, 0, 1, 5], "agent"), ([0xff, 0xff, 0xff, 0xff], "agent"),
            ([0, 0, 0, 5, 12, 0, 0, 0, 9], "agent"), ([0, 0, 0, 0], "agent"),
        ] as [([UInt8], String)])
    func badAgent(_ answer: [UInt8], _ words: String) async throws {
        try await SSHServer.serving(folder) { ssh in
            let socket = try Self.listen(at: "\(folder.path)/bad")
            defer { close(socket) }
            let answering = Thread {
                let caller = accept(socket, nil, nil)
                _ = write(caller, answer, answer.count)
                shutdown(caller, Int32(SHUT_WR))
                var rest: UInt8 = 0
                while read(caller, &rest, 1) > 0 {}
                close(caller)
            }
            answering.start()
            let failure = try await head(of: try mirror(ssh, .sshAgent(socket: "\(folder.path)/bad")))
            #expect(failure.reason == .authenticationFailed && failure.message.contains(words), "\(failure)")
        }
    }

    private static func listen(at path: String) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        let isListening = isBound == 0 && Glibc.listen(descriptor, 8) == 0
        try #require(isListening)
        return descriptor
    }

    /// An agent of OpenSSH.
    private struct Agent {
        let socket: String
        private let folder: Folder
        private let process: Int32

        init(_ folder: Folder) async throws {
            self.folder = folder
            socket = "\(folder.path)/agent"
            let text = try await run("ssh-agent", ["-a", socket], in: folder.path)
            process = try #require(
                text.split(separator: ";").compactMap { part in
                    part.contains("SSH_AGENT_PID=") ? Int32(part.split(separator: "=").last ?? "") : nil
                }.first)
        }

        func add(_ key: String...) async throws {
            try await run("ssh-add", ["-q"] + key, in: folder.path, environment: ["SSH_AUTH_SOCK": "\(socket)"])
        }

        func end() { kill(process, SIGTERM) }
    }

    @Test(
        "With pinned fingerprints, the client key is offered only to a host that shows one of them",
        arguments: ["ed25519", "ecdsa"])
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

    @Test("A pinned key is found behind a key of another type that ssh prefers")
    func otherTypes() async throws {
        try await SSHServer.serving(folder, hostKeys: ["ed25519", "ecdsa", "rsa"]) { ssh in
            let key = GitCredentials.sshKey(path: "\(folder.path)/client-ed25519")
            for type in ["ed25519", "ecdsa", "rsa"] {
                let mirror = try mirror(ssh, key, hostKeys: .fingerprints([try await ssh.fingerprint(type)]))
                #expect(try await mirror.head().ref == "main", "\(type)")
            }
            let other = "SHA256:" + String(repeating: "a", count: 43)
            let failure = try await head(of: try mirror(ssh, key, hostKeys: .fingerprints([other])))
            let print = try await ssh.fingerprint()
            #expect(failure.reason == .refused && failure.message.contains(print), "\(failure)")
        }
    }

    @Test("A probe returns the host's key and the line for known_hosts")
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
