import Foundation
import NIOHTTP1
import Testing

/// The sign-in at a provider over HTTP, with a provider that follows the rules or breaks one of them.
@Suite(
    "Signing in at a provider",
    .serialized, .enabled("pyjwt is not here: pip install pyjwt cryptography") { try await AccessPeer.has("jwt") })
struct SignInTests {
    struct Scene: Sendable {
        let daemon: RunningDaemon
        let issuer: String

        /// Makes the provider break a rule.
        func misbehave(_ name: String, lifetime: Int = 600) async throws {
            _ = try await Visitor().get("\(issuer)/misbehave?as=\(name)&lifetime=\(lifetime)")
        }

        func seen() async throws -> JSON { try JSON(try await Visitor().get("\(issuer)/seen").text) }
    }

    /// Runs a daemon with a provider. The daemon gets the provider with a reload, when its own address is known.
    private static func withProvider(
        more: String = "", _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("client-secret", "a secret: 100 %\n")
        let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        try await SignInPeer.provide(in: sandbox) { issuer in
            try await sandbox.serve { daemon in
                try sandbox.write(
                    "prewarm.yaml",
                    file + "server:\n  baseUrl: \(daemon.url)\n  signIn:\n" + SignInPeer.entry(issuer, more: more)
                        + SignInPeer.entry(issuer, name: "other", more: more))
                try daemon.send(.terminalClosed)
                try await daemon.eventually("the daemon knows the provider") {
                    try await Visitor().get(daemon.url + "/login").text.contains("Sign in with Example Inc")
                }
                try await body(Scene(daemon: daemon, issuer: issuer))
            }
        }
    }

    @Test("A person signs in with PKCE, gets the role of a rule, and signs out")
    func good() async throws {
        try await Self.withProvider { scene in
            let visitor = Visitor()
            let finished = try await visitor.get(try await visitor.callback(scene.daemon))
            #expect(finished.status == 200 && finished.text.contains(#"content="0; url=/sources""#), "\(finished.text)")
            #expect(finished.headers.first(name: "Referrer-Policy") == "no-referrer")
            let cookies = finished.headers["Set-Cookie"]
            #expect(cookies.contains { $0.contains("HttpOnly") && $0.contains("SameSite=Strict") }, "\(cookies)")
            #expect(visitor.cookieNames.count == 1, "the cookie of the sign-in is gone")
            let page = try await visitor.get(scene.daemon.url + "/")
            #expect(page.status == 200 && page.text.contains("ada") && page.text.contains("operator"))
            let asked = try #require(try await scene.seen()[0]?["authorize"])
            #expect(asked["response_type"]?.string == "code" && asked["code_challenge_method"]?.string == "S256")
            #expect(asked["scope"]?.string == "openid profile email")
            #expect(asked["redirect_uri"]?.string == scene.daemon.url + "/login/company/callback")
            #expect((asked["state"]?.string ?? "").count == 64 && (asked["nonce"]?.string ?? "").count == 64)
            #expect(scene.daemon.log.contains("a person signed in to the dashboard"))
            #expect(!scene.daemon.log.contains("100 %"))
        }
    }

    struct Attack: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let status: Int
        let expected: String

