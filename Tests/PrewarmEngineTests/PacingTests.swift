import PrewarmCore
import PrewarmEngine
import Testing

@Suite("The pacing of pulls")
struct PacingTests {
    private let start = Timestamp(seconds: 1_780_000_000)

    /// Returns the pause after a pull in seconds.
    private func pause(_ pacing: inout Pacing, failed: Bool = false, isNew: Bool = false, at now: Timestamp) -> Double {
        var generator = SystemRandomNumberGenerator()
        pacing.notePull(failed: failed, isNew: isNew, at: now, using: &generator)
        let next = pacing.nextPull ?? now
        return Double((next - now).components.seconds) + Double((next - now).components.attoseconds) / 1e18
    }

    @Test("The first pull is due at once, the next after the interval, a tenth more or less")
    func interval() {
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
    func failures() {
        var pacing = Pacing(interval: .seconds(60))
        let pauses = (0..<8).map { _ in pause(&pacing, failed: true, at: start) }
        for (pause, expected) in zip(pauses, [60.0, 120, 240, 300, 300, 300, 300, 300]) {
            #expect((expected * 0.9...expected * 1.1).contains(pause))
        }
        #expect(pause(&pacing, at: start) <= 66)
        var slow = Pacing(interval: .seconds(1800))
        #expect(pause(&slow, failed: true, at: start) >= 1620, "never shorter than the interval")
    }

    @Test("The interval grows while pushes are announced, and shrinks after a push that was not announced")
    func relaxing() {
        var pacing = Pacing(interval: .seconds(60))
        pacing.notePush(at: start)
        #expect(pause(&pacing, isNew: true, at: start + .seconds(1)) >= 810)
        #expect(pacing.isRelaxed)
        #expect(pause(&pacing, at: start + .seconds(900)) >= 810, "a pull without a new commit changes nothing")
        #expect(pause(&pacing, isNew: true, at: start + .seconds(1800)) <= 66, "the push was not announced")
        #expect(!pacing.isRelaxed)
    }
}

@Suite("A signal")
struct SignalTests {
    @Test("Signals that are sent while no task waits are collected, and none is lost")
    func early() async {
        let signal = Signal<WakeUp>()
        signal.send(.pull)
        signal.send(.replan)
        #expect(await signal.wait(for: .seconds(60)) == [.pull, .replan])
        #expect(await signal.wait(for: .zero) == [])
    }

    @Test("A signal wakes the waiting task each time")
    func wakes() async {
        let signal = Signal<WakeUp>()
        for _ in 0..<200 {
            async let woken = signal.wait(for: .seconds(60))
            signal.send(.pull)
            #expect(await woken == .pull)
        }
    }

    @Test("A canceled task does not wait for a signal")
    func cancelled() async {
        let signal = Signal<WakeUp>()
        let task = Task { await signal.wait(for: .seconds(600)) }
        try? await Task.sleep(for: .milliseconds(20))
        task.cancel()
        #expect(await task.value == [])
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await signal.wait(for: .seconds(600))
        }
        #expect(await early.value == [])
    }
}
