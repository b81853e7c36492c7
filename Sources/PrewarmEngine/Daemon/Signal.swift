import Synchronization

/// Wakes one task that waits. Signals that come while nobody waits are one signal, and none is lost.
package final class Signal<Cause: OptionSet & Sendable>: Sendable where Cause.RawValue: Sendable {
    private struct State {
        var causes: Cause = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package func send(_ cause: Cause) {
        let waiter = state.withLock { state in
            state.causes.formUnion(cause)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns what was signalled since the last call: at once where something was, else when something is, when the
    /// time is over, or when the task is cancelled.
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

/// Why a loop is to look again.
package struct Nudge: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The remote may have something new.
    package static let pull = Nudge(rawValue: 1)
    /// What is in force, or what exists, changed.
    package static let replan = Nudge(rawValue: 2)
    /// A forge said that somebody pushed.
    package static let pushed = Nudge(rawValue: 4)
    package static let stop = Nudge(rawValue: 8)
}
