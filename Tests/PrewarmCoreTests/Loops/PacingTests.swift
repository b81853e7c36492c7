import Testing

@testable import PrewarmCore

@Suite("The pacing of pulls")
struct PacingTests {
    private let start = Instant(elapsed: .seconds(1000))
    private var random = SplitMix64(seed: 7)

    /// Returns the pause after a pull in seconds.
    private mutating func pause(
        _ pacing: inout Pacing, failed: Bool = false, isNew: Bool = false, at now: Instant
    ) -> Double {
        pacing.notePull(failed: failed, isNew: isNew, at: now, using: &random)
        return pacing.wait(from: now) / .seconds(1)
    }

    @Test("The first pull is due at once, the next after the interval, a tenth more or less")
    mutating func interval() {
        var pacing = Pacing(interval: .seconds(60))
        #expect(pacing.isDue(at: start))
        var pauses: Set<Double> = []
        for _ in 0..<200 {
            let pause = pause(&pacing, at: start)
            #expect((54.0...66.0).contains(pause))
            pauses.insert(pause)
        }
        #expect(pauses.count > 100, "many daemons do not pull at the same moment")
        #expect(!pacing.isDue(at: start + .seconds(50)) && pacing.isDue(at: start + .seconds(67)))
    }

    @Test("The pause grows to five minutes while a remote cannot be read, and is short again afterwards")
    mutating func failures() {
        var pacing = Pacing(interval: .seconds(60))
        for expected in [60.0, 120, 240, 300, 300, 300, 300, 300] {
            let pause = pause(&pacing, failed: true, at: start)
            #expect((expected * 0.9...expected * 1.1).contains(pause))
        }
        #expect(pause(&pacing, at: start) <= 66)
        var slow = Pacing(interval: .seconds(1800))
        #expect(pause(&slow, failed: true, at: start) >= 1620, "never shorter than the interval")
    }

    @Test("The interval grows while pushes are announced, and shrinks after a push that was not announced")
    mutating func relaxing() {
        var pacing = Pacing(interval: .seconds(60))
        pacing.notePush(at: start)
        #expect(pause(&pacing, isNew: true, at: start + .seconds(1)) >= 810)
        #expect(pacing.isRelaxed)
        #expect(pause(&pacing, at: start + .seconds(900)) >= 810, "a pull without a new commit changes nothing")
        #expect(pause(&pacing, isNew: true, at: start + .seconds(1800)) <= 66, "the push was not announced")
        #expect(!pacing.isRelaxed)
    }
}
