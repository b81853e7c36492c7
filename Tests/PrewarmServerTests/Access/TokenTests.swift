import ClockSupport
import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmServer

@Suite("API tokens")
struct TokenTests {
    @Test("A token has the documented form and 256 random bits, and is unique")
    func form() throws {
        var random = SystemRandomNumberGenerator()
        let texts = (0..<2000).map { _ in AccessToken(using: &random).text }
        #expect(Set(texts).count == texts.count && Set(texts.map { $0.prefix(16) }).count == texts.count)
        for text in texts {
            #expect(text.wholeMatch(of: /pwt_[0-9a-z]{12}_[0-9a-z]{52}/) != nil, "\(text)")
            #expect(AccessToken(text)?.text == text)
        }
        // 51 digits of 5 bits are 255 bits, so the last digit has one bit. The other digits take all 32 values.
        let digits = (0..<52).map { index in Set(texts.map { Array($0.utf8)[17 + index] }).count }
        #expect(digits.dropLast().allSatisfy { $0 == 32 } && digits[51] == 2)
    }

    @Test("The text of a token contains every random bit")
    func bits() {
        var zero = FixedGenerator(value: 0)
        var ones = FixedGenerator(value: .max)
        #expect(AccessToken(using: &zero).text == "pwt_000000000000_" + String(repeating: "0", count: 52))
        #expect(AccessToken(using: &ones).text == "pwt_zzzzzzzzzzzz_" + String(repeating: "z", count: 51) + "g")
    }

    private struct FixedGenerator: RandomNumberGenerator {
        let value: UInt64
        func next() -> UInt64 { value }
    }

    @Test(
        "A text of another form is not a token",
        arguments: [
            "", "pwt_", "pwt__", "pwt_000000000000", "pwt_000000000000_" + String(repeating: "0", count: 51),
            "pwt_000000000000_" + String(repeating: "0", count: 53),
            "pwt_00000000000_" + String(repeating: "0", count: 52),
            "PWT_000000000000_" + String(repeating: "0", count: 52),
            "pwt_000000000000_" + String(repeating: "u", count: 52),
            "pwt_000000000000_" + String(repeating: "Z", count: 52),
            "pwt_000000000000_" + String(repeating: "é", count: 26),
            " pwt_000000000000_" + String(repeating: "0", count: 52),
        ])
    func otherForms(text: String) {
        #expect(AccessToken(text) == nil)
    }

