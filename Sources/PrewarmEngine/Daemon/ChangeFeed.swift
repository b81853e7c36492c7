internal import PrewarmCore
import Synchronization

/// The feed of new events in the store. It sees events of this process, of commands and of other daemons.
package final class ChangeFeed: Sendable {
    /// The time between two looks. One look reads the end of an index.
    private static let interval = Duration.milliseconds(250)
    /// The time between two looks after ``rest`` without a change.
    private static let restingInterval = Duration.seconds(1)
    private static let rest = Duration.seconds(10)
    /// The shortest time between two looks, so that many changes cause few looks.
    private static let shortest = Duration.milliseconds(20)

    private struct State {
        var sequence: Int64 = 0
        var subscribers: [Int: AsyncStream<Int64>.Continuation] = [:]
        var nextID = 0
        var lastYield: Instant
    }

    /// The longest time between two numbers of a subscription. A subscriber needs them to notice that its own reader is gone.
    private static let heartbeat = Duration.seconds(15)

    private let store: any Store
    private let clock: any EngineClock
    private let state: Mutex<State>
    private let signal = Signal()

    init(store: any Store, clock: any EngineClock) {
        self.store = store
        self.clock = clock
        state = Mutex(State(lastYield: clock.instant()))
    }

    /// The number of the newest event that was seen.
    package var sequence: Int64 { state.withLock(\.sequence) }

    /// Makes the feed look for new events now.
    package func look() {
        signal.send(.replan)
    }

    /// Returns a stream of event numbers: the current one, then one for each change. If the reader is slow, only the newest
    /// number is kept.
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

    /// Looks for new events until the task is canceled, and calls `onChange` for each change.
    func run(_ loop: LoopProgress.Loop, _ onChange: @Sendable () -> Void) async {
        var changedAt = clock.instant()
        while !Task.isCancelled {
            // If the store cannot be read now, the next look reads it. `Daemon.watchStore` logs the error.
            if let last = try? await store.read({ try $0.newestEvent() }) {
                loop.comeRound(within: .seconds(60))
                if note(last) {
                    changedAt = clock.instant()
                    onChange()
                }
            }
            try? await clock.sleep(for: Self.shortest)
            let isResting = clock.instant() - changedAt >= Self.rest
            _ = await signal.wait(for: isResting ? Self.restingInterval : Self.interval, on: clock)
        }
        // The end of a stream removes its subscriber, which needs the lock.
        for subscriber in state.withLock({ Array($0.subscribers.values) }) { subscriber.finish() }
    }

    /// Publishes the number of the newest event. Returns true if it changed.
    private func note(_ last: Int64) -> Bool {
        state.withLock { state in
            let now = clock.instant()
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
