internal import PrewarmEngine
internal import Synchronization

/// The numbers of the connections of one store, for metrics. All sessions of the store share it.
final class DatabaseCounters: Sendable {
    private struct State {
        var open = 0
        var connects = 0
        var failedConnects = 0
        var waiting = 0
        var isListening = false
        var retries: [String: Int] = [:]
    }

    private let state = Mutex(State())

    func connected() {
        state.withLock { state in
            state.open += 1
            state.connects += 1
        }
    }

    func disconnected() { state.withLock { $0.open -= 1 } }
    func failedToConnect() { state.withLock { $0.failedConnects += 1 } }
    /// Notes that a request begins (1) or ends (-1) to wait for its turn.
    func waits(_ change: Int) { state.withLock { $0.waiting += change } }
    func listens(_ isListening: Bool) { state.withLock { $0.isListening = isListening } }

    /// Notes that a transaction runs again because of an error.
    func retried(after error: PostgresError) {
        let cause =
            switch error.kind {
            case .refused(let state): String(state.prefix(2))
            case .disconnected, .late, .unknownOutcome: "connection"
            }
        state.withLock { $0.retries[cause, default: 0] += 1 }
    }

    func connections(jumps: Int) -> StoreConnections {
        state.withLock { state in
            StoreConnections(
                open: state.open, waiting: state.waiting, connects: state.connects,
                failedConnects: state.failedConnects, isListening: state.isListening, retries: state.retries,
                clockJumps: jumps)
        }
    }
}
