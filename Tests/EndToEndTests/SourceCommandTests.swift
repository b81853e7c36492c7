import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

@Suite("Sources on the command line")
struct SourceCommandTests {
    private func run(_ script: String, in sandbox: Sandbox) async throws {
        let result = try await Subprocess.run(
            .name("sh"), arguments: ["-euc", script],
            environment: .inherit.updating(["GIT_CONFIG_GLOBAL": "/dev/null"]),
            workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
    }

    private func signed(_ sandbox: Sandbox, by key: String) async throws {
        try await sandbox.git("add", "-A")
        try await sandbox.git(
            "-c", "gpg.format=ssh", "-c", "user.signingKey=\(sandbox.root.path)/\(key)", "commit", "-q", "-S", "-m",
            "signed")
    }

    @Test(
        "Two sources that read the same repository are an error, whatever path leads to it",
        arguments: ["./repo", "link", "file://ROOT/link"])
    func oneRepository(url: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing(
                "provisioners:",
                with: "  - {name: again, url: \"\(url)\", ref: {branch: main}, path: presets}\nprovisioners:"))
        try await run("ln -s repo link", in: sandbox)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        for command in ["validate", "sync"] {
            let result = try await sandbox.prewarm(command)
            let words = "which the source \"presets\" at line 5 also reads"
            #expect(result.code == 1 && (result.out + result.err).contains(words), "\(result)")
        }
        #expect(sandbox.instances.isEmpty)
    }

