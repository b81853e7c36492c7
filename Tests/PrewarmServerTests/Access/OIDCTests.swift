import ClockSupport
import AsyncHTTPClient
import Crypto
import Foundation
import JWTKit
import PrewarmCore
import Synchronization
import Testing

@testable import PrewarmServer

/// Tests with an issuer on loopback, whose keys are created for each test.
@Suite("OIDC tokens")
struct OIDCTests {
    private static let start = Timestamp.at(0)

    private static func claims(_ issuer: FakeIssuer, _ changes: [String: TestClaims.Claim] = [:]) -> TestClaims {
        let standard: [String: TestClaims.Claim] = [
            "iss": .text(issuer.url), "aud": "prewarm", "sub": "repo:example/presets:ref:refs/heads/main",
            "exp": .integer(start.wholeSeconds + 300), "nbf": .integer(start.wholeSeconds - 5),
            "iat": .integer(start.wholeSeconds), "repository": "example/presets", "repository_id": "1296269",
            "repository_owner": "example", "ref": "refs/heads/main", "run_number": 12, "ref_protected": "true",
            "environments": .list(["staging", "production"]), "is_fork": .boolean(false),
        ]
        return TestClaims(standard.merging(changes) { _, new in new })
    }

    private static func verifier(
        _ issuer: FakeIssuer, _ client: HTTPClient, audience: String = "prewarm", jwksURL: String? = nil,
        claims: [String: String] = ["repository_id": "1296269", "ref": "refs/heads/main"], role: Role = .operator
    ) -> OIDCVerifier {
        OIDCVerifier(
            [
                OIDCIssuer(
                    issuer: issuer.url, audience: audience, jwksURL: jwksURL,
                    rules: [OIDCIssuer.Rule(claims: claims, role: role, presets: ["go-*"])])
            ], fetch: OIDCKeyFetch(client: client, deadline: .seconds(60)))
    }

