package import PrewarmCore
import Synchronization

/// A signal that wakes one waiting task. Causes that are sent while no task waits are collected, and none is lost.
package final class Signal: Sendable {
    private struct State {
        var causes: WakeUp = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a cause, and wakes the waiting task if there is one.
    package func send(_ cause: WakeUp) {
        let waiter = state.withLock { state in
            state.causes.formUnion(cause)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns the causes since the last call. It returns at once if there are any; otherwise when one is sent, when the
    /// time has passed, or when the task is canceled.
    package func wait(for time: Duration, on clock: any EngineClock) async -> WakeUp {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(for: time) }
            group.addTask { await self.arrival() }
            await group.next()
            group.cancelAll()
        }
        return state.withLock { state in
            defer { state.causes = [] }
            return state.causes
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    guard state.causes.isEmpty, !Task.isCancelled else { return true }
                    state.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
