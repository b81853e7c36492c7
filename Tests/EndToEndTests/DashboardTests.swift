import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// The dashboard over HTTP: who may see and do what, without a browser.
@Suite("The dashboard", .serialized)
struct DashboardTests {
    /// A client with the cookie of a session.
    private struct Client: Sendable {
        let url: String
        var cookie = ""

        func send(
            _ method: HTTPMethod, _ path: String, form: String? = nil, _ headers: [String: String] = [:]
        ) async throws -> RunningDaemon.Answer {
            var request = HTTPClientRequest(url: url + path)
            request.method = method
            var fields = ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"]
            if !cookie.isEmpty { fields["Cookie"] = cookie }
            if let form {
                fields["Content-Type"] = "application/x-www-form-urlencoded"
                request.body = .bytes(ByteBuffer(string: form))
            }
            for (name, value) in fields.merging(headers, uniquingKeysWith: { $1 }) where !value.isEmpty {
                request.headers.add(name: name, value: value)
            }
            let response = try await Self.http.execute(request, timeout: .seconds(60))
            let body = try await response.body.collect(upTo: 8 << 20)
            return RunningDaemon.Answer(
                status: Int(response.status.code), headers: response.headers, text: String(buffer: body))
        }

        func get(_ path: String) async throws -> RunningDaemon.Answer { try await send(.GET, path) }

        /// Returns the stream of changes that an open page follows. It fails if it does not end within two minutes.
        func changes() async throws -> HTTPClientResponse.Body {
            var request = HTTPClientRequest(url: url + "/live")
            request.headers.add(name: "Cookie", value: cookie)
            let response = try await Self.http.execute(request, timeout: .seconds(120))
            #expect(response.status == .ok && response.headers.first(name: "Content-Type") == "text/event-stream")
            return response.body
        }

        /// Returns the client after a sign-in with a token.
        func signedIn(_ token: String) async throws -> Client {
            let answer = try await send(.POST, "/login", form: "token=\(token)&next=/")
            #expect(answer.status == 303, "\(answer.text)")
            var copy = self
            copy.cookie =
                (answer.headers.first(name: "Set-Cookie") ?? "").split(separator: ";").first.map(String.init) ?? ""
            return copy
        }

        /// Returns the secret of the session's forms.
        func formSecret() async throws -> String {
            let page = try await get("/").text
            return page.firstMatch(of: /name="csrf" value="([0-9a-f]+)"/).map { String($0.output.1) } ?? ""
        }

        private static let http = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup,
            configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
    }

    private struct Scene: Sendable {
        let daemon: RunningDaemon
        let tokens: [String: String]

        func client(_ name: String) async throws -> Client {
            try await Client(url: daemon.url).signedIn(tokens[name] ?? "")
        }
    }

