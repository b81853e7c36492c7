import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmProvisioners
import Synchronization
import Testing

@Suite("Logins of a GitHub App", .serialized)
struct GitHubAppTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
        try await run("openssl", ["genrsa", "-traditional", "-out", "app.pem", "2048"], in: folder.path)
        try await run("openssl", ["rsa", "-in", "app.pem", "-pubout", "-out", "app.pub"], in: folder.path)
        try folder.write("login", "none:yet")
    }

    /// A clock that a test can move.
    private final class Clock: Sendable {
        private let offset = Mutex(Duration.zero)
        private let start: Timestamp?

        /// - Parameter standsStill: true if only `advance` moves the clock.
        init(standsStill: Bool = false) {
            start = standsStill ? Self.time : nil
        }

        private static var time: Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

        var now: Timestamp { (start ?? Self.time) + offset.withLock { $0 } }

        func advance(by duration: Duration) { offset.withLock { $0 += duration } }
    }

    private func login(
        _ server: GitServer, clock: Clock = Clock(), app: String = "42", installation: String = "7",
        key: String = "app.pem", apiURL: String? = nil, timeout: Duration = .seconds(20), caFile: String? = nil,
        proxy: String? = nil
    ) -> GitHubAppLogin {
        GitHubAppLogin(
            GitHubAppLogin.Settings(
                source: "presets", appID: app, installationID: installation,
                privateKeyFile: "\(folder.path)/\(key)", apiURL: apiURL ?? server.url("").dropSlash,
                timeout: timeout, caFile: caFile, proxy: proxy), now: { clock.now })
    }

    private func options(lifetime: Int = 3600) -> [String] {
        ["--login", "@\(folder.path)/login", "--app", "42", "\(folder.path)/app.pub", "\(lifetime)"]
    }

    private func tokens(_ server: GitServer) -> Int { server.requests.count { $0.hasPrefix("POST /app/") } }

    @Test("An app gets a token with its key, and keeps it until shortly before it expires")
    func token() async throws {
        try await GitServer.serving(folder, options()) { server in
            let clock = Clock(standsStill: true)
            let login = login(server, clock: clock)
            let mirror = try folder.mirror(server.url("login/origin/.git")) { $0.credentials = .source(login) }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
            #expect(tokens(server) == 1)
            clock.advance(by: .seconds(3600 - 301 - 5))
            _ = try await mirror.head()
            #expect(tokens(server) == 1)
            let before = folder.read("login")
            // The assertion uses the same clock, so the clock must be near the real time for the next request.
            clock.advance(by: .seconds(-3600 + 301 + 5))
            await login.refused(try await login.login())
            _ = try await mirror.head()
            #expect(tokens(server) == 2 && folder.read("login") != before)
        }
    }

    @Test("A token with a short lifetime is replaced before it expires")
    func expiry() async throws {
        try await GitServer.serving(folder, options(lifetime: 300)) { server in
            let mirror = try folder.mirror(server.url("login/origin/.git")) { $0.credentials = .source(login(server)) }
            for expected in 1...3 {
                _ = try await mirror.head()
                #expect(tokens(server) == expected)
            }
        }
    }

    @Test("A revoked token is replaced at the next call")
    func revoked() async throws {
        try await GitServer.serving(folder, options()) { server in
            let mirror = try folder.mirror(server.url("login/origin/.git")) { $0.credentials = .source(login(server)) }
            _ = try await mirror.head()
            try folder.write("login", "x-access-token:another")
            #expect(try await head(of: mirror).reason == .authenticationFailed)
            #expect(try await mirror.head().ref == "main")
            #expect(tokens(server) == 2)
        }
    }

    @Test("A key in the PKCS #8 format is accepted")
    func newerKey() async throws {
        try await run(
            "openssl", ["pkcs8", "-topk8", "-nocrypt", "-in", "app.pem", "-out", "app8.pem"], in: folder.path)
        try await GitServer.serving(folder, options()) { server in
            let token = try await login(server, key: "app8.pem").login()
            #expect(token.username == "x-access-token" && token.password.hasPrefix("ghs_"))
            #expect("\(token)" == "x-access-token:[redacted]")
        }
    }

    @Test("An unknown app is reported with the message of GitHub, without the assertion")
    func unknown() async throws {
        try await run("openssl", ["genrsa", "-out", "other.pem", "2048"], in: folder.path)
        try await GitServer.serving(folder, options()) { server in
            for (login, message) in [
                (login(server, app: "43"), "Integration not found"),
                (login(server, key: "other.pem"), "could not be decoded"),
            ] {
                let failure = await #expect(throws: GitFailure.self) { try await login.login() }
                #expect(failure?.reason == .authenticationFailed)
                #expect(failure?.message.contains("status 401: ") == true && failure?.message.contains(message) == true)
                #expect(failure?.hint?.contains("installationId") == true && !"\(failure as Any)".contains("eyJ"))
            }
        }
    }

    @Test(
        "A failing API is reported with its answer",
        arguments: [
            ("status/500", GitFailure.Reason.unreachable, "status 500"),
            ("status/404", .authenticationFailed, "status 404"), ("page", .unreachable, "status 200"),
            ("redirect", .refused, "redirects are not followed"),
            ("silent", .unreachable, ": no complete answer within 1 s"),
            ("halting", .unreachable, ": no complete answer within 1 s"),
        ])
    func broken(_ path: String, _ reason: GitFailure.Reason, _ message: String) async throws {
        try await GitServer.serving(folder) { other in
            try await GitServer.serving(folder, options() + ["--redirect", other.url("open")]) { server in
                let login = login(server, apiURL: server.url(path), timeout: .seconds(1))
                let start = ContinuousClock.now
                let failure = await #expect(throws: GitFailure.self) { try await login.login() }
                #expect(ContinuousClock.now - start < .seconds(30))
                #expect(failure?.reason == reason)
                #expect(failure?.message.contains(message) == true, "\(String(describing: failure))")
                #expect(other.requests == [])
            }
        }
    }

    @Test("A request ends at once if its task is canceled", arguments: ["silent", "halting"])
    func cancelled(_ path: String) async throws {
        try await GitServer.serving(folder) { server in
            let login = login(server, apiURL: server.url(path), timeout: .seconds(50))
            let failure = await withTaskGroup(of: GitFailure?.self, returning: GitFailure?.self) { group in
                group.addTask {
                    do throws(GitFailure) {
                        _ = try await login.login()
                        return nil
                    } catch {
                        return error
                    }
                }
                for _ in 0..<500 where server.requests.isEmpty { try? await Task.sleep(for: .milliseconds(20)) }
                // Wait for the beginning of the answer.
                try? await Task.sleep(for: .milliseconds(500))
                group.cancelAll()
                return await group.next().flatMap { $0 }
            }
            #expect(failure?.reason == .unreachable)
            #expect(failure?.message.contains("the call was canceled") == true, "\(String(describing: failure))")
        }
    }

    @Test("A proxy that refuses the login is asked once and reported", arguments: ["", "me:s3cr3t@"])
    func refusingProxy(_ given: String) async throws {
        try await GitServer.serving(folder, ["--proxy-login", "me:p@ss"]) { proxy in
            let address = "http://\(given)127.0.0.1:\(proxy.port)"
            let login = login(proxy, apiURL: "https://localhost:1", timeout: .seconds(5), proxy: address)
            let failure = try #require(await #expect(throws: GitFailure.self) { try await login.login() })
            #expect(failure.reason == .authenticationFailed, "\(failure)")
            #expect(failure.message.contains("the proxy refused the login or requires one"), "\(failure)")
            #expect(!"\(failure)".contains("s3cr3t"), "\(failure)")
            #expect(proxy.requests.count == 1, "\(proxy.requests)")
        }
    }

    @Test("The message of the API is reported on one line, without the secrets of the request")
    func echo() async throws {
        try await GitServer.serving(folder, options()) { server in
            let login = login(server, apiURL: server.url("echo"))
            let failure = try #require(await #expect(throws: GitFailure.self) { try await login.login() })
            #expect(failure.message.contains("bad") && !failure.message.contains("eyJ"), "\(failure)")
            #expect(!failure.message.contains { $0 == "\n" || $0 == "\u{1b}" })
        }
    }

    @Test(
        "An invalid key is reported with its path, and without its contents",
        arguments: ["missing", "text", "small"])
    func badKeys(_ name: String) async throws {
        if name == "text" { try folder.write("text", "-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\n") }
        if name == "small" { try await run("openssl", ["genrsa", "-out", "small", "1024"], in: folder.path) }
        try await GitServer.serving(folder, options()) { server in
            let login = login(server, key: name)
            let failure = await #expect(throws: GitFailure.self) { try await login.login() }
            #expect(failure?.reason == .authenticationFailed)
            #expect(
                failure?.message.contains("\(folder.path)/\(name)") == true && !"\(failure as Any)".contains("s3cr3t"))
            #expect(server.requests == [])
        }
    }

    @Test("The API is used over https with a trusted certificate, and through a proxy")
    func transport() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, options() + certificate.options) { server in
            let url = server.url("", scheme: "https", host: "localhost").dropSlash
            let failure = await #expect(throws: GitFailure.self) { try await login(server, apiURL: url).login() }
            #expect(failure?.message.contains("certificate is not trusted") == true, "\(String(describing: failure))")
            #expect(try await login(server, apiURL: url, caFile: certificate.file).login().password.hasPrefix("ghs_"))
            try await GitServer.serving(folder) { proxy in
                let login = login(server, apiURL: url, caFile: certificate.file, proxy: proxy.url("").dropSlash)
                let token = try await login.login()
                #expect(token.password.hasPrefix("ghs_"))
                #expect(proxy.requests == ["CONNECT localhost:\(server.port) -"])
            }
            try await GitServer.serving(folder, ["--proxy-login", "me:p@ss"]) { proxy in
                for (given, isRight) in [("me:p%40ss@", true), ("me:other@", false)] {
                    let address = proxy.url("").dropSlash.replacing("http://", with: "http://\(given)")
                    let login = login(
                        server, apiURL: url, timeout: .seconds(3), caFile: certificate.file, proxy: address)
                    let token = try? await login.login()
                    #expect((token != nil) == isRight)
                }
            }
            let refusing = login(server, apiURL: url, caFile: certificate.file, proxy: "https://localhost:1")
            let refusal = await #expect(throws: GitFailure.self) { try await refusing.login() }
            #expect(
                refusal?.reason == .refused
                    && refusal?.message.contains("invalid proxy: it must have the form http://HOST:PORT") == true)
        }
    }
}

extension String {
    fileprivate var dropSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