    @Test("A printed, logged or dumped token does not contain its secret")
    func secrecy() {
        var random = SystemRandomNumberGenerator()
        let token = AccessToken(using: &random)
        let secret = String(token.text.suffix(52))
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(describing: token), String(reflecting: token), dumped, "\([token])"] {
            #expect(!text.contains(secret) && text.contains(token.id), "\(text)")
        }
    }

    @Test("The store contains no secret, and the audit log says who created and revoked a token")
    func life() async throws {
        try await withStore { store in
            let tokens = AccessTokens(store)
            let wish = AccessTokens.Wish(name: "ci", role: .claimer, presets: ["go-*"], expiresAt: .at(3600))
            let (token, record) = try await tokens.create(wish, by: "ada", now: .at(0))
            #expect(try await tokens.list() == [record] && record.digest.count == 32 && token.fits(record))
            #expect(!"\(record)".contains(token.text.suffix(52)))
            let revoked = try await tokens.revoke("ci", by: "bob", from: "192.0.2.7", now: .at(1))
            #expect(revoked.id == token.id)
            #expect(try await tokens.list().isEmpty)
            let audit = try await store.read { try $0.audit(before: nil, limit: 9) }.map(\.entry)
            #expect(audit.map(\.action) == ["revoke", "create"] && audit.map(\.who) == ["bob", "ada"])
            #expect(audit.map(\.from) == ["192.0.2.7", "local"] && audit.allSatisfy { $0.name == "ci" })
            #expect(audit[1].detail == "\(token.id): claimer for go-*, until \(Timestamp.at(3600))")
        }
    }

    @Test("A token is revoked by its name, its id or its whole text", arguments: 0..<3)
    func revocation(way: Int) async throws {
        try await withStore { store in
            let tokens = AccessTokens(store)
            let (token, _) = try await tokens.create(.init(name: "ci", role: .viewer), by: "ada", now: .at(0))
            _ = try await tokens.create(.init(name: "other", role: .viewer), by: "ada", now: .at(0))
            _ = try await tokens.revoke(["ci", token.id, token.text][way], by: "ada", now: .at(1))
            #expect(try await tokens.list().map(\.name) == ["other"])
        }
    }

    @Test("A name is given to one token only, and an unknown name gets a suggestion")
    func names() async throws {
        try await withStore { store in
            let tokens = AccessTokens(store)
            _ = try await tokens.create(.init(name: "ci", role: .viewer), by: "ada", now: .at(0))
            let taken = await #expect(throws: Problem.self) {
                try await tokens.create(.init(name: "ci", role: .operator), by: "ada", now: .at(0))
            }
            #expect(taken?.code == "TokenExists")
            #expect(try await tokens.list().map(\.role) == [.viewer])
            #expect(try await store.read { try $0.audit(before: nil, limit: 9) }.count == 1, "nothing was changed")
            let unknown = await #expect(throws: Problem.self) {
                try await tokens.revoke("cj", by: "ada", now: .at(0))
            }
            #expect(unknown?.code == "UnknownToken" && unknown?.hint == "did you mean \"ci\"?")
        }
    }

    @Test(
        "A token with invalid properties is refused with the rule",
        arguments: [
            (AccessTokens.Wish(name: "", role: .viewer), "invalid token name"),
            (AccessTokens.Wish(name: "a b", role: .viewer), "invalid token name \"a b\""),
            (AccessTokens.Wish(name: String(repeating: "a", count: 129), role: .viewer), "invalid token name"),
            (AccessTokens.Wish(name: "a", role: .viewer, presets: ["A"]), "invalid preset pattern \"A\""),
            (AccessTokens.Wish(name: "a", role: .viewer, presets: Array(repeating: "a", count: 101)), "at most 100"),
            (AccessTokens.Wish(name: "a", role: .viewer, expiresAt: .at(0)), "\(Timestamp.at(0)) has passed"),
        ])
    func wishes(wish: AccessTokens.Wish, expected: String) async throws {
        try await withStore { store in
            let problem = await #expect(throws: Problem.self) {
                try await AccessTokens(store).create(wish, by: "ada", now: .at(0))
            }
            #expect(problem?.message.contains(expected) == true, "\(problem?.message ?? "")")
        }
    }
}

@Suite("The authenticator")
struct AuthenticatorTests {
    private func reason(_ body: () async throws -> Principal) async throws -> AccessError.Reason? {
        do {
            _ = try await body()
            return nil
        } catch let error as AccessError {
            return error.reason
        }
    }