    /// Returns the reason of the refusal, or nil if the token is accepted.
    private static func refusal(
        _ verifier: OIDCVerifier, _ token: String, now: Timestamp = start
    ) async -> AccessError.Reason? {
        do throws(AccessError) {
            _ = try await verifier.principal(for: token, now: now)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(
        "A valid token gives its subject as the caller, with the role and scope of the rule", arguments: [true, false])
    func good(usesRSA: Bool) async throws {
        let key = usesRSA ? try SigningKey.rsa("k1") : try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let token = try await key.sign(Self.claims(issuer))
            let principal = try await verifier.principal(for: token, now: Self.start)
            #expect(principal.kind == .oidc(issuer: issuer.url))
            #expect(principal.name == "repo:example/presets:ref:refs/heads/main")
            #expect(principal.role == .operator && principal.presets.texts == ["go-*"])
            #expect(principal.auditName == "oidc repo:example/presets:ref:refs/heads/main")
            for _ in 0..<20 { _ = try await verifier.principal(for: token, now: Self.start) }
            #expect(issuer.fetches == 1, "the keys are kept")
        }
    }

    /// Foundation's decoder takes a second for each of these tokens.
    @Test("A deeply nested header or payload is refused quickly, before it is parsed")
    func nesting() async throws {
        try await FakeIssuer.serve([try SigningKey.ec("k1")]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let (header, payload) = (#"{"alg":"ES256","kid":"k1"}"#, "{\"iss\":\"\(issuer.url)\"}")
            let start = ContinuousClock.now
            for depth in [9, 100, 480, 5000] {
                let list = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                let objects = String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
                for nested in [list, objects, String(repeating: "[", count: depth)] {
                    let pairs = [
                        ("{\"alg\":\"ES256\",\"kid\":\"k1\",\"a\":\(nested)}", payload),
                        (header, "{\"iss\":\"\(issuer.url)\",\"a\":\(nested)}"), (nested, nested),
                    ]
                    for (header, payload) in pairs {
                        let token = "\(base64URL(header.utf8)).\(base64URL(payload.utf8)).AAAA"
                        for _ in 0..<10 { #expect(await Self.refusal(verifier, token) == .unknown) }
                    }
                }
            }
            // These are 360 tokens, for which a parser without a limit of depth takes minutes.
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(issuer.fetches == 0, "no claim was trusted")
        }
    }

    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let claims: [String: TestClaims.Claim]
        var late: Int64 = 0
        let expected: AccessError.Reason?

        init(_ name: String, _ claims: [String: TestClaims.Claim], late: Int64 = 0, _ expected: AccessError.Reason?) {
            testDescription = name
            self.claims = claims
            self.late = late
            self.expected = expected
        }
    }

    private static let seconds = start.wholeSeconds

    static let changes: [Change] = [
        Change("nothing", [:], nil),
        Change("expired", [:], late: 361, .expired),
        Change("expired within the leeway", [:], late: 359, nil),
        Change("no expiry time", ["exp": .absent], .unknown),
        Change("an expiry time that is text", ["exp": "soon"], .unknown),
        Change("an expiry time with a fraction", ["exp": .number(Double(seconds) + 0.5)], nil),
        Change("an expiry time out of range", ["exp": .number(1e300)], .unknown),
        Change("not valid yet", ["nbf": .integer(seconds + 61)], .unknown),
        Change("not valid yet, within the leeway", ["nbf": .integer(seconds + 59)], nil),
        Change("a start time that is text", ["nbf": "now"], .unknown),
        Change("no start time", ["nbf": .absent, "iat": .absent], nil),
        Change("issued in the future", ["iat": .integer(seconds + 61)], .unknown),
        Change("another audience", ["aud": "sts.amazonaws.com"], .unknown),
        Change("no audience", ["aud": .absent], .unknown),
        Change("an empty list of audiences", ["aud": .list([])], .unknown),
        Change("one of several audiences", ["aud": .list(["other", "prewarm"])], nil),
        Change("the beginning of the audience", ["aud": "prewar"], .unknown),
        Change("another issuer", ["iss": "https://token.actions.githubusercontent.com"], .unknown),
        Change("no issuer", ["iss": .absent], .unknown),
        Change("an issuer that is a list", ["iss": .list(["a"])], .unknown),
        Change("no subject", ["sub": .absent], .unknown),
        Change("a subject of 1,024 characters", ["sub": .text(String(repeating: "s", count: 1024))], nil),
        Change("a subject of 1,025 characters", ["sub": .text(String(repeating: "s", count: 1025))], .unknown),
        Change("a subject with a control character", ["sub": "ci\u{7}"], .unknown),
        Change("another repository", ["repository_id": "1296270"], .refused),
        Change(
            "another repository of the same name", ["repository": "example/presets", "repository_id": "7"], .refused),
        Change("a repository whose id begins with the id", ["repository_id": "12962690"], .refused),
        Change("without the claim", ["repository_id": .absent], .refused),
        Change("a claim that is null", ["repository_id": .null], .refused),
        Change("a claim that is an object", ["repository_id": .object(["a": "1296269"])], .refused),
        Change("an id that is a number", ["repository_id": 1_296_269], nil),
        Change("an id in a list", ["repository_id": .list(["7", "1296269"])], nil),
        Change("an id in an empty list", ["repository_id": .list([])], .refused),
        Change("another branch", ["ref": "refs/heads/main2"], .refused),
        Change("a pull request", ["ref": "refs/pull/7/merge"], .refused),
    ]

    @Test("Each claim of a token is checked", arguments: changes)
    func claims(_ change: Change) async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let token = try await key.sign(Self.claims(issuer, change.claims))
            let refusal = await Self.refusal(
                Self.verifier(issuer, client), token, now: Self.start + .seconds(change.late))
            #expect(refusal == change.expected)
        }
    }

