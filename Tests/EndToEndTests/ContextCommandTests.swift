import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Logins and contexts")
struct ContextCommandTests {
    private static let path = "xdg/prewarm/contexts.yaml"

    private func mode(_ path: String, in sandbox: Sandbox) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: sandbox.root.appending(path: path).path)
        return (attributes[.posixPermissions] as? Int).map { $0 & 0o777 }
    }

    @Test("A login checks the token, stores it for the user alone, and other commands use it")
    func login() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("go-small", instances: 1)])
        try await sandbox.serve { daemon in
            let (url, name) = (daemon.url, "127.0.0.1")
            try await daemon.eventually("a workspace is ready") { try await daemon.isReady("go-small", 1) }
            #expect(try await daemon.prewarm("token", "create", "ops", "--role", "operator").code == 0)
            let token = try await daemon.prewarm("token", "create", "ada", "--role", "claimer", "--preset", "go-*").out
            let secret = String(token.dropLast().suffix(52))
            let login = try await sandbox.elsewhere("login", url, input: token)
            #expect(login.code == 0 && login.out.isEmpty, "\(login)")
            #expect(
                login.err.contains("✔ logged in to \(url) as ada (claimer, presets go-*)")
                    && login.err.contains("stored the context \(name) in ") && !login.err.contains(secret), "\(login)")
            #expect(try mode(Self.path, in: sandbox) == 0o600 && mode("xdg/prewarm", in: sandbox) == 0o700)

            let claim = try await sandbox.elsewhere("claim", "go-small", "-o", "json")
            #expect(try claim.code == 0 && claim.json()["owner"]?.string == "ada", "\(claim)")
            let list = try await sandbox.elsewhere("context", "list", "-o", "json")
            #expect(try list.json()[0]?["server"]?.string == url && !list.out.contains(secret), "\(list)")
            #expect(try list.json()[0]?["current"]?.int == 1 && list.json()[1]?["name"]?.string == "local")
            let shown = try await sandbox.elsewhere("context", "show", "--check")
            #expect(shown.out.contains("ada (claimer, presets go-*)") && !shown.out.contains(secret), "\(shown)")

            let logout = try await sandbox.elsewhere("logout")
            #expect(logout.code == 0 && logout.err.contains("logged out from \(url)"), "\(logout)")
            #expect(!String(decoding: sandbox.bytes(Self.path) ?? Data(), as: UTF8.self).contains(secret))
            let after = try await sandbox.elsewhere("get", "presets")
            #expect(after.code == 1 && after.err.contains("cannot find a configuration"), "\(after)")
            #expect(try await sandbox.elsewhere("logout").code == 64)
        }
    }

    @Test("A login that fails stores nothing, and says why")
    func refused() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            let unknown = "pwt_" + String(repeating: "a", count: 12) + "_" + String(repeating: "b", count: 52)
            for (input, arguments, code, words) in [
                (unknown, [daemon.url], Int32(77), "invalid token: it is unknown, or it was revoked"),
                ("", [daemon.url], 1, "invalid token: it must not be empty or contain spaces"),
                ("two words", [daemon.url], 1, "invalid token: it must not be empty or contain spaces"),
                (unknown, ["http://127.0.0.1:1"], 1, "cannot reach http://127.0.0.1:1: connection refused"),
                (unknown, ["127.0.0.1:7430"], 1, "use `prewarm login http://127.0.0.1:7430`"),
                (unknown, ["https://ada:pw@example.org"], 1, "invalid server: it must be"),
                (
                    unknown, [daemon.url, "--name", "local"], 64,
                    "this name stands for the configuration of this machine"
                ),
                (unknown, [daemon.url, "--name", "a b"], 64, "invalid name of a context \"a b\""),
                (String(repeating: "a", count: 20_000), [daemon.url], 64, "more than 16 KiB"),
            ] {
                let login = try await sandbox.elsewhere(["login"] + arguments, input: input)
                #expect(login.code == code && login.err.contains(words) && login.out.isEmpty, "\(login)")
                #expect(!login.err.contains("pw@") && !login.err.contains(unknown))
            }
            #expect(sandbox.bytes(Self.path) == nil)
        }
    }

    @Test("On a terminal the token is asked for and not shown")
    func prompt() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            // The terminal of `script` gets what comes in its standard input. Only the prompt shows that echo is off.
            let line = """
                { until grep -qs 'Token for' typescript; do sleep 0.1; done; sleep 1; echo '\(daemon.localToken)'; sleep 1; } \
                | script --quiet --return --flush --command '\(Sandbox.binary.string) login \(daemon.url)' typescript
                """
            let result = try await Subprocess.run(
                .name("bash"), arguments: ["-c", line],
                environment: .inherit.updating([
                    "XDG_CONFIG_HOME": sandbox.root.appending(path: "xdg").path, "TERM": "xterm",
                ]),
                workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20))
            let shown = String(decoding: sandbox.bytes("typescript") ?? Data(), as: UTF8.self)
            #expect(result.terminationStatus.isSuccess, "\(shown)")
            #expect(shown.contains("Token for \(daemon.url): ") && shown.contains("logged in to"), "\(shown)")
            #expect(!shown.contains(daemon.localToken.suffix(40)), "\(shown)")
        }
    }

    @Test("The option precedes the variable, the variable the current context, and a configuration that is named both")
    func precedence() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write(Self.path, Self.two, mode: 0o600)
        let (one, two, other) = ("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
        for (arguments, environment, words) in [
            ([], [:], one), (["--context", "two"], [:], two), (["--server", other], [:], other),
            ([], ["PREWARM_CONTEXT": "two"], two), ([], ["PREWARM_SERVER": other], other),
            ([], ["PREWARM_SERVER": other, "PREWARM_CONTEXT": "two"], other),
            (["--context", "two"], ["PREWARM_SERVER": other], two),
            (["--context", "one"], ["PREWARM_CONTEXT": "two"], one),
            ([], ["PREWARM_CONTEXT": "local"], "cannot find a configuration"),
            (["--context", "local"], ["PREWARM_SERVER": other], "cannot find a configuration"),
            (["--config", "/nowhere"], [:], "cannot find the configuration /nowhere"),
            (["--config", "/nowhere"], ["PREWARM_CONTEXT": "two"], "cannot find the configuration /nowhere"),
            ([], ["PREWARM_CONFIG": "/nowhere"], "cannot find the configuration /nowhere"),
            ([], ["PREWARM_CONFIG": "/nowhere", "PREWARM_CONTEXT": "two"], two),
        ] as [([String], [Environment.Key: String], String)] {
            let result = try await sandbox.elsewhere(["get", "presets"] + arguments, environment: environment)
            let isServer = words.hasPrefix("http")
            #expect(
                result.code == 1 && result.err.contains(isServer ? "cannot reach \(words): " : words),
                "\(arguments) \(environment): \(result)")
        }
        for (arguments, words) in [
            (["--context", "two", "--server", other], "cannot use --context two with --server \(other)"),
            (["--context", "two", "--config", "a"], "cannot use --context two with --config a"),
        ] {
            let result = try await sandbox.elsewhere(["get", "presets"] + arguments)
            #expect(result.code == 64 && result.err.contains(words), "\(result)")
        }
        let unknown = try await sandbox.elsewhere("get", "presets", "--context", "tow")
        #expect(unknown.code == 1 && unknown.err.contains("hint: did you mean \"two\"?"), "\(unknown)")
        // In a folder with a configuration, the user has to know that it is not used.
        let here = try await sandbox.prewarm("get", "presets")
        #expect(here.err.contains("warning: using the current context one (\(one)), and not ./prewarm.yaml"), "\(here)")
        #expect(try await sandbox.prewarm("get", "presets", "--context", "local").code == 0)
    }

    @Test("A token of a context goes only to its server")
    func tokens() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            let wrong = "pwt_" + String(repeating: "a", count: 12) + "_" + String(repeating: "b", count: 52)
            let contexts = Self.two.replacing("http://127.0.0.1:1", with: daemon.url)
            try sandbox.write(
                Self.path, contexts.replacing("token: right", with: "token: \(daemon.localToken)"), mode: 0o600)
            for (arguments, environment, code) in [
                ([], [:], Int32(0)), (["--token", wrong], [:], 77), ([], ["PREWARM_TOKEN": wrong], 0),
                (["--context", "one"], ["PREWARM_TOKEN": wrong], 0),
                ([], ["PREWARM_CONTEXT": "one", "PREWARM_TOKEN": wrong], 0), (["--server", daemon.url], [:], 77),
                ([], ["PREWARM_SERVER": daemon.url], 77),
            ] as [([String], [Environment.Key: String], Int32)] {
                let result = try await sandbox.elsewhere(["get", "presets"] + arguments, environment: environment)
                #expect(result.code == code, "\(arguments) \(environment): \(result)")
                #expect(code == 0 || result.err.contains("token"), "\(result)")
            }
        }
    }

    @Test("Contexts are listed, chosen, shown and deleted")
    func commands() async throws {
        let sandbox = try await Sandbox()
        let empty = try await sandbox.elsewhere("context", "list")
        #expect(empty.code == 0 && empty.out.contains("*") && empty.out.contains("local"), "\(empty)")
        try sandbox.write(Self.path, Self.two, mode: 0o600)
        #expect(try await sandbox.elsewhere("context", "list", "-o", "name").out == "one\ntwo\nlocal\n")
        #expect(try await sandbox.elsewhere("context", "use", "two").code == 0)
        #expect(try await sandbox.elsewhere("context", "show", "-o", "json").json()["name"]?.string == "two")
        #expect(try await sandbox.elsewhere("context", "show", "one", "-o", "json").json()["name"]?.string == "one")
        #expect(try await sandbox.elsewhere("context", "use", "local").code == 0)
        #expect(try await sandbox.elsewhere("context", "show").out.contains("local"))
        #expect(try await sandbox.elsewhere("context", "use", "three").code == 1)
        #expect(try await sandbox.elsewhere("context", "delete", "one", "two").code == 0)
        #expect(try await sandbox.elsewhere("context", "list", "-o", "name").out == "local\n")
        #expect(try await sandbox.elsewhere("context", "delete", "one").code == 1)
    }

    @Test("A file of contexts that cannot be used is reported with its place and the next step")
    func files() async throws {
        let sandbox = try await Sandbox()
        let path = sandbox.root.appending(path: Self.path).path
        for (text, mode, words, hint) in [
            (Self.two, 0o640, "its mode is 0640, so other users have access to the tokens", "run `chmod 600 \(path)`"),
            ("a: [", 0o600, "\(path):1:", "prewarm login URL"),
            (
                Self.two.replacing("server: http://127.0.0.1:2", with: "sever: x"), 0o600, "\(path):10:5",
                "did you mean \"server\"?"
            ),
            (
                Self.two.replacing("current: one", with: "current: three"), 0o600, "there is no context \"three\"",
                "prewarm context use NAME"
            ),
            (Self.two.replacing("name: two", with: "name: one"), 0o600, "used twice", "change its name"),
            (
                Self.two.replacing("token: right", with: "token: [s3cret-token]"), 0o600, "\(path):8:12",
                "prewarm login URL"
            ),
        ] {
            try? FileManager.default.removeItem(atPath: path)
            try sandbox.write(Self.path, text, mode: mode)
            for command in [["context", "list"], ["get", "presets"], ["logout"]] {
                let result = try await sandbox.elsewhere(command)
                #expect(result.code == 1 && result.err.contains(words) && result.err.contains(hint), "\(result)")
                #expect(!result.err.contains("s3cret-token") && result.out.isEmpty, "\(result)")
            }
            let other = try await sandbox.elsewhere("get", "presets", "--server", "http://127.0.0.1:3")
            #expect(other.err.contains("cannot reach http://127.0.0.1:3"), "the file is not read: \(other)")
        }
    }

    /// A file with two contexts.
    private static let two = """
        apiVersion: prewarm/v1
        kind: Contexts
        current: one
        contexts:
          -
            name: one
            server: http://127.0.0.1:1
            token: right
          - name: two
            server: http://127.0.0.1:2
            token: other

        """
}

