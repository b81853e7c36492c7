package import PrewarmCore
import Synchronization

/// Wakes any number of waiting tasks at once. A task that does not wait yet misses a wake-up, unless it asks for the number of
/// wake-ups before it looks at what it waits for.
package final class WakeUps: Sendable {
    private struct State {
        var count = 0
        var nextID = 0
        var waiters: [Int: Signal] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// The number of wake-ups so far.
    package var count: Int { state.withLock(\.count) }

    /// Wakes all waiting tasks.
    package func send() {
        let waiters = state.withLock { state in
            state.count += 1
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.send(.replan) }
    }

    /// Returns at a wake-up, when the time has come, or when the task is canceled. It returns at once if there were wake-ups
    /// since ``count`` had a value.
    package func wait(after count: Int, until end: Instant, on clock: any EngineClock) async {
        let signal = Signal()
        let id = state.withLock { state -> Int? in
            guard state.count == count else { return nil }
            state.nextID += 1
            state.waiters[state.nextID] = signal
            return state.nextID
        }
        guard let id else { return }
        let time = end - clock.instant()
        if time > .zero { _ = await signal.wait(for: time, on: clock) }
        state.withLock { _ = $0.waiters.removeValue(forKey: id) }
    }
}