    @Test(
        "Patterns of rules match numbers, booleans and lists, and * does not match a slash",
        arguments: [
            (["repository": "example/*"], true), (["repository": "*"], false), (["repository": "**"], true),
            (["repository": "exam?le/presets"], true), (["repository": "example"], false), (["ref": "refs/*"], false),
            (["ref": "refs/**"], true), (["ref": "refs/heads/*"], true), (["run_number": "12"], true),
            (["run_number": "1?"], true), (["run_number": "13"], false), (["is_fork": "false"], true),
            (["environments": "production"], true), (["environments": "prod"], false),
            (["environments": "production", "repository_owner": "other"], false), (["nowhere": "**"], false),
            ([:], false),
        ] as [([String: String], Bool)])
    func rules(claims: [String: String], expected: Bool) async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let token = try await key.sign(Self.claims(issuer))
            let refusal = await Self.refusal(Self.verifier(issuer, client, claims: claims), token)
            #expect(refusal == (expected ? nil : .refused))
        }
    }

    @Test(
        "A rule about an email address matches only an address that the issuer has verified",
        arguments: [
            ([:], false), (["email_verified": .boolean(false)], false), (["email_verified": "false"], false),
            (["email_verified": .null], false), (["email_verified": "True"], false),
            (["email_verified": .list(["true", "false"])], false), (["email_verified": 1], false),
            (["email_verified": .boolean(true)], true), (["email_verified": "true"], true),
        ] as [([String: TestClaims.Claim], Bool)])
    func email(claims: [String: TestClaims.Claim], isGood: Bool) async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let token = try await key.sign(
                Self.claims(issuer, claims.merging(["email": "ada@example.org"]) { $1 }))
            let verifier = Self.verifier(issuer, client, claims: ["email": "*@example.org"])
            #expect(await Self.refusal(verifier, token) == (isGood ? nil : .refused))
            // Rules about other claims do not need it.
            #expect(await Self.refusal(Self.verifier(issuer, client), token) == nil)
            do throws(AccessError) {
                _ = try await verifier.principal(for: token, now: Self.start)
                #expect(isGood)
            } catch {
                #expect(error.hint?.contains("email_verified") == true, "\(error)")
            }
        }
    }

    @Test("The first matching rule of the entry with the token's audience decides")
    func severalRules() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            func entry(_ audience: String, _ rules: [OIDCIssuer.Rule]) -> OIDCIssuer {
                OIDCIssuer(issuer: issuer.url, audience: audience, rules: rules)
            }
            let verifier = OIDCVerifier(
                [
                    entry("other", [OIDCIssuer.Rule(claims: ["ref": "**"], role: .operator)]),
                    entry(
                        "prewarm",
                        [
                            OIDCIssuer.Rule(claims: ["ref": "refs/tags/*"], role: .operator),
                            OIDCIssuer.Rule(claims: ["ref": "refs/heads/main"], role: .viewer),
                            OIDCIssuer.Rule(claims: ["ref": "**"], role: .operator),
                        ]),
                ], fetch: OIDCKeyFetch(client: client, deadline: .seconds(60)))
            let token = try await key.sign(Self.claims(issuer))
            #expect(try await verifier.principal(for: token, now: Self.start).role == .viewer)
        }
    }

    // MARK: Signatures

    @Test(
        "A token without a signature is refused, whatever its algorithm is called",
        arguments: ["none", "None", "NONE", "", "nOnE"])
    func none(algorithm: String) async throws {
        let key = try SigningKey.rsa("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let payload = try await key.sign(Self.claims(issuer)).split(separator: ".")[1]
            let header = base64URL(Data("{\"alg\": \"\(algorithm)\", \"typ\": \"JWT\", \"kid\": \"k1\"}".utf8))
            #expect(await Self.refusal(verifier, "\(header).\(payload).") == .unknown)
            #expect(await Self.refusal(verifier, "\(header).\(payload).AAAA") == .unknown)
            #expect(issuer.fetches == 0, "no keys are needed")
        }
    }

    @Test("A token that is signed with the public key as a secret is refused", arguments: ["HS256", "HS384", "HS512"])
    func confusion(algorithm: String) async throws {
        let key = try SigningKey.rsa("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let payload = try await key.sign(Self.claims(issuer)).split(separator: ".")[1]
            let header = base64URL(Data("{\"alg\": \"\(algorithm)\", \"typ\": \"JWT\", \"kid\": \"k1\"}".utf8))
            let published = key.json.split(separator: "\"n\": \"")[1].prefix { $0 != "\"" }
            for secret in [Data(key.json.utf8), Data(published.utf8)] {
                let code = HMAC<Crypto.SHA256>.authenticationCode(
                    for: Data("\(header).\(payload)".utf8), using: SymmetricKey(data: secret))
                let token = "\(header).\(payload).\(base64URL(Data(code)))"
                #expect(await Self.refusal(Self.verifier(issuer, client), token) == .unknown)
            }
        }
    }

    @Test("A key is used with its own algorithm only, and only if the issuer publishes it")
    func otherKeys() async throws {
        let (rsa, ec, stranger) = (try SigningKey.rsa("r"), try SigningKey.ec("e"), try SigningKey.rsa("s"))
        try await FakeIssuer.serve([rsa, ec]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            #expect(try await Self.refusal(verifier, rsa.sign(Self.claims(issuer))) == nil)
            #expect(try await Self.refusal(verifier, ec.sign(Self.claims(issuer))) == nil)
            for (key, name) in [(rsa, "e"), (ec, "r"), (stranger, "r"), (stranger, "e"), (stranger, "s")] {
                let token = try await key.sign(Self.claims(issuer), as: name)
                #expect(await Self.refusal(verifier, token) == .unknown, "\(key.id) as \(name)")
            }
        }
    }

    @Test("Keys for encryption, symmetric keys and unknown kinds are ignored, and the other keys are used")
    func keySets() async throws {
        let (good, encryption) = (try SigningKey.rsa("k1"), try SigningKey.rsa("k2", more: "\"use\": \"enc\""))
        let other = try SigningKey.rsa("k3", more: "\"alg\": \"RS512\"")
        try await FakeIssuer.serve([]) { (issuer, client) throws in
            let strange =
                "{\"kty\": \"oct\", \"kid\": \"k1\", \"k\": \"AAAA\"}, {\"kty\": \"AKP\"}, 5, null, {\"kid\": []}"
            issuer.change { $0.keysText = "{\"keys\": [\(strange), \(encryption.json), \(other.json), \(good.json)]}" }
            let verifier = Self.verifier(issuer, client)
            #expect(try await Self.refusal(verifier, good.sign(Self.claims(issuer))) == nil)
            #expect(try await Self.refusal(verifier, encryption.sign(Self.claims(issuer))) == .unknown)
            #expect(try await Self.refusal(verifier, other.sign(Self.claims(issuer))) == .unknown)
        }
    }

    @Test("A changed token, and a text that is not a token, is refused")
    func damaged() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let token = try await key.sign(Self.claims(issuer))
            let parts = token.split(separator: ".").map(String.init)
            let claims = try await key.sign(Self.claims(issuer, ["ref": "refs/heads/x"])).split(separator: ".")[1]
            let critical = try await key.sign(
                Self.claims(issuer), header: ["crit": .array([.string("b64")]), "b64": .bool(false)])
            for text in [
                "\(parts[0]).\(claims).\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", token + ".",
                ".." + token, "..", "a.b.c", "", "\(parts[0]).\(parts[1]).\(parts[2].dropLast(4))", critical,
                String(repeating: "A", count: 100_000) + token, "\u{0}.\u{0}.\u{0}",
            ] {
                #expect(await Self.refusal(verifier, text) == .unknown, "\(text.prefix(80))")
            }
            var random = SplitMix64(seed: 3)
            let bytes = Array(token.utf8)
            for _ in 0..<300 {
                var changed = bytes
                changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 33...126, using: &random)
                let text = String(decoding: changed, as: UTF8.self)
                let isSame = text == token || Self.decodes(text, as: token)
                if !isSame { #expect(await Self.refusal(verifier, text) != nil, "\(text)") }
            }
        }
    }

    /// Says whether two texts are the same token. The last digit of base64 has unused bits, so that different texts can have
    /// the same bytes.
    private static func decodes(_ text: String, as token: String) -> Bool {
        func parts(_ text: String) -> [Data?] {
            text.split(separator: ".", omittingEmptySubsequences: false).map { part in
                let plain = part.replacing("-", with: "+").replacing("_", with: "/")
                return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
            }
        }
        return parts(text) == parts(token)
    }

    // MARK: Keys that change, and issuers that are down

    @Test("A new key is fetched when a token names it, but at most once a minute")
    func rotation() async throws {
        let (old, new) = (try SigningKey.ec("old"), try SigningKey.ec("new"))
        try await FakeIssuer.serve([old]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let (first, second) = (try await old.sign(Self.claims(issuer)), try await new.sign(Self.claims(issuer)))
            #expect(await Self.refusal(verifier, first) == nil)
            #expect(await Self.refusal(verifier, second, now: Self.start + .seconds(30)) == .unknown)
            issuer.publish(new)
            issuer.withdraw(old)
            for name in ["x", "y", "z"] {
                let token = try await new.sign(Self.claims(issuer), as: name)
                #expect(await Self.refusal(verifier, token, now: Self.start + .seconds(40)) == .unknown)
            }
            #expect(issuer.fetches == 1, "a minute has not passed")
            #expect(await Self.refusal(verifier, second, now: Self.start + .seconds(61)) == nil)
            #expect(issuer.fetches == 2)
            #expect(await Self.refusal(verifier, first, now: Self.start + .seconds(62)) == .unknown)
        }
    }

    @Test("Keys are fetched again after an hour, and kept for a day while the issuer is down")
    func outage() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            func token(_ seconds: Int64) async throws -> String {
                let end = TestClaims.Claim.integer(Self.start.wholeSeconds + seconds + 300)
                return try await key.sign(Self.claims(issuer, ["exp": end]))
            }
            #expect(try await Self.refusal(verifier, token(0)) == nil)
            issuer.change { $0.keysFail = true }
            for hours: Int64 in [1, 2, 23] {
                let now = Self.start + .seconds(hours * 3600)
                #expect(try await Self.refusal(verifier, token(hours * 3600), now: now) == nil, "\(hours)")
            }
            #expect(issuer.fetches == 4)
            let late = Self.start + .seconds(25 * 3600)
            #expect(try await Self.refusal(verifier, token(25 * 3600), now: late) == .unavailable)
            issuer.change { $0.keysFail = false }
            let back = late + .seconds(61)
            #expect(try await Self.refusal(verifier, token(25 * 3600 + 61), now: back) == nil)
        }
    }

    @Test("A token with a known key does not wait for a slow issuer")
    func slowness() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let later = Self.start + .seconds(3601)
            let token = try await key.sign(Self.claims(issuer, ["exp": .integer(later.wholeSeconds + 60)]))
            #expect(await Self.refusal(verifier, token) == nil)
            issuer.change { $0.jwksPath = "/slow" }
            let isFetched = Mutex(false)
            async let first = {
                defer { isFetched.withLock { $0 = true } }
                return await Self.refusal(verifier, token, now: later)
            }()
            #expect(try await eventually { issuer.discoveries >= 2 })
            #expect(await Self.refusal(verifier, token, now: later) == nil)
            #expect(!isFetched.withLock { $0 }, "the fetch continues")
            #expect(await first == nil, "the caller that fetches uses the old key, too")
        }
    }

    @Test("Many simultaneous requests cause one fetch")
    func stampede() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let verifier = Self.verifier(issuer, client)
            let token = try await key.sign(Self.claims(issuer))
            await withTaskGroup(of: AccessError.Reason?.self) { group in
                for _ in 0..<100 { group.addTask { await Self.refusal(verifier, token) } }
                for await refusal in group { #expect(refusal == nil) }
            }
            #expect(issuer.fetches == 1)
        }
    }

    @Test(
        "If an issuer misbehaves, its tokens are refused and the error says why",
        arguments: [
            ("is of another issuer", "names another issuer: \"https://evil.example.org\""),
            ("is down", "answers with the status 503"), ("moved its keys", "answers with the status 302"),
            ("has its keys on plain http", "is not https"), ("has no keys", "has no keys"),
            ("answers no JSON", "has no keys"), ("answers 1 MB", "more than 256 KiB"),
            ("is silent", "does not answer in time"), ("has no server", "cannot fetch the keys"),
        ])
    func badIssuers(kind: String, expected: String) async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            issuer.change { state in
                switch kind {
                case "is of another issuer": state.discoveredIssuer = "https://evil.example.org"
                case "is down": state.discoveryFails = true
                case "moved its keys": state.jwksPath = "/moved"
                case "has its keys on plain http": state.jwksPath = "http://keys.example.org/keys"
                case "is silent": state.jwksPath = "/slow"
                case "has no keys": state.keysText = "{\"keys\": []}"
                case "answers no JSON": state.keysText = "<html>"
                case "answers 1 MB": state.keysText = String(repeating: " ", count: 1 << 20)
                default: break
                }
            }
            let jwksURL = kind == "has no server" ? "http://127.0.0.1:1/keys" : nil
            let verifier = Self.verifier(issuer, client, jwksURL: jwksURL)
            let token = try await key.sign(Self.claims(issuer))
            do throws(AccessError) {
                _ = try await verifier.principal(for: token, now: Self.start)
                Issue.record("the token was accepted")
            } catch {
                #expect(error.reason == .unavailable && error.reason.status == 503)
                #expect(error.message.contains(issuer.url) && error.message.contains(expected), "\(error.message)")
            }
        }
    }

    @Test("If the configuration names the address of the keys, discovery is not used")
    func configuredKeys() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            issuer.change { $0.discoveryFails = true }
            let verifier = Self.verifier(issuer, client, jwksURL: issuer.url + "/keys")
            #expect(try await Self.refusal(verifier, key.sign(Self.claims(issuer))) == nil)
        }
    }

    @Test("An issuer with a certificate of a private authority is accepted only if `caFile` names the authority")
    func privateAuthority() async throws {
        try await Pairs.with { folder in
            let key = try SigningKey.ec("k1")
            let (tls, _) = try TLSFiles(
                certificate: folder.appending(path: "a.crt").path, key: folder.appending(path: "a.key").path
            ).load(now: Timestamp(seconds: Int64(Date().timeIntervalSince1970)))
            try await FakeIssuer.serve([key], tls: tls) { (issuer, client) throws in
                let token = try await key.sign(Self.claims(issuer))
                for (caFile, expected) in [("a.crt", nil), ("b.crt", .unavailable), (nil, .unavailable)]
                    as [(String?, AccessError.Reason?)]
                {
                    let rule = OIDCIssuer.Rule(claims: ["repository_id": "1296269"], role: .viewer)
                    let verifier = OIDCVerifier(
                        [
                            OIDCIssuer(
                                issuer: issuer.url, audience: "prewarm",
                                caFile: caFile.map { folder.appending(path: $0).path }, rules: [rule])
                        ], fetch: OIDCKeyFetch(client: client, deadline: .seconds(60)))
                    #expect(await Self.refusal(verifier, token) == expected, "\(caFile ?? "none")")
                }
            }
        }
    }

    @Test("A refusal shows the claims that the rules check, and never the token")
    func explanation() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            let token = try await key.sign(Self.claims(issuer, ["ref": "refs/heads/x"]))
            do throws(AccessError) {
                _ = try await Self.verifier(issuer, client).principal(for: token, now: Self.start)
                Issue.record("the token was accepted")
            } catch {
                #expect(error.message.contains("ref refs/heads/x, repository_id 1296269"))
                #expect(!"\(error) \(error.hint ?? "")".contains(token.suffix(20)))
            }
        }
    }
}
