package import PrewarmCore
import Synchronization

/// The requests to pull sources, and their progress. They are kept in memory only, since a daemon that starts pulls all
/// sources anyway.
package final class SyncRequests: Sendable {
    /// The largest number of requests that are kept. The oldest ones are deleted.
    private static let limit = 1000

    /// A request to pull sources.
    package struct Request: Hashable, Sendable {
        package let id: String
        package let sources: [String]
        package let preset: String?
        /// A commit to wait for, or the first digits of one.
        package let revision: String?
        package let createdAt: Timestamp
        /// The sources whose reconciliation has not begun since the request came.
        package fileprivate(set) var waiting: Set<String>
        /// The sources that are being reconciled for the request.
        package fileprivate(set) var running: Set<String> = []
        /// The errors of sources that could not be read, by source.
        package fileprivate(set) var failures: [String: String] = [:]

        /// Returns true if all sources were reconciled since the request came.
        package var isHandled: Bool { waiting.isEmpty && running.isEmpty }
    }

    private struct State {
        var requests: [String: Request] = [:]
        var order: [String] = []
        var lastHandled: [String: String] = [:]
    }

    private let state = Mutex(State())
    /// Returns a source of new identifiers.
    private let identifiers: @Sendable (Timestamp) -> IdentifierFactory

    init(identifiers: @escaping @Sendable (Timestamp) -> IdentifierFactory) {
        self.identifiers = identifiers
    }

    /// Adds a request. The caller has to wake the loops of the sources.
    package func add(
        sources: [String], preset: String?, revision: String?, now: Timestamp
    ) -> Request {
        var identifiers = identifiers(now)
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

    /// Returns the id of the last request that a reconciliation of the source answered.
    package func lastHandled(source: String) -> String? { state.withLock { $0.lastHandled[source] } }

    /// Returns the ids of the requests that a reconciliation answers if it begins now. A request that comes later waits for
    /// the next one.
    func begin(source: String) -> [String] {
        state.withLock { state in
            state.order.compactMap { id in
                guard state.requests[id]?.waiting.remove(source) != nil else { return nil }
                state.requests[id]?.running.insert(source)
                return id
            }
        }
    }

    /// Notes the end of a reconciliation for the requests that ``begin(source:)`` returned.
    func end(_ taken: [String], source: String, _ result: Result<ReconcileReport, any Error>) {
        state.withLock { state in
            for id in taken {
                state.requests[id]?.running.remove(source)
                switch result {
                case .failure(ReconcileError.leaseHeld), .failure(ReconcileError.leaseLost),
                    .failure(is CancellationError):
                    // Another process reconciles the source, or the daemon stops: the next reconciliation answers.
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