extension Sandbox {
    /// Runs a command in a folder without a configuration, with a text on standard input.
    fileprivate func elsewhere(
        _ arguments: String..., input: String = "", environment: [Environment.Key: String] = [:]
    ) async throws -> Result {
        try await elsewhere(arguments, input: input, environment: environment)
    }

    fileprivate func elsewhere(
        _ arguments: [String], input: String = "", environment: [Environment.Key: String] = [:]
    ) async throws -> Result {
        let folder = root.appending(path: "elsewhere").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let own: [Environment.Key: String?] = [
            "PREWARM_CONFIG": nil, "PREWARM_SERVER": nil, "PREWARM_TOKEN": nil, "PREWARM_CONTEXT": nil,
            "XDG_CONFIG_HOME": root.appending(path: "xdg").path, "NO_COLOR": "1",
        ]
        // swift-subprocess stops the tests if a command ends before it has read its input, so a shell opens a file.
        let file = root.appending(path: "input-\(UUID().uuidString)").path
        try input.write(toFile: file, atomically: false, encoding: .utf8)
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", #"exec "$@" <"$0""#, file, Self.binary.string] + arguments),
            environment: .inherit.updating(own).updating(environment.mapValues { $0 }),
            workingDirectory: FilePath(folder), input: .none, output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        let code: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Result(code: code, out: result.standardOutput, err: result.standardError)
    }

    fileprivate func write(_ path: String, _ text: String, mode: Int) throws {
        try write(path, text)
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: root.appending(path: path).path)
    }
}
