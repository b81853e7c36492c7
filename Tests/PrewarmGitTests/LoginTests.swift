import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmProvisioners
import Testing

@Suite("Logins over HTTP", .serialized)
struct LoginTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
    }

    private let repository = "login/origin/.git"

    @Test("A login in a file is read at each use, without white space around it", arguments: [true, false])
    func files(_ isToken: Bool) async throws {
        try folder.write("login", "ada:first")
        try await GitServer.serving(folder, ["--login", "@\(folder.path)/login"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials =
                    isToken
                    ? .token(.file("\(folder.path)/secret"), username: "ada")
                    : .usernamePassword(username: "ada", password: .file("\(folder.path)/secret"))
            }
            try folder.write("secret", "first\n")
            #expect(try await mirror.head().ref == "main")
            try folder.write("login", "ada:second")
            #expect(try await head(of: mirror).reason == .authenticationFailed)
            try folder.write("secret", "\n second \r\n")
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test("A login file that is missing or empty is reported with its path", arguments: [nil, "", " \n"])
    func badFiles(_ text: String?) async throws {
        if let text { try folder.write("secret", text) }
        try await GitServer.serving(folder, ["--login", "a:b"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials = .token(.file("\(folder.path)/secret"))
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .authenticationFailed)
            #expect(failure.message.contains("the token") && failure.message.contains("\(folder.path)/secret"))
            #expect(server.requests == [])
        }
    }

    private func command(
        _ script: String, url: String, timeout: Duration = .seconds(20), showsLog: Bool = false
    ) throws -> CommandLogin {
        try folder.write("helper.sh", script)
        let environment = ProcessInfo.processInfo.environment
        return CommandLogin(
            source: "presets", command: ["/bin/sh", "helper.sh", "get"], url: url, workingDirectory: folder.path,
            timeout: timeout, tools: ChildTools(environment: environment), showsLog: showsLog)
    }

    @Test("A login is read from a command, which runs only before a request to the server")
    func helper() async throws {
        try await GitServer.serving(folder, ["--login", "ada:s3cr3t"]) { server in
            let script = #"""
                echo "$1 $PREWARM_SOURCE $PREWARM_GIT_URL" >> calls
                echo "a log" >&2
                echo '{"username": "ada", "password": "s3cr3t"}'
                """#
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials = .source(try command(script, url: server.url(repository)))
            }
            let revision = try await mirror.head()
            try await mirror.fetch(revision)
            #expect(folder.read("calls") == String(repeating: "get presets \(server.url(repository))\n", count: 2))
            try await mirror.fetch(revision)
            #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
            #expect(folder.read("calls").split(separator: "\n").count == 2)
        }
    }

    @Test("The time of a slow login command does not count as the server's time")
    func slowHelper() async throws {
        try await GitServer.serving(folder, ["--login", "x-access-token:t"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.limits.timeout = .seconds(4)
                $0.credentials = .source(try command(#"sleep 5; echo '{"password": "t"}'"#, url: ""))
            }
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test("A login without a username is a token")
    func tokenOfHelper() async throws {
        try await GitServer.serving(folder, ["--login", "x-access-token:t"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials = .source(try command(#"echo '{"password": "t"}'"#, url: ""))
            }
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test(
        "The failure of a login command is reported with its log, and never with its output",
        arguments: [
            ("echo no vault >&2; exit 3", "exit code 3: no vault"), ("exit 1", "exit code 1"),
            ("echo s3cr3t", "is not the expected JSON"),
            (#"echo '{"username": "s3cr3t"}'"#, "is not the expected JSON"),
            (#"echo '{"password": ""}'; echo s3cr3t >&2"#, "empty username or password"),
            ("head -c 100000 /dev/zero | tr '\\0' s", "more than 65536 bytes"),
            ("sleep 60", "did not finish within 1 s"),
            ("kill -9 $$", "exit code 137"), (#"echo '{"password": "s3cr3t"}'; exit 2"#, "exit code 2"),
            (#"echo 'curl -u ada:s3cr3t x' >&2; echo '{"password": "s3cr3t"}'; exit 2"#, "curl -u ada:… x"),
            (#"set -x; echo no vault >&2; sh -c 'exit 3' s3cr3t"#, "exit code 3: no vault"),
        ])
    func badHelpers(_ script: String, _ message: String) async throws {
        try await GitServer.serving(folder, ["--login", "a:b"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials = .source(try command(script, url: "", timeout: .seconds(1), showsLog: true))
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .authenticationFailed)
            #expect(failure.message.contains(message) && failure.message.contains("/bin/sh of source presets"))
            #expect(!"\(failure)".contains("s3cr3t"), "\(failure)")
            #expect(server.requests == [])
        }
    }

    @Test("By default, the failure of a login command is reported without its log")
    func silentHelper() async throws {
        let login = try command("echo the vault of s3cr3t is shut >&2; exit 3", url: "")
        let failure = await #expect(throws: GitFailure.self) { try await login.login() }
        #expect(failure?.message.hasSuffix(": exit code 3") == true, "\(String(describing: failure))")
        #expect(failure?.hint == "run `prewarm doctor`: it shows the error output of the command")
    }

    @Test("A missing login command is reported")
    func noHelper() async throws {
        let login = CommandLogin(
            source: "presets", command: ["no-such-helper"], url: "", workingDirectory: folder.path,
            timeout: .seconds(5), tools: ChildTools(environment: ["PATH": "/usr/bin"]))
        let failure = await #expect(throws: GitFailure.self) { try await login.login() }
        #expect(failure?.message.contains("no-such-helper") == true && failure?.hint != nil)
    }

    @Test("A login that the server refuses is sent once per call, and not kept")
    func refused() async throws {
        try await GitServer.serving(folder, ["--login", "a:b"]) { server in
            let mirror = try folder.mirror(server.url(repository)) {
                $0.credentials = .source(try command(#"echo '{"password": "s3cr3t"}'"#, url: ""))
            }
            for _ in 0..<2 {
                let failure = try await head(of: mirror)
                #expect(failure.reason == .authenticationFailed, "\(failure)")
                #expect(failure.message.contains("refused the credentials"), "\(failure)")
                #expect(!"\(failure)".contains("s3cr3t"))
            }
            #expect(server.requests.count <= 4)
        }
    }

    @Test("A login command does not run for a repository on disk")
    func otherSchemes() async throws {
        let mirror = try folder.mirror(origin.path) {
            $0.credentials = .source(try command("touch called; exit 1", url: ""))
        }
        #expect(try await mirror.head().ref == "main")
        #expect(folder.names(below: "").contains("called") == false)
    }
}
