import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmGit

/// The work of the OpenSSH client for prewarm, and its end when a pass ends.
@Suite("The OpenSSH client", .serialized, .needsSSHServer)
struct OpenSSHTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
    }

    /// Writes a configuration of ssh for a home directory, which is the folder.
    private func configure(_ ssh: SSHServer, _ text: String) throws {
        try folder.write(".ssh/config", text)
        try folder.write(".ssh/known_hosts", "\(ssh.name) \(ssh.hostKey())\n")
    }

    private func mirror(_ url: String, _ change: (inout GitSettings) -> Void = { _ in }) throws -> GitMirror {
        try folder.mirror(url) {
            $0.environment = ["HOME": folder.path, "PATH": "/usr/local/bin:/usr/bin:/bin"]
            change(&$0)
        }
    }

    @Test("An RSA key logs in to a server that takes RSA with SHA-2 only")
    func rsaClient() async throws {
        try await SSHServer.makeKey("client-rsa", "rsa", folder)
        let options = ["PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256"]
        try await SSHServer.serving(folder, options: options) { ssh in
            try configure(ssh, "")
            let mirror = try mirror(ssh.url(origin.path)) {
                $0.credentials = .sshKey(path: "\(folder.path)/client-rsa")
            }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            #expect(ssh.server.log.contains("Accepted publickey for \(NSUserName())"))
        }
    }

    @Test("A host with an RSA key only is known by it")
    func rsaHost() async throws {
        try await SSHServer.serving(folder, hostKeys: ["rsa"]) { ssh in
            try folder.write("known_hosts", "\(ssh.name) \(ssh.hostKey("rsa"))\n")
            let mirror = try mirror(ssh.url(origin.path)) {
                $0.credentials = .sshKey(path: "\(folder.path)/client-ed25519")
                $0.hostKeys = .files(["\(folder.path)/known_hosts"])
            }
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test("An alias of the configuration of ssh has its host, port, user and key there")
    func alias() async throws {
        try await SSHServer.serving(folder) { ssh in
            try configure(
                ssh,
                """
                Host team
                    HostName 127.0.0.1
                    Port \(ssh.server.port)
                    User \(NSUserName())
                    IdentityFile \(folder.path)/client-ed25519
                """)
            for url in ["team:\(origin.path)", "ssh://team\(origin.path)"] {
                let mirror = try mirror(url)
                #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"], "\(url)")
            }
            // The configured port and key take precedence.
            let other = try mirror("ssh://team:1\(origin.path)")
            #expect(try await head(of: other).message.contains("cannot connect to team:1: connection refused"))
            try await SSHServer.makeKey("foreign", "ed25519", folder)
            let refused = try await head(of: try mirror("ssh://no-such-user@team\(origin.path)"))
            #expect(refused.reason == .authenticationFailed && refused.message.contains("no-such-user"), "\(refused)")
        }
    }

    @Test("A host behind a jump host is reached")
    func jumpHost() async throws {
        try await SSHServer.serving(folder) { ssh in
            try configure(
                ssh,
                """
                Host jump target
                    HostName 127.0.0.1
                    Port \(ssh.server.port)
                    User \(NSUserName())
                    IdentityFile \(folder.path)/client-ed25519
                Host target
                    ProxyJump jump
                """)
            let mirror = try mirror("ssh://target\(origin.path)")
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            try folder.write(".ssh/known_hosts", "")
            let failure = try await head(of: try self.mirror("ssh://target\(origin.path)"))
            #expect(failure.reason == .refused && failure.message.contains("key"), "\(failure)")
        }
    }

    @Test("A configuration of ssh with an error is reported")
    func badConfiguration() async throws {
        try await SSHServer.serving(folder) { ssh in
            try configure(ssh, "NoSuchOption yes\n")
            let failure = try await head(of: try mirror(ssh.url(origin.path)))
            #expect(failure.reason == .refused && failure.message.contains("nosuchoption"), "\(failure)")
        }
    }

    @Test("A key that other users may read is reported with the command that protects it")
    func permissions() async throws {
        try await SSHServer.serving(folder) { ssh in
            try configure(ssh, "")
            try await run("chmod", ["644", "client-ed25519"], in: folder.path)
            let key = "\(folder.path)/client-ed25519"
            let failure = try await head(of: try mirror(ssh.url(origin.path)) { $0.credentials = .sshKey(path: key) })
            #expect(failure.message == "cannot use the ssh key \(key): other users may read it", "\(failure)")
            #expect(failure.hint == "run `chmod 600 \(key)`")
        }
    }

    @Test("A missing ssh is reported with its package")
    func missing() async throws {
        let failure = try await head(of: try mirror("ssh://host/a") { $0.environment["PATH"] = "\(folder.path)/none" })
        #expect(failure.reason == .refused && failure.message.hasPrefix("cannot run ssh: it is not in $PATH"))
        #expect(failure.hint?.contains("openssh-client") == true)
    }

    @Test("A host that does not exist and a refused connection are reported")
    func network() async throws {
        let port = try Listener().port
        let refused = try await head(of: try mirror("ssh://127.0.0.1:\(port)/a"))
        #expect(refused.reason == .unreachable)
        #expect(refused.message == "cannot connect to 127.0.0.1:\(port): connection refused", "\(refused)")
        let unknown = try await head(of: try mirror("ssh://nowhere.invalid/a"))
        #expect(unknown.reason == .unreachable)
        #expect(unknown.message.hasPrefix("cannot resolve nowhere.invalid: "), "\(unknown)")
    }

    @Test("A server that sends a banner and then nothing is given up")
    func banner() async throws {
        let listener = try Listener()
        let answering = Thread {
            while true {
                let caller = accept(listener.descriptor, nil, nil)
                guard caller >= 0 else { return }
                let text = Array("hello\r\nSSH-2.0-silent\r\n".utf8)
                _ = write(caller, text, text.count)
            }
        }
        answering.start()
        for (idle, total, message) in [(1, 30, "for 1 s"), (30, 1, "did not finish within 1 s")] {
            let mirror = try mirror("ssh://127.0.0.1:\(listener.port)/a") {
                $0.limits.idleTimeout = .seconds(idle)
                $0.limits.timeout = .seconds(total)
            }
            try await givesUp(mirror, message)
        }
    }

    /// Puts a program in the place of ssh. Another process writes it: if this one did, a child that another test starts
    /// meanwhile could hold the file open for writing, and the kernel would not execute it.
    private func fake(_ script: String) async throws -> [String: String] {
        try folder.write("script", "#!/bin/sh\n" + script)
        try await run("install", ["-D", "-m", "755", "script", "bin/ssh"], in: folder.path)
        return ["HOME": folder.path, "PATH": "\(folder.path)/bin:/usr/bin:/bin", "OUT": folder.path]
    }

    private func isRunning(_ file: String) -> Bool {
        guard let process = Int32(folder.read(file).filter(\.isNumber)) else { return false }
        return kill(process, 0) == 0
    }

    @Test("An ssh that ignores SIGTERM ends with the pass, and so does its child", arguments: ["timeout", "cancel"])
    func stubborn(_ manner: String) async throws {
        let environment = try await fake(
            """
            trap '' TERM HUP INT
            (trap '' TERM; echo $$ > "$OUT/parent"; exec sh -c 'echo $$ > "$OUT/child"; while :; do sleep 1; done') &
            while :; do sleep 1; done
            """)
        let mirror = try mirror("ssh://host/a") {
            $0.environment = environment
            $0.limits.timeout = manner == "timeout" ? .seconds(10) : .seconds(600)
            $0.limits.idleTimeout = $0.limits.timeout
        }
        let call = Task { await mirror.failure() }
        try await eventually("both have started") {
            folder.read("parent").hasSuffix("\n") && folder.read("child").hasSuffix("\n")
        }
        if manner == "cancel" { call.cancel() }
        let failure = await call.value.failure
        #expect(
            failure?.reason == .unreachable && failure?.message.contains("cannot run") == false, "\(failure as Any)")
        try await eventually("both have ended") { !isRunning("parent") && !isRunning("child") }
    }

    @Test("The passphrase is given once, to the question for the configured key, and is in no file or argument")
    func passphrase() async throws {
        try await SSHServer.makeKey("key", "ed25519", folder)
        let environment = try await fake(
            """
            folder=${SSH_ASKPASS%/*}
            { env; cat /proc/[0-9]*/cmdline; find "$folder" -type f -exec cat {} +; } > "$OUT/seen" 2>/dev/null
            ls -ld "$folder" > "$OUT/list"
            "$SSH_ASKPASS" "Enter passphrase for key '/another': " > "$OUT/other"
            "$SSH_ASKPASS" "ada@host's password: " >> "$OUT/other"
            "$SSH_ASKPASS" "Enter passphrase for key '$OUT/key': " > "$OUT/first"
            "$SSH_ASKPASS" "Enter passphrase for key '$OUT/key': " > "$OUT/second"
            find "$folder" -type f -exec cat {} + >> "$OUT/seen"
            echo "$folder" > "$OUT/folder"
            """)
        let secret = "pl4nted \\ 'S3cr3t' \"ü\" \(UUID().uuidString.prefix(8))"
        let mirror = try mirror("ssh://host/a") {
            $0.environment = environment
            $0.credentials = .sshKey(path: "\(folder.path)/key", passphrase: .text(secret))
        }
        let failure = try await head(of: mirror)
        #expect(folder.read("first") == secret + "\n")
        #expect(folder.read("second") == "" && folder.read("other") == "")
        #expect(!folder.read("seen").isEmpty && !folder.read("seen").contains(secret))
        #expect(folder.read("list").hasPrefix("drwx------"))
        #expect(!"\(failure)".contains(secret))
        let left = folder.read("folder").split(separator: "\n").first.map { access(String($0), F_OK) }
        #expect(left == -1, "the private folder is removed")
    }

    @Test("Canceled calls leave no process and no folder behind, and later calls get the answer")
    func canceled() async throws {
        try await SSHServer.serving(folder) { ssh in
            try configure(ssh, "")
            try FileManager.default.createDirectory(atPath: "\(folder.path)/tmp", withIntermediateDirectories: true)
            let mirror = try mirror(ssh.url(origin.path)) {
                $0.credentials = .sshKey(path: "\(folder.path)/client-ed25519")
                $0.environment["TMPDIR"] = "\(folder.path)/tmp"
            }
            for round in 0..<20 {
                let call = Task { await mirror.failure() }
                try await Task.sleep(for: .milliseconds(round * 15))
                call.cancel()
                _ = await call.value
            }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            try await eventually("no ssh runs") { !Self.commands().contains { $0.contains("-F\0\(folder.path)/tmp") } }
            try await eventually("no folder is left") { folder.names(below: "tmp").isEmpty }
        }
    }

    /// The command lines of all processes.
    private static func commands() -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { Int32($0) != nil }.map { process in
            String(decoding: FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data(), as: UTF8.self)
        }
    }

    @Test("An agent and keys of prewarm's environment are not used unless they are configured")
    func noOtherAgent() async throws {
        let environment = try await fake("env > \"$OUT/seen\"; printf '%s\\n' \"$@\" > \"$OUT/words\"\n")
        let mirror = try mirror("ssh://host/a") {
            $0.environment = environment.merging(["SSH_AUTH_SOCK": "/agent", "LC_CTYPE": "x"]) { $1 }
            $0.credentials = .sshKey(path: "/etc/hostname")
        }
        _ = try await head(of: mirror)
        #expect(!folder.read("seen").contains("SSH_AUTH_SOCK") && folder.read("seen").contains("LC_ALL=C"))
        for word in ["IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes", "--"] {
            #expect(folder.read("words").split(separator: "\n").contains { $0 == word }, "\(word)")
        }
    }
}
