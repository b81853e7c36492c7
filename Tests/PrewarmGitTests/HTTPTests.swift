import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Fetching over HTTP", .serialized)
struct HTTPTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit(["a.yaml": "a"])
    }

    private let repository = "origin/.git"

    @Test("A repository is read, and an unchanged one costs one request and no fetch")
    func unchanged() async throws {
        try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url("open/\(repository)"))
            let revision = try await mirror.head()
            #expect(server.requests.allSatisfy { $0.hasPrefix("GET ") } && server.requests.count == 1)
            try await mirror.fetch(revision)
            #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
            let before = server.requests
            #expect(before.count { $0.hasPrefix("POST ") } == 1)
            try await mirror.fetch(revision)
            #expect(server.requests == before)
            #expect(try await mirror.head() == revision)
            #expect(server.requests.count == before.count + 1)
            #expect(server.requests.allSatisfy { $0.hasSuffix(" -") })
            let next = try await origin.commit(["b.yaml": "b"])
            let changed = try await mirror.head()
            #expect(changed.commit == next)
            #expect(try await contents(mirror, changed) == ["a.yaml": "a", "b.yaml": "b"])
        }
    }

    @Test("A commit that is not the tip of a branch is read")
    func oldCommit() async throws {
        let old = try await origin.git("rev-parse", "HEAD")
        try await origin.commit(["a.yaml": "b"])
        try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url("open/\(repository)")) { $0.ref = .commit(old) }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        }
    }

    @Test(
        "The server accepts the right login, from the settings or the URL",
        arguments: [
            ("x-access-token:t0k+n/=", GitCredentials.token("t0k+n/="), ""),
            ("ada:p:w", .usernamePassword(username: "ada", password: "p:w"), ""),
            ("ada:p@w", .none, "ada:p%40w@"),
            ("ada:ünï", .usernamePassword(username: "ada", password: "ünï"), ""),
        ])
    func rightLogin(_ login: String, _ credentials: GitCredentials, _ user: String) async throws {
        try await GitServer.serving(folder, ["--login", login]) { server in
            let mirror = try folder.mirror(server.url("login/\(repository)", host: "\(user)127.0.0.1")) {
                $0.credentials = credentials
            }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            #expect(!mirror.displayURL.contains("@"))
        }
    }

    @Test(
        "A wrong or missing login is reported after at most two requests, without the secret",
        arguments: [
            (GitCredentials.token("s3cr3t-t0ken"), "", "refused the credentials"),
            (.usernamePassword(username: "ada", password: "s3cr3t-pw"), "", "refused the credentials"),
            (.none, "ada:s3cr3t-url@", "refused the credentials"), (.none, "", "are not configured"),
            (.sshKey(path: "/nowhere"), "", "are not configured"),
        ])
    func wrongLogin(_ credentials: GitCredentials, _ user: String, _ message: String) async throws {
        try await GitServer.serving(folder, ["--login", "ada:other"]) { server in
            let mirror = try folder.mirror(server.url("login/\(repository)", host: "\(user)127.0.0.1")) {
                $0.credentials = credentials
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .authenticationFailed)
            #expect(failure.message.contains(message), "\(failure)")
            #expect(failure.hint != nil)
            #expect(!"\(failure)".contains("s3cr3t") && !"\(failure)".contains("czNjcjN0"))
            #expect(server.requests.count <= 2)
        }
    }

    @Test("Credentials do not follow a redirect to another host or another port")
    func redirect() async throws {
        try await GitServer.serving(folder) { other in
            for host in ["127.0.0.1", "localhost", "127.0.0.2"] {
                let target = other.url("open", host: host)
                try await GitServer.serving(folder, ["--redirect", target]) { server in
                    let mirror = try folder.mirror(server.url("redirect/\(repository)")) {
                        $0.credentials = .token("s3cr3t")
                    }
                    let failure = try await head(of: mirror)
                    #expect(failure.reason == .refused)
                    #expect(failure.message.contains("redirects"), "\(failure)")
                    #expect(!"\(failure)".contains("s3cr3t"))
                }
            }
            #expect(other.requests == [])
        }
    }

    @Test("A redirect to another path of the same server is followed, as forges use it for renamed repositories")
    func redirectAtHome() async throws {
        try await GitServer.serving(folder, ["--login", "x-access-token:t", "--redirect", "/login"]) { server in
            let mirror = try folder.mirror(server.url("redirect/\(repository)")) { $0.credentials = .token("t") }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        }
    }

    @Test(
        "An answer that is not from a repository is reported with its status",
        arguments: [
            ("status/404/a", GitFailure.Reason.notARepository, "status 404"),
            ("status/410/a", .notARepository, "status 410"), ("status/403/a", .authenticationFailed, "refused"),
            ("status/418/a", .fetchFailed, "status 418"), ("status/429/a", .unreachable, "status 429"),
            ("status/500/a", .unreachable, "status 500"), ("status/503/a", .unreachable, "status 503"),
            ("page/a", .notARepository, "not from a git repository"), ("open/missing", .notARepository, "status 404"),
        ])
    func status(_ path: String, _ reason: GitFailure.Reason, _ message: String) async throws {
        try await GitServer.serving(folder) { server in
            let failure = try await head(of: try folder.mirror(server.url(path)))
            #expect(failure.reason == reason)
            #expect(failure.message.contains(message), "\(failure)")
        }
    }

    @Test("An empty repository is reported as empty")
    func empty() async throws {
        _ = try await Origin(folder, "empty")
        try await GitServer.serving(folder) { server in
            let failure = try await head(of: try folder.mirror(server.url("open/empty/.git")))
            #expect(failure.reason == .empty)
        }
    }
}

func head(of mirror: GitMirror, sourceLocation: SourceLocation = #_sourceLocation) async throws -> GitFailure {
    let failure = await #expect(throws: GitFailure.self, sourceLocation: sourceLocation) { try await mirror.head() }
    return try #require(failure, sourceLocation: sourceLocation)
}