    @Test("A signed commit is applied, and it stays applied if the next commit is not signed")
    func signatures() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(source: "    verify: {mode: ssh, allowedSigners: signers}\n"))
        try await run(
            "ssh-keygen -q -t ed25519 -N '' -f ada; ssh-keygen -q -t ed25519 -N '' -f eve; "
                + "echo \"ada@example.org $(cut -d' ' -f1,2 ada.pub)\" > signers", in: sandbox)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 1))
        try await signed(sandbox, by: "ada")
        let good = try await sandbox.head()
        #expect(try await sandbox.prewarm("sync").code == 0)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 3))
        try await signed(sandbox, by: "eve")
        let bad = try await sandbox.head()
        for command in [["sync"], ["plan"], ["sync", "--rev", bad], ["validate"]] {
            let result = try await sandbox.prewarm(command)
            #expect(result.code == 1, "\(command)")
            #expect(
                result.err.contains("is signed by the key SHA256:") && result.err.contains("hint: "), "\(result.err)")
        }
        #expect(sandbox.instances.count == 1)
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("commit \(bad.prefix(8)) by Ada"), "\(status.out)")
        #expect(status.out.contains("\(good.prefix(8)) stays applied"), "\(status.out)")
        #expect(status.out.contains("hint: sign it with a key of "), "\(status.out)")
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.err.contains("error: cannot apply the newest revision of the source presets"), "\(sync.err)")
        #expect(!sync.err.contains("prewarm doctor"), "the connection is good: \(sync.err)")
        let pin = try await sandbox.prewarm("pin", "presets", bad)
        #expect(pin.code == 1 && pin.err.contains("cannot verify ") && pin.err.contains("hint: "), "\(pin)")
        #expect(try await !sandbox.prewarm("status").out.contains("pinned"))
        #expect(try await sandbox.prewarm("pin", "presets", good).code == 0)
        #expect(try await sandbox.prewarm("unpin", "presets").code == 0)
        let shown = try await sandbox.prewarm("plan", "--rev", bad)
        #expect(
            shown.out.contains("create 2 workspaces") && shown.err.contains("a sync would refuse this revision"),
            "\(shown)")
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 2))
        try await signed(sandbox, by: "ada")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(try await sandbox.prewarm("status").code == 0)
        #expect(sandbox.instances.count == 2)
    }

    @Test("Presets with the same name in two sources are shown with their sources")
    func sameNames() async throws {
        let paths = ["presets", "more"]
        let sources = paths.map { "  - {name: \($0), url: \"file://ROOT/repo\", path: \($0)}\n" }.joined()
        let configuration = Sandbox.configuration
        let (start, end) = (configuration.range(of: "sources:\n"), configuration.range(of: "provisioners:"))
        let (from, to) = (try #require(start).upperBound, try #require(end).lowerBound)
        let sandbox = try await Sandbox(configuration: configuration.replacingCharacters(in: from..<to, with: sources))
        for (path, names) in zip(paths, [["a", "b"], ["a"]]) {
            for name in names { try sandbox.write("repo/\(path)/\(name).yaml", Sandbox.preset(name, instances: 0)) }
        }
        try await sandbox.commit([:])
        #expect(try await sandbox.prewarm("sync").code == 0)
        let names = try await sandbox.prewarm("get", "presets", "-o", "name").out
        #expect(names == "more/a\npresets/a\nb\n")
        for name in names.split(separator: "\n") {
            #expect(try await sandbox.prewarm("describe", "preset", String(name)).code == 0)
        }
        for output in ["table", "wide"] {
            let lines = try await sandbox.prewarm("get", "presets", "-o", output).out.split(separator: "\n")
            let words = lines.map { $0.split(separator: " ").prefix(2).map(String.init) }
            #expect(words == [["SOURCE", "NAME"], ["more", "a"], ["presets", "a"], ["presets", "b"]])
        }
        let one = try await sandbox.prewarm("get", "presets", "b").out
        #expect(one.hasPrefix("NAME"), "\(one)")
    }

    @Test("A rewritten history is reported, or refused with requireFastForward", arguments: [false, true])
    func rewritten(_ isRefused: Bool) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(source: "    requireFastForward: \(isRefused)\n"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.git("reset", "-q", "--hard", "HEAD~1")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == (isRefused ? 1 : 0), "\(sync.err)")
        #expect(sandbox.instances.count == (isRefused ? 2 : 3))
        let events = try await sandbox.prewarm("get", "events")
        #expect(events.out.contains("HistoryRewritten") && events.out.contains("the history of main was rewritten"))
        guard isRefused else { return }
        let commit = String(try await sandbox.head().prefix(8))
        #expect(sync.err.contains("prewarm sync --rev \(commit)`"), "\(sync.err)")
        #expect(try await sandbox.prewarm("sync", "--rev", commit).code == 0)
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.instances.count == 3)
    }

    @Test(
        "With requireFastForward, a version has to contain the previous one, and a removed tag is reported")
    func versionsThatDoNotFollow() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration(source: "    requireFastForward: true\n")
                .replacing("{branch: main}", with: "{semver: ^1}"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.git("tag", "v1.0.0")
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.git("tag", "v1.1.0")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(sandbox.instances.count == 2)
        try await sandbox.git("checkout", "-q", "--orphan", "other")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.git("tag", "v1.2.0")
        let other = try await sandbox.prewarm("sync")
        #expect(other.code == 1 && other.err.contains("v1.2.0"), "\(other.err)")
        try await sandbox.git("tag", "-d", "v1.2.0", "v1.1.0")
        let gone = try await sandbox.prewarm("sync")
        #expect(gone.code == 1 && gone.err.contains("created or deleted a tag"), "\(gone.err)")
        #expect(sandbox.instances.count == 2)
        let first = try await sandbox.git("rev-parse", "v1.0.0").trimmingCharacters(in: .newlines)
        #expect(try await sandbox.prewarm("sync", "--rev", first).code == 0)
        #expect(sandbox.instances.count == 1)
    }

    @Test("An applied commit loses its trust when its key is removed, without a new commit")
    func trustThatEnds() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration)
        try await run(
            "ssh-keygen -q -t ed25519 -N '' -f ada; echo \"ada@example.org $(cut -d' ' -f1,2 ada.pub)\" > signers",
            in: sandbox)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 1))
        try await signed(sandbox, by: "ada")
        #expect(try await sandbox.prewarm("sync").code == 0)
        let verifying = Sandbox.configuration(source: "    verify: {mode: ssh, allowedSigners: signers}\n")
        try sandbox.write("prewarm.yaml", verifying.replacing("ROOT", with: sandbox.root.path))
        #expect(try await sandbox.prewarm("sync").code == 0)
        try sandbox.write("signers", "\n")
        for command in [["sync"], ["plan"], ["status"]] {
            let result = try await sandbox.prewarm(command)
            #expect(result.code == 1 && (result.out + result.err).contains("is signed by the key"), "\(result)")
        }
        let status = try await sandbox.prewarm("status")
        #expect(status.out.contains("stays applied") && sandbox.instances.count == 1, "\(status.out)")
    }

    @Test("A source keeps the presets of an emptied path and refuses a path that never existed")
    func emptiedPath() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("    path: presets", with: "    paths: [presets, more]"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let never = try await sandbox.prewarm("sync")
        #expect(never.code == 1 && never.err.contains("cannot find the path more"), "\(never.err)")
        try sandbox.write("repo/more/b.yaml", Sandbox.preset("b", instances: 2))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try sandbox.remove("repo/more")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        let emptied = try await sandbox.prewarm("sync")
        #expect(emptied.code == 0 && emptied.err.contains("this path has no files"), "\(emptied.err)")
        #expect(sandbox.instances.count == 5)
    }

    @Test("A source that follows HEAD may not read another source's files", arguments: ["main", "refs/heads/main"])
    func doubledByHead(_ branch: String) async throws {
        let again = "  - {name: again, url: ./repo, path: presets}\nprovisioners:"
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("provisioners:", with: again)
                .replacing("{branch: main}", with: "{branch: \(branch)}"))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 1 && sync.err.contains("whose files the source presets reads"), "\(sync.err)")
        #expect(sandbox.instances.count == 1)
    }

    @Test("A sync waits for a source only until its own timeout")
    func silentServer() async throws {
        let server = try SilentServer()
        let url = "https://127.0.0.1:\(server.port)/x.git"
        let configuration = Sandbox.configuration.replacing("file://ROOT/repo", with: url)
        let sandbox = try await Sandbox(
            configuration: configuration.replacing("path: presets", with: "path: presets\n    timeout: 1h"))
        let start = ContinuousClock.now
        let sync = try await sandbox.prewarm("sync", "--timeout", "1s")
        #expect(sync.code == 1 && sync.err.contains("within the time limit"), "\(sync.err)")
        #expect(ContinuousClock.now - start < .seconds(300), "the server may be silent for ten minutes")
        withExtendedLifetime(server) {}
    }

    @Test("Links, submodules and LFS pointers are reported and not read")
    func links() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration(source: "    exclude: [old/]\n"))
        try sandbox.write("repo/presets/old/b.yaml", Sandbox.preset("b", instances: 1))
        try sandbox.write(
            "repo/presets/large.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
        try FileManager.default.createSymbolicLink(
            atPath: sandbox.root.appending(path: "repo/presets/link.yaml").path, withDestinationPath: "old/b.yaml")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try FileManager.default.createDirectory(
            at: sandbox.root.appending(path: "repo/presets/folder.yaml"), withIntermediateDirectories: true)
        // A folder on disk is read in the same way as a repository.
        try sandbox.remove("repo/presets/old")
        for command in [
            ["validate"], ["plan"], ["sync"], ["status"], ["validate", "repo"], ["plan", "--path", "repo"],
        ] {
            let result = try await sandbox.prewarm(command)
            #expect(result.code == 0, "\(command): \(result)")
            guard command != ["sync"] else { continue }
            for words in ["presets/link.yaml", "symbolic link", "presets/large.yaml", "Git LFS pointer"] {
                #expect((result.out + result.err).contains(words), "\(command): \(result)")
            }
        }
        #expect(sandbox.instances.count == 1)
    }

    @Test("A plan of a pull request by its reference changes nothing")
    func pullRequest() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("sync").code == 0)
        try await sandbox.git("checkout", "-q", "-b", "work")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 4)])
        try await sandbox.git("update-ref", "refs/pull/7/head", "HEAD")
        try await sandbox.git("checkout", "-q", "main")
        try await sandbox.git("branch", "-q", "-D", "work")
        let before = sandbox.ledger
        let plan = try await sandbox.prewarm("plan", "--rev", "refs/pull/7/head", "--detailed-exitcode")
        #expect(plan.code == 2 && plan.out.contains("presets at refs/pull/7/head@sha1:"), "\(plan)")
        #expect(plan.out.contains("create 3 workspaces") && sandbox.ledger == before)
        #expect(try await sandbox.prewarm("plan", "--rev", "refs/pull/8/head").code == 1)
    }

    @Test("An unusable source is refused with its place in the configuration")
    func refused() async throws {
        let sandbox = try await Sandbox()
        for (from, to, message) in [
            ("file://ROOT/repo", "git://example.org/a", "bad.yaml:6:10: invalid URL: git:// URLs are not supported"),
            (
                "file://ROOT/repo", "https://a:s3cr3t@example.org/a",
                "bad.yaml:6:10: error: invalid source \"presets\": its url contains credentials"
            ),
            ("path: presets", "path: ../presets", "invalid path ../presets: it must not contain .."),
            (
                "provisioners:",
                "  - {name: more, url: 'file://ROOT/repo/.git', ref: {branch: main}, path: presets/a}\nprovisioners:",
                "error: invalid source \"more\": it reads the path presets/a, which the source \"presets\""
            ),
        ] {
            try sandbox.write(
                "bad.yaml", Sandbox.configuration.replacing(from, with: to).replacing("ROOT", with: sandbox.root.path))
            let result = try await sandbox.prewarm("sync", "--config", "bad.yaml")
            #expect(result.code == 1 && !result.err.contains("s3cr3t"), "\(result.err)")
            #expect(result.err.contains(message), "\(result.err)")
            if message.contains("\"more\"") { #expect(result.err.contains("bad.yaml:9:"), "\(result.err)") }
        }
    }
}

