import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

@Suite("Sources over the network", .serialized)
struct TransportTests {
    private func run(_ script: String, in sandbox: Sandbox) async throws {
        let result = try await Subprocess.run(
            .name("sh"), arguments: ["-euc", script], workingDirectory: FilePath(sandbox.root.path),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
    }

    private func configure(_ sandbox: Sandbox, url: String, _ source: String) throws {
        try sandbox.write(
            "prewarm.yaml",
            Sandbox.configuration(source: source).replacing("file://ROOT/repo", with: url)
                .replacing("ROOT", with: sandbox.root.path))
    }

    /// Returns the requests that the server received, oldest first.
    private func requests(_ sandbox: Sandbox) throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: sandbox.root.path)
        return names.filter { $0.hasPrefix("server-") && $0.hasSuffix("/requests") }.sorted().flatMap { name in
            String(decoding: sandbox.bytes(name) ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    /// Expects that no output and no file of prewarm contains the secrets.
    private func expectNowhere(_ secrets: [String], _ sandbox: Sandbox) async throws {
        for command in [
            ["sync", "--log-level", "debug"], ["plan", "-o", "json"], ["status"], ["get", "events", "-o", "json"],
            ["doctor"],
            ["doctor", "-o", "json"], ["get", "sources", "-o", "json"], ["export"], ["validate"],
        ] {
            let result = try await sandbox.prewarm(command)
            for secret in secrets { #expect(!(result.out + result.err).contains(secret), "\(command)") }
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: sandbox.root.path)
            .filter { $0.hasPrefix("prewarm.db") || $0.hasPrefix("prewarm.mirrors") }
        #expect(names.contains("prewarm.db") && names.contains { $0.hasSuffix(".pack") })
        for name in names {
            let data = sandbox.bytes(name) ?? Data()
            for secret in secrets { #expect(data.range(of: Data(secret.utf8)) == nil, "\(name)") }
        }
    }

    /// Returns the lines of a private key.
    private func lines(ofKey name: String, _ sandbox: Sandbox) -> [String] {
        String(decoding: sandbox.bytes(name) ?? Data(), as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("-----") }.map(String.init)
    }

    private static let hasSSH =
        ProcessInfo.processInfo.environment["CI"] != nil
        || ["/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"].contains { (path: String) in access(path, X_OK) == 0 }

    @Test(
        "SSH needs the host key that doctor shows, or its fingerprint, in the configuration",
        .enabled(if: hasSSH, "sshd is not here: apt-get install openssh-server"))
    func hostKey() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        try await run(
            "ssh-keygen -q -t ed25519 -N 'a phrase' -f me; ssh-keygen -q -t ed25519 -N '' -f host", in: sandbox)
        try sandbox.write("phrase", "a phrase\n")
        try sandbox.write(
            "sshd_config",
            """
            HostKey \(sandbox.root.path)/host
            AuthorizedKeysFile \(sandbox.root.path)/me.pub
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PidFile none

            """)
        // doctor shows the host key even without a known_hosts file.
        try await GitBackend.serving(sandbox, ["--ssh", "\(sandbox.root.path)/sshd_config"]) { port in
            let url = "ssh://\(NSUserName())@127.0.0.1:\(port)\(sandbox.root.path)/repo"
            let key = "sshKey: me, passphraseFile: phrase"
            try configure(sandbox, url: url, "    auth: {\(key), knownHosts: known_hosts}\n")
            let refused = try await sandbox.prewarm("sync")
            #expect(refused.code == 1 && refused.err.contains("known_hosts"), "\(refused.err)")
            let report = try await sandbox.prewarm("doctor", "-o", "json")
            #expect(report.code == 1)
            let source = try #require(try report.json()["checks"]?.list.first { $0["kind"]?.string == "source" })
            let line = try #require(source["details"]?["known_hosts line"]?.string)
            let key64 = String(decoding: sandbox.bytes("host.pub") ?? Data(), as: UTF8.self).split(separator: " ")[1]
            #expect(line == "[127.0.0.1]:\(port) ssh-ed25519 \(key64)")
            try sandbox.write("known_hosts", line + "\n")
            #expect(try await sandbox.prewarm("sync").code == 0)
            let healthy = try await sandbox.prewarm("doctor")
            #expect(healthy.code == 0 && healthy.out.contains("(ssh-ed25519), trusted"), "\(healthy)")
            let print = try #require(source["details"]?["host key"]?.string?.split(separator: " ").first)
            try configure(sandbox, url: url, "    auth: {\(key), hostKeys: ['\(print)']}\n")
            #expect(try await sandbox.prewarm("sync").code == 0)
            let secrets = ["a phrase"] + lines(ofKey: "me", sandbox)
            try await expectNowhere(secrets, sandbox)
            try sandbox.write("phrase", "a phrase that is wrong\n")
            let wrong = try await sandbox.prewarm("plan")
            #expect(wrong.code == 1 && wrong.err.contains("passphrase"), "\(wrong.err)")
            try await expectNowhere(secrets, sandbox)
            // A URL in scp syntax has no port. The error names its host.
            try configure(sandbox, url: "git@nowhere.invalid:repo.git", "    auth: {\(key), knownHosts: known_hosts}\n")
            let scp = try await sandbox.prewarm("plan")
            #expect(scp.code == 1 && scp.err.contains("nowhere.invalid"), "\(scp.err)")
        }
        #expect(sandbox.instances.count == 1)
    }

    @Test("A source is read with the token of a GitHub App")
    func githubApp() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await run(
            "openssl genrsa -traditional -out app.pem 2048 2>/dev/null; openssl rsa -in app.pem -pubout -out app.pub 2>/dev/null",
            in: sandbox)
        try sandbox.write("login", "nobody:yet")
        let root = sandbox.root.path
        try await GitBackend.serving(
            sandbox, ["--login", "@\(root)/login", "--app", "1234", "\(root)/app.pub", "3600"]
        ) { port in
            let app = "{appId: 1234, installationId: 7, privateKeyFile: app.pem, apiUrl: 'http://127.0.0.1:\(port)'}"
            try configure(sandbox, url: "http://127.0.0.1:\(port)/login/repo/.git", "    auth: {githubApp: \(app)}\n")
            let sync = try await sandbox.prewarm("sync")
            #expect(sync.code == 0, "\(sync.err)")
            let token =
                String(decoding: sandbox.bytes("login") ?? Data(), as: UTF8.self).split(separator: ":").last ?? ""
            #expect(token.hasPrefix("ghs_"))
            try await expectNowhere([String(token), "ghs_", "eyJ"] + lines(ofKey: "app.pem", sandbox), sandbox)
            try configure(
                sandbox, url: "http://127.0.0.1:\(port)/login/repo/.git",
                "    auth: {githubApp: \(app.replacing("1234", with: "4321"))}\n")
            let wrong = try await sandbox.prewarm("sync")
            #expect(wrong.code == 1 && wrong.err.contains("Integration not found"), "\(wrong.err)")
            try await expectNowhere(["ghs_", "eyJ"] + lines(ofKey: "app.pem", sandbox), sandbox)
        }
        #expect(sandbox.instances.count == 1)
    }

    @Test("A source uses the proxy of the configuration or the environment, except for no_proxy")
    func proxy() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await run(
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=localhost "
                + "-addext subjectAltName=DNS:localhost 2>/dev/null", in: sandbox)
        let root = sandbox.root.path
        try await GitBackend.serving(sandbox, ["--tls", "\(root)/ca.pem", "\(root)/ca.key"]) { server in
            try await GitBackend.serving(sandbox) { proxy in
                let url = "https://localhost:\(server)/open/repo/.git"
                for (lines, environment, count) in [
                    ("", ["HTTPS_PROXY": "http://127.0.0.1:\(proxy)"], 1),
                    ("", ["https_proxy": "127.0.0.1:\(proxy)"], 1),
                    ("", ["HTTPS_PROXY": "http://127.0.0.1:\(proxy)", "NO_PROXY": "example.org, .localhost"], 0),
                    ("    proxy: http://127.0.0.1:\(proxy)\n", ["NO_PROXY": "*"], 1), ("", [:], 0),
                ] as [(String, [Environment.Key: String], Int)] {
                    try configure(sandbox, url: url, "    caFile: ca.pem\n" + lines)
                    let before = try requests(sandbox).count { $0.hasPrefix("CONNECT localhost:\(server) ") }
                    let result = try await sandbox.prewarm(["plan"], environment: environment)
                    #expect(result.code == 0, "\(environment): \(result.err)")
                    let after = try requests(sandbox).count { $0.hasPrefix("CONNECT localhost:\(server) ") }
                    #expect(min(1, after - before) == count, "\(environment) \(lines)")
                }
            }
        }
    }
}