    private static func withDaemon(
        configuration: String = .slow, _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let sandbox = try await Sandbox(configuration: configuration)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 4, "  lease: {ttl: 8h, max: 7d}\n"),
            "broken.yaml": Sandbox.preset("broken", instances: 1, "  parameters: {fail: \"yes\"}\n  failureLimit: 1\n"),
        ])
        var tokens: [String: String] = [:]
        for (name, options) in [
            ("ops", ["--role", "operator"]), ("screen", ["--role", "viewer"]), ("ada", ["--role", "claimer"]),
            ("bob", ["--role", "claimer"]), ("screen-of-b", ["--role", "viewer", "--preset", "b*"]),
        ] {
            let made = try await sandbox.prewarm(["token", "create", name, "-o", "json"] + options)
            tokens[name] = try #require(try made.json()["token"]?.string)
        }
        try await sandbox.serve { [tokens] daemon in
            try await daemon.eventually("a is ready and broken is stalled") {
                let status = try await daemon.get("/api/v1/status").text
                let isReady = try await daemon.isReady("a", 4)
                return isReady && status.contains("\"Stalled\"")
            }
            try await body(Scene(daemon: daemon, tokens: tokens))
        }
    }

    @Test("Each role sees and does only what the API allows")
    func roles() async throws {
        try await Self.withDaemon { scene in
            let (ops, ada, bob) = (
                try await scene.client("ops"), try await scene.client("ada"), try await scene.client("bob")
            )
            let screen = try await scene.client("screen")
            let secret = try await ada.formSecret()
            let claimed = try await ada.send(.POST, "/pools/presets/a/claim", form: "csrf=\(secret)&key=1")
            #expect(claimed.status == 303 && claimed.headers.first(name: "Location") == "/claims")
            // The same form again is the same claim.
            _ = try await ada.send(.POST, "/pools/presets/a/claim", form: "csrf=\(secret)&key=1")
            let own = try await ada.get("/claims").text
            #expect(own.contains("claimed a-") && own.contains("dir:"))
            #expect(own.ranges(of: "role=\"rowheader\"").count == 1)
            #expect(!(try await bob.get("/claims").text).contains("dir:"))
            #expect(try await ops.get("/claims").text.contains("dir:"))
            #expect(try await screen.get("/claims").status == 403)

            for (client, sees) in [(ops, true), (screen, false), (bob, false)] {
                let pool = try await client.get("/pools/presets/a").text
                #expect(pool.contains("dir:") == sees)
                // Random secrets of forms are hexadecimal, and may contain these letters.
                #expect(pool.contains(/\bada\b/) == sees)
                let broken = try await client.get("/pools/presets/broken").text
                #expect(broken.contains("no space left") == sees && broken.contains("The end of the log") == sees)
            }
            let id = try #require(own.firstMatch(of: /\/workspaces\/([0-9a-z]+)\/release/).map { String($0.output.1) })
            let refused = try await bob.send(
                .POST, "/workspaces/\(id)/release", form: "csrf=\(try await bob.formSecret())")
            #expect(refused.status == 303)
            #expect(try await bob.get("/claims").text.contains("Not done"))
            #expect(try await ops.get("/claims").text.contains("dir:"))
            let viewerClaim = try await screen.send(
                .POST, "/pools/presets/a/claim", form: "csrf=\(try await screen.formSecret())&key=2")
            #expect(viewerClaim.status == 303)
            #expect(try await screen.get("/pools/presets/a").text.contains("Not done"))
            _ = try await bob.send(.POST, "/workspaces/\(id)/renew", form: "csrf=\(try await bob.formSecret())")
            #expect(try await bob.get("/claims").text.contains("Not done"))
            for (client, form) in [(ada, secret), (ops, try await ops.formSecret())] {
                let renewed = try await client.send(.POST, "/workspaces/\(id)/renew", form: "csrf=\(form)")
                #expect(renewed.status == 303)
                #expect(try await client.get("/claims").text.contains("renewed a-"))
            }
            #expect(try await ada.send(.POST, "/workspaces/\(id)/renew", form: "key=1").status == 403)
            let released = try await ada.send(.POST, "/workspaces/\(id)/release", form: "csrf=\(secret)")
            #expect(released.status == 303)
            #expect(try await ada.get("/claims").text.contains("released a-"))
            // The history also has workspaces that are released and deleted.
            #expect(try await ops.get("/pools/presets/a").text.contains("at most 1 were claimed"))
            let scoped = try await scene.client("screen-of-b")
            #expect(!(try await scoped.get("/").text).contains("/pools/presets/a\""))
            #expect(try await scoped.get("/pools/presets/a").status == 404)
            let audit = try await scene.daemon.get("/api/v1/audit").text
            for action in ["renew", "release"] {
                #expect(audit.contains("token ada") && audit.contains("\"action\":\"\(action)\""))
            }
        }
    }

    @Test("The search finds pools by a part of the name, and those that need attention")
    func search() async throws {
        try await Self.withDaemon { scene in
            let screen = try await scene.client("screen")
            for (query, finds) in [
                ("", ["a", "broken"]), ("?q=BROK", ["broken"]), ("?q=go", ["a", "broken"]), ("?q=nothing", []),
                ("?show=attention", ["broken"]), ("?page=7", []), ("?page=-1&q=%22%3E", []),
            ] {
                let text = try await screen.get("/\(query)").text
                for name in ["a", "broken"] {
                    #expect(text.contains("href=\"/pools/presets/\(name)\"") == finds.contains(name), "\(query)")
                }
            }
        }
    }

    @Test("A form from another site, or without the secret of its session, changes nothing")
    func forgeries() async throws {
        try await Self.withDaemon { scene in
            let (ops, ada) = (try await scene.client("ops"), try await scene.client("ada"))
            let (secret, other) = (try await ops.formSecret(), try await ada.formSecret())
            let form = "csrf=\(secret)&key=1&owner=eve"
            for (form, headers) in [
                (form, ["Sec-Fetch-Site": "cross-site"]), (form, ["Sec-Fetch-Site": "same-site"]),
                (form, ["Sec-Fetch-Site": "", "Origin": "https://evil.example"]), (form, ["Sec-Fetch-Site": ""]),
                ("key=1&owner=eve", [:]), ("csrf=\(other)&key=1&owner=eve", [:]), ("csrf=&owner=eve", [:]),
            ] {
                let answer = try await ops.send(.POST, "/pools/presets/a/claim", form: form, headers)
                #expect(answer.status == 403, "\(form) \(headers)")
            }
            let login = try await Client(url: scene.daemon.url).send(
                .POST, "/login", form: "token=\(scene.tokens["ops"] ?? "")", ["Sec-Fetch-Site": "cross-site"])
            #expect(login.status == 403 && login.headers.first(name: "Set-Cookie") == nil)
            #expect(try await ops.send(.GET, "/pools/presets/a/claim").status == 405)
            #expect(scene.daemon.log.contains("a request was denied") && scene.daemon.log.contains("another site"))
            // A session gives no access to the API, so no page of another site can use it there.
            #expect(try await ops.get("/api/v1/status").status == 401)
            #expect(try await scene.daemon.get("/api/v1/workspaces?state=claimed").json().list.isEmpty)
        }
    }

    @Test("A session ends with its token, and at the sign-out")
    func endOfSessions() async throws {
        try await Self.withDaemon { scene in
            let (ada, bob) = (try await scene.client("ada"), try await scene.client("bob"))
            #expect(try await ada.get("/").status == 200)
            let changes = try await ada.changes()
            try await scene.daemon.prewarm("token", "revoke", "ada")
            // An open page stops to follow changes. The stream ends before the next event.
            for try await _ in changes {}
            #expect(try await ada.get("/").headers.first(name: "Location")?.hasPrefix("/login") == true)
            #expect(try await ada.get("/live").status == 401)
            let out = try await bob.send(.POST, "/logout", form: "csrf=\(try await bob.formSecret())")
            #expect(out.headers.first(name: "Set-Cookie")?.contains("Max-Age=0") == true)
            #expect(try await bob.get("/").status == 303)
            let wrong = try await Client(url: scene.daemon.url).send(.POST, "/login", form: "token=wrong&next=/")
            #expect(wrong.status == 401 && wrong.text.contains("role=\"alert\"") && !wrong.text.contains("wrong\""))
        }
    }

    @Test("A link of `prewarm dashboard` signs in once, and needs a click when it comes from another site")
    func links() async throws {
        try await Self.withDaemon { scene in
            let made = try await scene.daemon.prewarm("dashboard")
            #expect(made.code == 0 && made.err.contains("within a minute"), "\(made.err)")
            let link = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(link.hasPrefix("\(scene.daemon.url)/login?code="))
            let path = String(link.dropFirst(scene.daemon.url.count))
            let client = Client(url: scene.daemon.url)
            let foreign = try await client.send(.GET, path, ["Sec-Fetch-Site": "cross-site"])
            #expect(foreign.status == 200 && foreign.headers.first(name: "Set-Cookie") == nil)
            let typed = try await client.send(.GET, path, ["Sec-Fetch-Site": "none"])
            let cookie = try #require(typed.headers.first(name: "Set-Cookie"))
            #expect(typed.status == 303 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            #expect(try await client.send(.GET, path, ["Sec-Fetch-Site": "none"]).status == 401)
        }
    }

    @Test("The cookie is for TLS only where a trusted proxy or the public URL says that the browser uses TLS")
    func secureCookies() async throws {
        let proxied = String.slow + "server: {trustedProxies: [127.0.0.1]}\n"
        let published = String.slow + "server: {baseUrl: https://Prewarm.example.org/}\n"
        for (configuration, host, isSecure) in [
            (String.slow, "", false), (proxied, "", true), (published, "", false),
            (published, "prewarm.example.org", true), (published, "other.example.org", false),
        ] {
            try await Self.withDaemon(configuration: configuration) { scene in
                let form = "token=\(scene.tokens["ops"] ?? "")&next=/sources"
                let answer = try await Client(url: scene.daemon.url).send(
                    .POST, "/login", form: form, ["X-Forwarded-Proto": "https", "Host": host])
                let cookie = answer.headers.first(name: "Set-Cookie") ?? ""
                #expect(answer.headers.first(name: "Location") == "/sources")
                #expect(cookie.hasPrefix("__Host-") == isSecure && cookie.contains("; Secure") == isSecure, "\(cookie)")
            }
        }
    }

    @Test("Every answer has the headers that protect a page")
    func headers() async throws {
        try await Self.withDaemon { scene in
            let ops = try await scene.client("ops")
            for path in ["/", "/pools/presets/a", "/sources", "/events", "/claims", "/login", "/pools/presets/none"] {
                let answer = try await ops.get(path)
                let policy = answer.headers.first(name: "Content-Security-Policy") ?? ""
                #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"), "\(path)")
                #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "\(path)")
                for (name, value) in [
                    ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
                    ("Referrer-Policy", "same-origin"), ("Cache-Control", "no-store"),
                ] { #expect(answer.headers.first(name: name) == value, "\(path)") }
            }
            let page = try await ops.get("/").text
            for link in page.matches(of: /(?:href|src)="(\/assets\/[^"]+)"/) {
                let asset = try await Client(url: scene.daemon.url).get(String(link.output.1))
                #expect(
                    asset.status == 200 && asset.headers.first(name: "Cache-Control")?.contains("immutable") == true)
            }
        }
    }
}
