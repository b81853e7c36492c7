package import PrewarmCore
import Synchronization

/// What somebody asked the daemon to pull, and how far it came. Kept in memory: a daemon that starts pulls anyway.
package final class SyncRequests: Sendable {
    /// The oldest are forgotten above this.
    private static let limit = 1000

    package struct Request: Hashable, Sendable {
        package let id: String
        package let sources: [String]
        package let preset: String?
        /// A commit to wait for, or the beginning of one.
        package let revision: String?
        package let createdAt: Timestamp
        /// Those whose turn has not begun since the request came.
        package fileprivate(set) var waiting: Set<String>
        package fileprivate(set) var running: Set<String> = []
        /// Why a source could not be read, by source.
        package fileprivate(set) var failures: [String: String] = [:]

        package var isHandled: Bool { waiting.isEmpty && running.isEmpty }
    }

    private struct State {
        var requests: [String: Request] = [:]
        var order: [String] = []
        var lastHandled: [String: String] = [:]
    }

    private let state = Mutex(State())

    package func add(
        sources: [String], preset: String?, revision: String?, now: Timestamp
    ) -> Request {
        var generator = SystemRandomNumberGenerator()
        var identifiers = IdentifierFactory(now: now, using: &generator)
        let request = Request(
            id: identifiers.next(), sources: sources, preset: preset, revision: revision, createdAt: now,
            waiting: Set(sources))
        state.withLock { state in
            state.requests[request.id] = request
            state.order.append(request.id)
            if state.order.count > Self.limit { state.requests[state.order.removeFirst()] = nil }
        }
        return request
    }

    package subscript(_ id: String) -> Request? { state.withLock { $0.requests[id] } }

    /// The request that the last turn of a source answered.
    package func lastHandled(source: String) -> String? { state.withLock { $0.lastHandled[source] } }

    /// Asks for the source once more, on behalf of a request that was answered too early.
    package func again(_ id: String, source: String) {
        state.withLock { state in _ = state.requests[id]?.waiting.insert(source) }
    }

    func isWaiting(source: String) -> Bool {
        state.withLock { state in state.requests.values.contains { $0.waiting.contains(source) } }
    }

    /// Those that a turn answers which begins now: one that comes meanwhile is kept for the next.
    func begin(source: String) -> [String] {
        state.withLock { state in
            state.order.compactMap { id in
                guard state.requests[id]?.waiting.remove(source) != nil else { return nil }
                state.requests[id]?.running.insert(source)
                return id
            }
        }
    }

    func end(_ taken: [String], source: String, _ result: Result<TurnReport, any Error>) {
        state.withLock { state in
            for id in taken {
                state.requests[id]?.running.remove(source)
                switch result {
                case .failure(TurnError.leaseHeld), .failure(TurnError.leaseLost), .failure(is CancellationError):
                    // Somebody else is at it: the next turn answers.
                    state.requests[id]?.waiting.insert(source)
                case .failure(let error):
                    state.requests[id]?.failures[source] = Problem(error)?.message ?? "\(error)"
                case .success(let report):
                    state.requests[id]?.failures[source] = report.failure?.message
                    state.lastHandled[source] = id
                }
            }
        }
    }
}
