import PrewarmCore
import Testing

@Suite("The rate limiter")
struct RateLimiterTests {
    @Test("The burst passes at once, and then as many requests as tokens are added")
    func steady() {
        var limiter = RateLimiter(burst: 5, perSecond: 2)
        #expect((0..<5).allSatisfy { _ in limiter.take("a", now: .at(0)) == nil })
        #expect(limiter.take("a", now: .at(0)) == .milliseconds(500))
        #expect(limiter.take("a", now: .at(1)) == nil)
        #expect(limiter.take("a", now: .at(1)) == nil)
        #expect(limiter.take("a", now: .at(1)) != nil)
        #expect(limiter.take("b", now: .at(1)) == nil, "another key has its own bucket")
    }

    @Test("Over a long time, no more requests pass than burst and rate allow", arguments: 1...5 as ClosedRange<UInt64>)
    func bound(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var limiter = RateLimiter(burst: 10, perSecond: 3)
        var now = Timestamp.at(0)
        var passed = 0
        for _ in 0..<5000 {
            now = now + .milliseconds(Int64.random(in: 0...200, using: &random))
            if limiter.take("a", now: now) == nil { passed += 1 }
        }
        let seconds = Double((now - .at(0)).wholeMilliseconds) / 1000
        #expect(Double(passed) <= 10 + seconds * 3 + 1 && Double(passed) >= seconds * 3 - 1)
    }

    @Test("A hundred thousand keys take no more memory than the limit, and new keys share one bucket")
    func memory() {
        var limiter = RateLimiter(burst: 2, perSecond: 1, keyLimit: 100)
        for number in 0..<100_000 { _ = limiter.take("k\(number)", now: .at(0)) }
        #expect(limiter.keyCount == 100)
        #expect(limiter.take("new", now: .at(0)) != nil, "the table is full, and the shared bucket is empty")
        #expect(limiter.take("k5", now: .at(0)) == nil, "a known key keeps its bucket")
        #expect(limiter.take("k6", now: .at(0)) == nil)
        #expect(limiter.take("new", now: .at(60)) == nil && limiter.keyCount <= 100, "full buckets are forgotten")
    }

    @Test("Asking for the wait takes no token")
    func looking() {
        var limiter = RateLimiter(burst: 1, perSecond: 1, keyLimit: 1)
        for _ in 0..<5 { #expect(limiter.wait("a", now: .at(0)) == nil) }
        #expect(limiter.take("a", now: .at(0)) == nil)
        #expect(limiter.wait("a", now: .at(0)) == .seconds(1) && limiter.wait("a", now: .at(1)) == nil)
        #expect(limiter.wait("b", now: .at(0)) == nil && limiter.take("b", now: .at(0)) == nil)
        #expect(limiter.wait("c", now: .at(0)) != nil, "keys beyond the limit share a bucket")
    }

    @Test("A clock that jumps back neither fills nor locks a bucket")
    func clock() {
        var limiter = RateLimiter(burst: 1, perSecond: 1)
        #expect(limiter.take("a", now: .at(1000)) == nil)
        #expect(limiter.take("a", now: .at(0)) != nil)
        #expect(limiter.take("a", now: .at(1)) == nil)
    }
}

extension Timestamp {
    fileprivate static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }
}
