import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmServer

@Suite("The limits on plans")
struct PreviewLimitTests {
    private static let viewer = Principal(.token(id: "a"), name: "screen", role: .viewer)

    @Test("A caller who requests too many plans has to wait, and no other caller does")
    func rate() throws {
        let limit = PreviewLimit()
        let start = Timestamp(seconds: 1_780_000_000)
        for _ in 0..<PreviewLimit.burst { try limit.admit(Self.viewer, now: start) }
        let problem = #expect(throws: Problem.self) { try limit.admit(Self.viewer, now: start) }
        #expect(problem?.status == 429)
        try limit.admit(Principal(.token(id: "b"), name: "ci", role: .viewer), now: start)
        try limit.admit(Self.viewer, now: start + .seconds(1))
    }

    @Test("The user of the daemon may request any number of plans")
    func local() throws {
        let limit = PreviewLimit()
        for _ in 0...PreviewLimit.burst {
            try limit.admit(.local(user: "ada"), now: Timestamp(seconds: 1_780_000_000))
        }
    }
}