        init(_ name: String, _ status: Int, _ expected: String) {
            (testDescription, self.status, self.expected) = (name, status, expected)
        }
    }

    static let attacks = [
        Attack("issuer", 401, "is not configured"), Attack("audience", 401, "its audience must be prewarm client"),
        Attack("audiences", 401, "issued for another client"), Attack("party", 401, "issued for another client"),
        Attack("nonce", 401, "belongs to another sign-in"), Attack("no-nonce", 401, "belongs to another sign-in"),
        Attack("none", 401, "must be RS256 or ES256"), Attack("shared-secret", 401, "must be RS256 or ES256"),
        Attack("signature", 401, "the signature does not match"), Attack("expired", 401, "has expired already"),
        Attack("no-expiry", 401, "no expiry time"), Attack("future", 401, "not in the future"),
        Attack("subject", 401, "invisible or control characters"), Attack("groups", 0, ""),
        Attack("unverified", 403, "no rule of the issuer matches"), Attack("denies", 403, "access_denied"),
        Attack("wrong-iss", 401, "comes from another issuer"), Attack("no-iss", 401, "comes from another issuer"),
        Attack("huge", 503, "more than 256 KiB"), Attack("moved", 503, "with the status 307"),
        Attack("garbage", 503, "no ID token"), Attack("deep", 503, "no ID token"), Attack("down", 503, "status 503"),
        Attack("no-identity", 503, "no ID token"), Attack("silent", 503, "does not answer in time"),
    ]

    @Test("A provider that breaks a rule signs no one in, and the page says why")
    func attacks() async throws {
        try await Self.withProvider { scene in
            for attack in Self.attacks where attack.status > 0 {
                try await scene.misbehave(attack.testDescription)
                let visitor = Visitor()
                var answer = try await visitor.get(try await visitor.callback(scene.daemon))
                // On a busy machine the provider may answer too late.
                while attack.testDescription != "silent", answer.text.contains("does not answer in time") {
                    answer = try await visitor.get(try await visitor.callback(scene.daemon))
                }
                #expect(answer.status == attack.status, "\(attack.testDescription): \(answer.text)")
                #expect(answer.text.contains(attack.expected), "\(attack.testDescription): \(answer.text)")
                #expect(answer.text.contains("role=\"alert\"") && !answer.text.contains("<script>"))
                #expect(!visitor.cookieNames.contains { $0.hasPrefix("prewarm-session") && !$0.contains("login") })
                #expect(try await visitor.get(scene.daemon.url + "/").status == 303)
            }
            // A rule that no longer matches a group still matches the address of the person.
            try await scene.misbehave("groups")
            let visitor = Visitor()
            #expect(try await visitor.get(try await visitor.callback(scene.daemon)).status == 200)
            #expect(try await visitor.get(scene.daemon.url + "/").text.contains("viewer"))
        }
    }

    @Test("A callback works once, only in the browser that began, and only at its provider")
    func replays() async throws {
        try await Self.withProvider { scene in
            let (visitor, other) = (Visitor(), Visitor())
            let callback = try await visitor.callback(scene.daemon)
            // The same answer in the browser of another person: a link that would sign her in as the attacker.
            #expect(try await other.get(callback).status == 401)
            let changed = callback.replacing(/state=[0-9a-f]{8}/) { _ in "state=00000000" }
            #expect(try await visitor.get(changed).status == 401)
            #expect(try await visitor.get(callback.replacing("/company/", with: "/other/")).status == 401)
            #expect(try await scene.seen().list.count == 1, "no code was redeemed")
            let before = visitor.header
            #expect(try await visitor.get(callback).status == 200)
            let again = try await other.get(callback, ["Cookie": before])
            #expect(again.status == 401 && again.text.contains("was used"), "\(again.text)")
            // A new sign-in with an old code: the provider refuses it.
            let fresh = try await visitor.callback(scene.daemon)
            let code = try #require(callback.firstMatch(of: /code=[^&]+/)?.output)
            let old = try await visitor.get(fresh.replacing(/code=[^&]+/) { _ in String(code) })
            #expect(old.status == 401 && old.text.contains("invalid_grant"), "\(old.text)")
        }
    }

    @Test("A sign-in leads to no other site, and its cookies stay few")
    func targets() async throws {
        try await Self.withProvider { scene in
            for next in ["https://evil.example.org", "//evil.example.org", "%5C%5Cevil", "javascript:alert(1)"] {
                let visitor = Visitor()
                let answer = try await visitor.get(try await visitor.callback(scene.daemon, next: next))
                #expect(answer.text.contains(#"content="0; url=/""#), "\(next)")
            }
            let visitor = Visitor()
            for _ in 0..<20 { _ = try await visitor.get(scene.daemon.url + "/login/company") }
            #expect(visitor.cookieNames.count <= 5)
            #expect(try await visitor.get(scene.daemon.url + "/login/none").status == 404)
            #expect(try await visitor.get(scene.daemon.url + "/login/company/callback?error=%3Cb%3E").status == 401)
        }
    }

    @Test(
        "A provider with a bad discovery document cannot be used, and the page says why",
        arguments: [
            ("other-discovery", "names another issuer"), ("script-address", "is not https"),
            ("header-address", "is not https"), ("plain-token", "is not https"),
            ("huge-discovery", "more than 256 KiB"),
        ])
    func discovery(name: String, expected: String) async throws {
        try await Self.withProvider { scene in
            try await scene.misbehave(name)
            let answer = try await Visitor().get(scene.daemon.url + "/login/company")
            #expect(answer.status == 503 && answer.text.contains(expected), "\(answer.text)")
            #expect(answer.headers.first(name: "Location") == nil)
        }
    }

    @Test("A session ends with the identity, and an open page then goes to the provider again")
    func ends() async throws {
        try await Self.withProvider { scene in
            try await scene.misbehave("", lifetime: 60)
            let visitor = Visitor()
            #expect(try await visitor.get(try await visitor.callback(scene.daemon)).status == 200)
            let page = scene.daemon.url + "/events"
            try await scene.daemon.eventually("the session has ended") {
                try await visitor.get(page, ["Sec-Fetch-Mode": "cors"]).status != 200
            }
            // The script of an open page is not sent to another site.
            let script = try await visitor.get(page, ["Sec-Fetch-Mode": "cors"])
            #expect(script.headers.first(name: "Location")?.hasPrefix("/login?next=") == true)
            let opened = try await visitor.get(page, ["Sec-Fetch-Mode": "navigate"])
            #expect(opened.headers.first(name: "Location") == "\(scene.daemon.url)/login/company?next=%2Fevents")
            #expect(try await visitor.get(page).headers.first(name: "Location")?.hasPrefix("/login?") == true)
        }
    }

    @Test("Rules that a reload removes end the sessions that they allowed")
    func reload() async throws {
        try await Self.withProvider { scene in
            let visitor = Visitor()
            #expect(try await visitor.get(try await visitor.callback(scene.daemon)).status == 200)
            let file = String(decoding: try #require(scene.daemon.sandbox.bytes("prewarm.yaml")), as: UTF8.self)
            try scene.daemon.sandbox.write(
                "prewarm.yaml",
                file.replacing("groups: platform", with: "groups: other").replacing("ada@", with: "eve@"))
            try scene.daemon.send(.terminalClosed)
            try await scene.daemon.eventually("the session has ended") {
                try await visitor.get(scene.daemon.url + "/").status == 303
            }
        }
    }

    @Test(
        "Claims of a rule come from the provider's page about the person, if the ID token has none",
        arguments: [("thin", 200, "operator"), ("other-person", 503, "describes another person")])
    func userInfo(name: String, status: Int, expected: String) async throws {
        try await Self.withProvider { scene in
            try await scene.misbehave(name)
            let visitor = Visitor()
            let finished = try await visitor.get(try await visitor.callback(scene.daemon))
            #expect(finished.status == status, "\(finished.text)")
            let shown = status == 200 ? try await visitor.get(scene.daemon.url + "/").text : finished.text
            #expect(shown.contains(expected), "\(shown)")
        }
    }

    @Test("A rule about an email address matches only an address that the provider has verified")
    func email() async throws {
        let good = ["verified", "verified-text", "userinfo-true", "userinfo-text", "no-email-true"]
        let bad = [
            "unsaid", "unverified", "unverified-text", "odd", "userinfo-false", "userinfo-unsaid", "userinfo-other",
            "userinfo-without", "no-email-false",
        ]
        try await Self.withProvider { scene in
            for name in good + bad {
                try await scene.misbehave(name)
                let visitor = Visitor()
                let answer = try await visitor.get(try await visitor.callback(scene.daemon))
                let isGood = good.contains(name)
                #expect(answer.status == (isGood ? 200 : 403), "\(name): \(answer.text)")
                let shown = isGood ? try await visitor.get(scene.daemon.url + "/").text : answer.text
                #expect(shown.contains(isGood ? "viewer" : "no rule of the issuer matches"), "\(name): \(shown)")
            }
        }
    }

    @Test("A name with markup is shown as text, and the page still has no script of its own")
    func markup() async throws {
        try await Self.withProvider { scene in
            try await scene.misbehave("markup")
            let visitor = Visitor()
            #expect(try await visitor.get(try await visitor.callback(scene.daemon)).status == 200)
            let page = try await visitor.get(scene.daemon.url + "/").text
            #expect(page.contains("&lt;b&gt;ada&lt;/b&gt;") && !page.contains("<b>ada"), "\(page)")
        }
    }

    @Test("The secret comes from a file, and goes into the form where the provider wants it there")
    func secrets() async throws {
        try await Self.withProvider(more: "clientSecretFile: client-secret") { scene in
            try await scene.misbehave("form-secret")
            let visitor = Visitor()
            #expect(try await visitor.get(try await visitor.callback(scene.daemon)).status == 200)
            try scene.daemon.sandbox.write("client-secret", "")
            let none = try await visitor.get(try await visitor.callback(scene.daemon))
            #expect(none.status == 503 && none.text.contains("clientSecretFile"), "\(none.text)")
            try scene.daemon.sandbox.write("client-secret", "wrong")
            let wrong = try await visitor.get(try await visitor.callback(scene.daemon))
            #expect(wrong.status == 401 && wrong.text.contains("invalid_client"), "\(wrong.text)")
        }
    }
}
