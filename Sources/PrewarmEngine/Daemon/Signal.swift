import Synchronization

/// A signal that wakes one waiting task. Causes that are sent while no task waits are collected, and none is lost.
package final class Signal<Cause: OptionSet & Sendable>: Sendable where Cause.RawValue: Sendable {
    private struct State {
        var causes: Cause = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a cause, and wakes the waiting task if there is one.
    package func send(_ cause: Cause) {
        let waiter = state.withLock { state in
            state.causes.formUnion(cause)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns the causes since the last call. It returns at once if there are any; otherwise when one is sent, when the
    /// time has passed, or when the task is canceled.
    package func wait(for time: Duration) async -> Cause {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: time) }
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

/// The causes that wake a loop.
package struct WakeUp: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The remote may have a new commit.
    package static let pull = WakeUp(rawValue: 1)
    /// The applied presets or the workspaces changed.
    package static let replan = WakeUp(rawValue: 2)
    /// A webhook announced a push.
    package static let pushed = WakeUp(rawValue: 4)
    /// The loop has to end.
    package static let stop = WakeUp(rawValue: 8)
}
