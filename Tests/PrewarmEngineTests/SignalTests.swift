import ClockSupport
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("A signal")
struct SignalTests {
    private let clock = ManualClock()

    @Test("Signals that are sent while no task waits are collected, and none is lost")
    func early() async {
        let signal = Signal()
        signal.send(.pull)
        signal.send(.replan)
        #expect(await signal.wait(for: .seconds(60), on: clock) == [.pull, .replan])
        #expect(await signal.wait(for: .zero, on: clock) == [])
    }

    @Test("A signal wakes the waiting task each time")
    func wakes() async {
        let signal = Signal()
        for _ in 0..<200 {
            async let woken = signal.wait(for: .seconds(60), on: clock)
            signal.send(.pull)
            #expect(await woken == .pull)
        }
    }

    @Test("A wait without a signal ends when its time has passed")
    func late() async throws {
        let signal = Signal()
        let task = Task { [clock] in await signal.wait(for: .seconds(60), on: clock) }
        try await eventually("the task waits") { clock.sleeperCount == 1 }
        clock.advance(by: .seconds(59))
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .seconds(1))
        #expect(await task.value == [])
    }

    @Test("A canceled task does not wait for a signal")
    func cancelled() async throws {
        let signal = Signal()
        let task = Task { [clock] in await signal.wait(for: .seconds(600), on: clock) }
        try await eventually("the task waits") { clock.sleeperCount == 1 }
        task.cancel()
        #expect(await task.value == [])
        let early = Task { [clock] in
            withUnsafeCurrentTask { $0?.cancel() }
            return await signal.wait(for: .seconds(600), on: clock)
        }
        #expect(await early.value == [])
        #expect(clock.sleeperCount == 0)
    }
}