    @Test("A token gives its name, role and scope from its creation until it expires or is revoked")
    func tokens() async throws {
        try await withStore { store in
            let authenticator = Authenticator(store: store, oidc: nil, local: nil)
            let tokens = AccessTokens(store)
            let (token, record) = try await tokens.create(
                .init(name: "ci", role: .claimer, presets: ["go-*"], expiresAt: .at(100)), by: "ada", now: .at(0))
            for text in ["Bearer \(token.text)", "bearer   \(token.text)"] {
                let principal = try await authenticator.principal(authorization: text, now: .at(1))
                #expect(
                    principal
                        == Principal(.token(id: record.id), name: "ci", role: .claimer, presets: PresetScope(["go-*"])))
                #expect(principal.auditName == "token ci")
            }
            let good = "Bearer \(token.text)"
            #expect(
                try await reason {
                    try await authenticator.principal(authorization: good, now: .at(100))
                } == .expired)
            _ = try await tokens.revoke("ci", by: "ada", now: .at(2))
            #expect(
                try await reason { try await authenticator.principal(authorization: good, now: .at(3)) }
                    == .unknown)
        }
    }

    @Test("A guessed token is refused with the same message, whether its id exists or not")
    func guesses() async throws {
        try await withStore { store in
            let authenticator = Authenticator(store: store, oidc: nil, local: nil)
            let (token, _) = try await AccessTokens(store).create(
                .init(name: "ci", role: .operator), by: "ada", now: .at(0))
            let guess = String(repeating: "0", count: 52)
            var messages: Set<String> = []
            for text in [
                "Bearer pwt_\(token.id)_\(guess)", "Bearer pwt_000000000000_\(guess)", "Bearer pwt_", "Bearer x",
                "Bearer \(token.text)x", "Bearer a.b.c",
            ] {
                do {
                    _ = try await authenticator.principal(authorization: text, now: .at(1))
                    Issue.record("\(text) was accepted")
                } catch let error as AccessError {
                    #expect(
                        error.reason == .unknown && error.reason.status == 401
                            && error.challenge?.contains("invalid_token") == true)
                    messages.insert(error.message)
                }
            }
            #expect(messages.count == 1)
            for text in ["", "Basic YTpi", token.text, "Bearer", "Bearer "] {
                #expect(
                    try await reason {
                        try await authenticator.principal(authorization: text, now: .at(1))
                    } == .unknown, "\(text)")
            }
        }
    }

    @Test("A request without a token is refused, with or without tokens in the store")
    func anonymous() async throws {
        try await withStore { store in
            let authenticator = Authenticator(store: store, oidc: nil, local: nil)
            func isMissing() async throws -> Bool {
                try await reason { try await authenticator.principal(authorization: nil, now: .at(0)) } == .missing
            }
            #expect(try await isMissing())
            _ = try await AccessTokens(store).create(.init(name: "ci", role: .viewer), by: "ada", now: .at(0))
            #expect(try await isMissing())
            _ = try await AccessTokens(store).revoke("ci", by: "ada", now: .at(0))
            #expect(try await isMissing())
        }
    }

    @Test("A caller with the local token is an operator with the name of the daemon's user")
    func local() async throws {
        try await withStore { store in
            let folder = FileManager.default.temporaryDirectory.appending(path: "local-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = try LocalTokenFile(store: folder.appending(path: "a.db").path)
            let authenticator = Authenticator(store: store, oidc: nil, local: file)
            let principal = try await authenticator.principal(
                authorization: "Bearer \(file.token.text)", now: .at(0))
            #expect(principal == .local(user: file.user) && principal.role == .operator && principal.presets.isAll)
            #expect(principal.auditName == "local \(file.user)" && !file.user.isEmpty)
            let guess = "Bearer pwt_\(file.token.id)_\(String(repeating: "0", count: 52))"
            for authorization in [guess, "Bearer \(AccessToken.random().text)"] {
                #expect(
                    try await reason {
                        try await authenticator.principal(authorization: authorization, now: .at(0))
                    } == .unknown)
            }
        }
    }

    @Test("The last use of a token is recorded once an hour")
    func lastUse() async throws {
        try await withStore { store in
            let authenticator = Authenticator(store: store, oidc: nil, local: nil)
            let (token, _) = try await AccessTokens(store).create(
                .init(name: "ci", role: .viewer), by: "ada", now: .at(0))
            for (seconds, expected) in [(10, 10), (20, 10), (3609, 10), (3610, 3610), (3000, 3610)] as [(Int64, Int64)]
            {
                _ = try await authenticator.principal(
                    authorization: "Bearer \(token.text)", now: .at(seconds))
                let used = try await store.read { try $0.accessToken(token.id) }?.lastUsedAt
                #expect(used == .at(expected), "\(seconds)")
            }
        }
    }

    @Test("An OIDC token is accepted if its issuer is configured")
    func oidc() async throws {
        let key = try SigningKey.ec("k1")
        try await FakeIssuer.serve([key]) { (issuer, client) throws in
            try await withStore { store in
                let verifier = OIDCVerifier(
                    [
                        OIDCIssuer(
                            issuer: issuer.url, audience: "prewarm",
                            rules: [.init(claims: ["sub": "me"], role: .viewer)])
                    ],
                    fetch: OIDCKeyFetch(client: client, deadline: .seconds(60)))
                let token = try await key.sign(
                    TestClaims([
                        "iss": .text(issuer.url), "aud": "prewarm", "sub": "me",
                        "exp": .integer(Timestamp.at(60).wholeSeconds),
                    ]))
                let with = Authenticator(store: store, oidc: verifier, local: nil)
                let without = Authenticator(store: store, oidc: nil, local: nil)
                #expect(
                    try await with.principal(authorization: "Bearer \(token)", now: .at(0)).name == "me"
                )
                #expect(
                    try await reason {
                        try await without.principal(authorization: "Bearer \(token)", now: .at(0))
                    } == .unknown)
                #expect(
                    try await reason { try await with.principal(authorization: nil, now: .at(0)) }
                        == .missing)
            }
        }
    }
}
