internal import PrewarmCore
import Synchronization

/// Says when the store's history has grown, whoever wrote it: this process, a command, or another daemon.
package final class ChangeFeed: Sendable {
    /// Between two looks; one costs the store a look at the end of an index.
    private static let interval = Duration.milliseconds(250)
    /// After ten seconds without a change, as most of a daemon's looks are at a store that is at rest.
    private static let restingInterval = Duration.seconds(1)
    private static let rest = Duration.seconds(10)
    /// So that a thousand changes a second are not a thousand looks.
    private static let shortest = Duration.milliseconds(20)

    private struct State {
        var sequence: Int64 = 0
        var subscribers: [Int: AsyncStream<Int64>.Continuation] = [:]
        var nextID = 0
        var lastYield = ContinuousClock.now
    }

    /// Subscribers get a number at least this often, so that they can tell whether somebody still reads.
    private static let heartbeat = Duration.seconds(15)

    private let store: any Store
    private let state = Mutex(State())
    private let signal = Signal<Nudge>()

    init(store: any Store) {
        self.store = store
    }

    /// Of the newest event that was seen.
    package var sequence: Int64 { state.withLock(\.sequence) }

    /// Looks again at once.
    package func look() {
        signal.send(.replan)
    }

    /// A number for each time that there is something new, beginning with how it is now; of those that come while
    /// nobody reads only the last is kept.
    package func subscribe() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.subscribers[state.nextID] = continuation
            continuation.yield(state.sequence)
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    func run(_ loop: LoopProgress.Loop, _ onChange: @Sendable () -> Void) async {
        var changedAt = ContinuousClock.now
        while !Task.isCancelled {
            // A store that can't be read now is read later; whoever needs it says so.
            if let last = try? await store.read({ try $0.newestEvent() }) {
                loop.comeRound(within: .seconds(60))
                if note(last) {
                    changedAt = .now
                    onChange()
                }
            }
            try? await Task.sleep(for: Self.shortest)
            _ = await signal.wait(for: .now - changedAt < Self.rest ? Self.interval : Self.restingInterval)
        }
        state.withLock { state in
            for subscriber in state.subscribers.values { subscriber.finish() }
        }
    }

    /// Whether there is something new.
    private func note(_ last: Int64) -> Bool {
        state.withLock { state in
            let now = ContinuousClock.now
            let isNew = last != state.sequence
            state.sequence = last
            if isNew || now - state.lastYield > Self.heartbeat {
                state.lastYield = now
                for subscriber in state.subscribers.values { subscriber.yield(last) }
            }
            return isNew
        }
    }
}