@Suite("Secrets of sources")
struct SourceSecretTests {
    @Test("A secret is in no output, store or mirror, whatever the server does with it")
    func planted() async throws {
        let secret = "pl4nted-\(UUID().uuidString.prefix(8))"
        let encoded = Data("x-access-token:\(secret)".utf8).base64EncodedString()
        let ways = [
            "{token: '\(secret)'}", "{token: '${GIT_TOKEN}'}", "{tokenFile: token}", "{command: [/bin/sh, helper.sh]}",
        ]
        for way in ways {
            let sandbox = try await Sandbox()
            try sandbox.write("token", secret + "\n")
            try sandbox.write("helper.sh", "echo '{\"password\": \"\(secret)\"}'")
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
            try await GitBackend.serving(sandbox, ["--login", "x-access-token:\(secret)"]) { port in
                for path in ["login/repo/.git", "status/403/a", "status/500/a", "page/a", "cut/repo/.git"] {
                    let text = Sandbox.configuration(source: "    auth: \(way)\n")
                        .replacing("file://ROOT/repo", with: "http://127.0.0.1:\(port)/\(path)")
                    try sandbox.write("prewarm.yaml", text)
                    for command in [
                        ["sync"], ["plan", "-o", "json"], ["validate"], ["status"], ["get", "sources", "-o", "json"],
                        ["get", "events", "-o", "json"], ["doctor"], ["doctor", "-o", "json"], ["export"],
                        ["sync", "--log-level", "debug", "--log-format", "json"], ["plan", "--rev", "nothing"],
                    ] {
                        let result = try await sandbox.prewarm(command, environment: ["GIT_TOKEN": .init(secret)])
                        if path.hasPrefix("login"), command != ["plan", "--rev", "nothing"] {
                            #expect(result.code == 0, "\(way) \(command): \(result)")
                        }
                        for form in [secret, encoded] {
                            #expect(!(result.out + result.err).contains(form), "\(way) \(path) \(command)")
                        }
                    }
                }
            }
            #expect(sandbox.instances.count == 1)
            let names = try FileManager.default.subpathsOfDirectory(atPath: sandbox.root.path)
                .filter { $0.hasPrefix("prewarm.db") || $0.hasPrefix("prewarm.mirrors") }
            #expect(names.contains("prewarm.db") && names.contains { $0.hasSuffix(".pack") })
            for name in names {
                let data = sandbox.bytes(name) ?? Data()
                for form in [secret, encoded] { #expect(data.range(of: Data(form.utf8)) == nil, "\(name)") }
            }
        }
    }
}
