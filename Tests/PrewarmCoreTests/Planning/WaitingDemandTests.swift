import PrewarmCore
import Testing

@Suite("The demand of waiting claims")
struct WaitingDemandTests {
    private static let now = Timestamp(seconds: 1_800_000_000)

    /// A wait is `FROM-TO` in seconds before now; a negative number lies in the future.
    @Test(
        "It is the largest number of claims that waited at the same time within the last five minutes",
        arguments: [
            ("60--15", 1, 1), ("60--15 50--15 40-10", 3, 2), ("100-90 80-70 60-50", 1, 0), ("100-50 50-20", 1, 0),
            ("400-300", nil, 0), ("400-299", 1, 0), ("400-310 20--5", 1, 1), ("30-30", nil, 0), ("", nil, 0),
        ] as [(String, Int?, Int)])
    func peak(waits: String, count: Int?, waiting: Int) throws {
        let waits = try waits.split(separator: " ").map { text in
            let match = try #require(text.wholeMatch(of: /(-?[0-9]+)-(-?[0-9]+)/))
            let (from, to) = (try #require(Int64(match.1)), try #require(Int64(match.2)))
            return WaitingDemand.Wait(since: Self.now - .seconds(from), until: Self.now - .seconds(to))
        }
        let demand = WaitingDemand(waits, at: Self.now)
        #expect(demand?.count == count && demand?.waiting ?? 0 == waiting)
        guard let demand else { return }
        let change = try #require(demand.changesAt)
        #expect(change > Self.now)
        let before = WaitingDemand(waits, at: change - .milliseconds(1))
        #expect(before?.count == demand.count, "it stays until the time of its next change")
    }

    @Test("A client that asks again and again does not raise the demand")
    func repeats() {
        let waits = (0..<290).map { second in
            WaitingDemand.Wait(since: Self.now - .seconds(second + 1), until: Self.now - .seconds(second))
        }
        #expect(WaitingDemand(waits, at: Self.now)?.count == 1)
    }

    @Test("It agrees with a count at each second, and is never more than the waits", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let waits = (0..<random.below(12)).map { _ in
                let start = random.below(700)
                // A ticket ends at most 30 s from now if nothing continues it.
                let end = max(start - random.below(200), -30)
                return WaitingDemand.Wait(since: Self.now - .seconds(start), until: Self.now - .seconds(end))
            }
            let counted = waits.filter { $0.since < $0.until && $0.until + .seconds(300) > Self.now }
            let most = (-200...700).map { second in
                let time = Self.now - .seconds(second)
                return counted.count { $0.since <= time && time < $0.until }
            }.max()
            #expect(WaitingDemand(waits, at: Self.now)?.count ?? 0 == most)
        }
    }
}
