import ClockSupport
import Foundation
import PrewarmCore
import Subprocess
import Testing

@testable import PrewarmServer

/// The peer implementation of OIDC tokens: `Tests/access-peer.py`, which uses PyJWT.
enum TokenPeer {
    /// Says whether the tests run: if PyJWT is installed, and always in CI, where they fail if it is missing.
    static func isWanted() async -> Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        return await (try? run("https://a", now: .at(0))) != nil
    }

    struct Failure: Error {}

    struct Answer: Decodable {
        let keys: String
        /// The tokens by algorithm.
        let tokens: [String: String]
    }

    static func run(_ issuer: String, now: Timestamp) async throws -> Answer {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "access-peer.py")
        let result = try await Subprocess.run(
            .name("python3"), arguments: [script.path(), "sign", issuer, String(now.wholeSeconds)],
            output: .string(limit: 1 << 20), error: .discarded)
        guard result.terminationStatus.isSuccess else { throw Failure() }
        return try JSONDecoder().decode(Answer.self, from: Data(result.standardOutput.utf8))
    }
}

@Suite(
    "OIDC tokens from PyJWT",
    .enabled("PyJWT is not installed: pip install pyjwt cryptography") { await TokenPeer.isWanted() })
struct TokenPeerTests {
    @Test("A token that PyJWT signs is accepted if its algorithm is RS256 or ES256")
    func signed() async throws {
        try await FakeIssuer.serve([]) { issuer, client in
            let answer = try await TokenPeer.run(issuer.url, now: .at(0))
            issuer.change { $0.keysText = answer.keys }
            let rule = OIDCIssuer.Rule(claims: ["repository_id": "1296269"], role: .viewer)
            let verifier = OIDCVerifier(
                [OIDCIssuer(issuer: issuer.url, audience: "prewarm", rules: [rule])],
                fetch: OIDCKeyFetch(client: client, deadline: .seconds(60)))
            for (algorithm, token) in answer.tokens {
                let isOurs = ["RS256", "ES256"].contains(algorithm)
                let name = try? await verifier.principal(for: token, now: .at(0)).name
                #expect(name == (isOurs ? "me" : nil), "\(algorithm)")
                #expect((try? await verifier.principal(for: token, now: .at(121))) == nil, "\(algorithm)")
            }
            #expect(answer.tokens.count == 4 && issuer.fetches == 1)
        }
    }
}
