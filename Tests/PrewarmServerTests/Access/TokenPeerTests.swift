import Foundation
import PrewarmCore
import Testing

@testable import PrewarmServer

/// Runs `Tests/access-peer.py`.
enum TokenPeer {
    /// Where a CI runner lacks it, the tests run and fail instead.
    static let isWanted =
        ProcessInfo.processInfo.environment["CI"] != nil || (try? run("https://a", now: .at(0))) != nil

    struct Failure: Error {}

    struct Answer: Decodable {
        let keys: String
        /// By the algorithm.
        let tokens: [String: String]
    }

    static func run(_ issuer: String, now: Timestamp) throws -> Answer {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "access-peer.py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path(), "sign", issuer, String(now.wholeSeconds)]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure() }
        return try JSONDecoder().decode(Answer.self, from: data)
    }
}

@Suite(
    "Tokens of CI against PyJWT", .enabled(if: TokenPeer.isWanted, "PyJWT is not here: pip install pyjwt cryptography"))
struct TokenPeerTests {
    @Test("What PyJWT signs is good where its algorithm is one of ours")
    func signed() async throws {
        try await FakeIssuer.serve([]) { issuer, client in
            let answer = try TokenPeer.run(issuer.url, now: .at(0))
            issuer.change { $0.keysText = answer.keys }
            let rule = OIDCIssuer.Rule(claims: ["repository_id": "1296269"], role: .viewer)
            let verifier = OIDCVerifier(
                [OIDCIssuer(issuer: issuer.url, audience: "prewarm", rules: [rule])],
                fetch: OIDCKeyFetch(client: client))
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
