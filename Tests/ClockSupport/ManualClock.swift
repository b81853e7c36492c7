package import PrewarmCore
package import PrewarmEngine
internal import Synchronization

/// A clock that stands still until a test advances it. All of its readings advance together.
package final class ManualClock: EngineClock {
    private struct Sleeper {
        let until: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var elapsed = Duration.zero
        var sleepers: [Int: Sleeper] = [:]
        var count = 0
    }

    private let start: Timestamp
    private let state = Mutex(State())

    /// - Parameter start: The wall time before the clock is advanced.
    package init(_ start: Timestamp = Timestamp(seconds: 1_780_000_000)) {
        self.start = start
    }

    private var elapsed: Duration { state.withLock(\.elapsed) }
    package func now() -> Timestamp { start + elapsed }
    package func uptime() -> Uptime { Uptime(boot: "manual", elapsed: elapsed) }
    package func instant() -> Instant { Instant(elapsed: elapsed) }

    package func sleep(until instant: Instant) async throws {
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if instant.elapsed <= state.elapsed { return .success(()) }
                    state.sleepers[id] = Sleeper(until: instant.elapsed, continuation: continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The number of tasks that sleep.
    package var sleeperCount: Int { state.withLock(\.sleepers.count) }

    /// Advances the clock, and wakes the tasks whose time has come.
    package func advance(by time: Duration) {
        let awake = state.withLock { state in
            state.elapsed += time
            let due = state.sleepers.filter { $0.value.until <= state.elapsed }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.until < $1.until }
        }
        for sleeper in awake { sleeper.continuation.resume() }
    }

    /// Advances the clock to the moment at which the next sleeping task wakes, if a task sleeps.
    package func advanceToNextWake() {
        let wait = state.withLock { state in state.sleepers.values.map(\.until).min().map { $0 - state.elapsed } }
        if let wait { advance(by: wait) }
    }

    /// Runs the body, and advances the clock whenever a task sleeps. So a pause takes no time.
    package func withoutPauses<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    self.advanceToNextWake()
                    try? await Task.sleep(for: .milliseconds(1))
                }
                return nil
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else { throw CancellationError() }
            return value
        }
    }
}
