import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Fetching over SSH", .serialized, .needsSSHServer)
struct SSHTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
    }

    private func mirror(
        _ ssh: SSHServer, key: String = "client-ed25519", known: String, path: String? = nil
    ) throws -> GitMirror {
        try folder.write("known_hosts", known + "\n")
        return try folder.mirror(ssh.url(path ?? origin.path)) {
            $0.credentials = .sshKey(path: "\(folder.path)/\(key)")
            $0.hostKeys = .files(["\(folder.path)/known_hosts"])
        }
    }

    @Test(
        "A repository is read with a key", arguments: ["client-ed25519", "client-ecdsa"], ["ed25519", "ecdsa"])
    func accepted(_ key: String, _ host: String) async throws {
        try await SSHServer.serving(folder, hostKeys: [host]) { ssh in
            let mirror = try mirror(ssh, key: key, known: "\(ssh.name) \(ssh.hostKey(host))")
            let revision = try await mirror.head()
            #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
            try await origin.commit(["b.yaml": "b"])
            let next = try await mirror.head()
            #expect(try await contents(mirror, next).count == 2)
        }
    }

    @Test("A known host is found by its name, its hash, a pattern, and among other hosts")
    func knownHosts() async throws {
        try await SSHServer.serving(folder) { ssh in
            try folder.write("hashed", "\(ssh.name) \(ssh.hostKey())\n")
            try await run("ssh-keygen", ["-q", "-H", "-f", "hashed"], in: folder.path)
            let hashed = folder.read("hashed")
            #expect(hashed.hasPrefix("|1|"))
            let other = "example.org \(ssh.hostKey())"
            for known in [
                hashed, "# comment\n\n\(other)\n\(hashed)", "example.org,\(ssh.name) \(ssh.hostKey()) comment",
                "[127.0.0.*]:* \(ssh.hostKey())",
            ] {
                #expect(try await mirror(ssh, known: known).head().ref == "main", "\(known)")
            }
        }
    }

    @Test("A host at another port is known by its plain name if no line has a key for that port, as in ssh")
    func plainNames() async throws {
        try await SSHServer.serving(folder) { ssh in
            let (key, foreign) = (ssh.hostKey(), try await otherHostsKey())
            try folder.write("hashed", "127.0.0.1 \(key)\n")
            try await run("ssh-keygen", ["-q", "-H", "-f", "hashed"], in: folder.path)
            let hashed = folder.read("hashed")
            #expect(hashed.hasPrefix("|1|"))
            for known in [
                "127.0.0.1 \(key)", hashed, "127.0.0.* \(key)", "!\(ssh.name),* \(key)",
                "127.0.0.1 \(foreign)\n127.0.0.1 \(key)", "@revoked \(ssh.name) \(foreign)\n127.0.0.1 \(key)",
                "127.0.0.1 \(foreign)\n\(ssh.name) \(key)",
            ] {
                #expect(try await mirror(ssh, known: known).head().ref == "main", "\(known)")
            }
        }
    }

    /// Returns the type and key of another host.
    private func otherHostsKey() async throws -> String {
        try await SSHServer.makeKey("foreign", "ed25519", folder)
        return folder.read("foreign.pub").split(separator: " ").prefix(2).joined(separator: " ")
    }

    @Test("A host that is unknown or shows another key is refused before the client key is used")
    func refusedHosts() async throws {
        try await SSHServer.serving(folder) { ssh in
            let (key, foreign) = (ssh.hostKey(), try await otherHostsKey())
            let noKey = "cannot connect to 127.0.0.1: there is no key for it in the known hosts file"
            for (known, message) in [
                ("", noKey), ("127.0.0.1 \(foreign)", noKey),
                ("!\(ssh.name),!127.0.0.1,* \(key)", noKey),
                ("[127.0.0.1]:1 \(key)", noKey), ("\(ssh.name) \(foreign)", "shows another key"),
                ("\(ssh.name) \(foreign)\n127.0.0.1 \(key)", "shows another key"),
                ("\(ssh.name) ssh-rsa AAAAB3NzaC1yc2E=", noKey),
                ("\(ssh.name) \(key)\n@revoked * \(key)", "marks as revoked"),
                ("127.0.0.1 \(key)\n@revoked 127.0.0.1 \(key)", "marks as revoked"),
                ("@revoked \(ssh.name) \(key)\n127.0.0.1 \(key)", "marks as revoked"),
            ] as [(String, String)] {
                let failure = try await head(of: try mirror(ssh, known: known))
                #expect(failure.reason == .refused)
                #expect(failure.message.contains(message), "\(failure)")
                let isTold = failure.hint?.contains("\(ssh.name) \(key)") == true
                #expect(isTold == message.contains("there is no key"))
                let print = try await ssh.fingerprint()
                #expect(failure.hint?.contains(print) == true || message.contains("revoked"), "\(failure)")
            }
            #expect(!ssh.server.log.contains("Accepted") && !ssh.server.log.contains("Failed"))
        }
    }

    @Test("A key that the server refuses, or that is not readable, is reported")
    func wrongKey() async throws {
        try await SSHServer.serving(folder) { ssh in
            try await SSHServer.makeKey("foreign", "ed25519", folder)
            try folder.write("text", "no key\n", permissions: 0o600)
            for (key, message) in [
                ("foreign", "refused the credentials"), ("text", "refused the credentials"),
                ("missing", "cannot read the ssh key"),
            ] {
                let failure = try await head(of: try mirror(ssh, key: key, known: "\(ssh.name) \(ssh.hostKey())"))
                #expect(failure.reason == .authenticationFailed)
                #expect(failure.message.contains(message), "\(failure)")
            }
            let token = try folder.mirror(ssh.url(origin.path)) { $0.credentials = .token("s3cr3t") }
            #expect(!"\(try await head(of: token))".contains("s3cr3t"))
        }
    }

    @Test("No host is trusted without a known hosts file, or with a missing one")
    func noKnownHosts() async throws {
        try await SSHServer.serving(folder) { ssh in
            for file in [nil, "\(folder.path)/missing"] {
                let failure = try await head(
                    of: try folder.mirror(ssh.url(origin.path)) {
                        $0.credentials = .sshKey(path: "\(folder.path)/client-ed25519")
                        if let file { $0.hostKeys = .files([file]) }
                    })
                #expect(failure.reason == .refused)
                #expect(failure.message.contains("known"), "\(failure)")
            }
        }
    }

    @Test("A missing repository is reported, and one with letters beyond ASCII in its path is found")
    func paths() async throws {
        try await Origin(folder, "ünï-1").commit()
        try await SSHServer.serving(folder) { ssh in
            let known = "\(ssh.name) \(ssh.hostKey())"
            let failure = try await head(of: try mirror(ssh, known: known, path: "\(folder.path)/missing"))
            #expect(failure.reason == .notARepository)
            let other = try mirror(ssh, known: known, path: "\(folder.path)/%C3%BCn%C3%AF-1")
            #expect(try await other.head().ref == "main")
        }
    }

    @Test("A server that lists references forever is given up before they fill the memory")
    func endless() async throws {
        let line = "004d0123456789012345678901234567890123456789 refs/heads/aaaaaaaaaaaaaaaaaaaa"
        try folder.write("endless", "exec yes '\(line)'\n")
        try await SSHServer.serving(folder, command: "/bin/sh \(folder.path)/endless") { ssh in
            let failure = try await head(of: try mirror(ssh, known: "\(ssh.name) \(ssh.hostKey())", path: "/a"))
            #expect(failure.reason == .tooLarge, "\(failure)")
            #expect(failure.message.contains("cannot list the references of 127.0.0.1"), "\(failure)")
        }
    }

    @Test("A server that sends nothing is given up in time", arguments: [nil, "sleep 20"])
    func silence(_ command: String?) async throws {
        let listener = try Listener()
        try await SSHServer.serving(folder, command: command) { ssh in
            let port = command == nil ? listener.port : ssh.server.port
            try folder.write("known_hosts", "[127.0.0.1]:\(port) \(ssh.hostKey())\n")
            for (idle, total) in [(1, 20), (20, 1)] {
                let mirror = try folder.mirror("ssh://\(NSUserName())@127.0.0.1:\(port)/a") {
                    $0.limits.idleTimeout = .seconds(idle)
                    $0.limits.timeout = .seconds(total)
                    $0.credentials = .sshKey(path: "\(folder.path)/client-ed25519")
                    $0.hostKeys = .files(["\(folder.path)/known_hosts"])
                }
                try await givesUp(mirror, "1 s")
            }
        }
    }
}
