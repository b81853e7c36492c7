import ClockSupport
import PrewarmCore
import PrewarmDashboard
import Testing

@Suite("History of a pool")
struct PoolHistoryTests {
    private static let begin = Timestamp(seconds: 1_800_000_000)

    private static func at(_ minute: Int) -> Timestamp { begin + .seconds(minute * 60) }

    @Test("The numbers agree with a count of the workspaces at each minute", arguments: 0..<200)
    func model(seed: Int) {
        var random = Numbers(state: UInt64(seed) &+ 1)
        let lives = (0..<Int.random(in: 0...12, using: &random)).map { _ -> PoolHistory.Lifetime in
            let ready = Int.random(in: -30...60, using: &random)
            let claimed = Bool.random(using: &random) ? ready + Int.random(in: 0...20, using: &random) : nil
            let ended = Bool.random(using: &random) ? (claimed ?? ready) + Int.random(in: 0...30, using: &random) : nil
            return PoolHistory.Lifetime(
                readyAt: Self.at(ready), claimedAt: claimed.map(Self.at), endedAt: ended.map(Self.at))
        }
        let history = PoolHistory(lives, begin: Self.begin, desired: [])
        for minute in 0..<90 {
            let time = Self.at(minute)
            let ready = lives.count { Self.holds($0.readyAt, $0.claimedAt ?? $0.endedAt, time) }
            let claimed = lives.count { Self.holds($0.claimedAt, $0.endedAt, time) }
            #expect(Self.value(history.ready, at: time) == ready)
            #expect(Self.value(history.claimed, at: time) == claimed)
        }
    }

    private static func holds(_ from: Timestamp?, _ to: Timestamp?, _ time: Timestamp) -> Bool {
        guard let from else { return false }
        return from <= time && to.map { time < $0 } ?? true
    }

    private static func value(_ steps: [PoolHistory.Step], at time: Timestamp) -> Int {
        steps.last { $0.at <= time }?.count ?? 0
    }

    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
