package import PrewarmCore

/// A daemon on the store. Its row is renewed by its heartbeats.
package struct ReplicaRecord: Hashable, Sendable {
    /// The process: a ``Holder`` in its text form.
    package let holder: String
    /// The name for people, for example `web-1:4711`.
    package let name: String
    /// The names of the sources of its configuration.
    package let sources: Set<String>
    package let startedAt: Timestamp
    /// The time of its last heartbeat.
    package let seenAt: Timestamp

    package init(holder: String, name: String, sources: Set<String>, startedAt: Timestamp, seenAt: Timestamp) {
        self.holder = holder
        self.name = name
        self.sources = sources
        self.startedAt = startedAt
        self.seenAt = seenAt
    }
}

/// The requests to pull one source. Each request gets a number, and the daemon that reconciles the source answers all requests
/// up to a number with one pull.
package struct PullRecord: Hashable, Sendable {
    package let source: String
    /// The number of the last request; 0 if there was none.
    package var asked: Int64 = 0
    /// The number of the last request for which a pull has begun.
    package var begun: Int64 = 0
    /// The number of the last request that a pull has answered.
    package var answered: Int64 = 0
    /// True if a forge announced a push since the last pull began.
    package var isPushed = false
    /// The commit that a forge announced last, until a pull begins; nil if it announced none.
    package var announced: String?
    /// The error of the pull that answered last; nil if it succeeded.
    package var failure: String?
    /// The last sync request, which has the number `requestNumber`.
    package var request: String?
    package var requestNumber: Int64 = 0
    /// The last sync request that a pull has answered.
    package var answeredRequest: String?

    package init(source: String) {
        self.source = source
    }

    /// Adds a request.
    /// - Returns: Its number.
    mutating func ask(isPushed: Bool = false, commit: String? = nil, request: String? = nil) -> Int64 {
        asked += 1
        if isPushed { self.isPushed = true }
        if let commit { announced = commit }
        if let request { (self.request, requestNumber) = (request, asked) }
        return asked
    }

    /// Notes that a pull begins, which answers all requests so far.
    mutating func begin() {
        begun = asked
        isPushed = false
        announced = nil
    }

    /// Notes that the pull for the requests up to a number has ended.
    mutating func end(_ number: Int64, failure: String?) {
        guard number > answered else { return }
        answered = number
        self.failure = failure
        if requestNumber <= number { answeredRequest = request }
    }
}

/// A request of a caller to sync sources.
package struct SyncRequestRecord: Hashable, Sendable {
    package let id: String
    /// The numbers of the pulls that it waits for, by source (``PullRecord``).
    package let numbers: [String: Int64]
    package let preset: String?
    package let revision: String?
    package let createdAt: Timestamp

    package init(id: String, numbers: [String: Int64], preset: String?, revision: String?, createdAt: Timestamp) {
        self.id = id
        self.numbers = numbers
        self.preset = preset
        self.revision = revision
        self.createdAt = createdAt
    }
}

/// The reads of what replicas share with each other.
package protocol ReplicaReader {
    /// Returns the daemons on the store in the order of their holders, also those that have ended without leaving.
    func replicas() throws -> [ReplicaRecord]
    /// Returns all leases by their names, also the ones that have expired.
    func leases() throws -> [String: Lease]
    /// Returns the pull requests by source. A source that was never asked for has none.
    func pulls() throws -> [String: PullRecord]
    func syncRequest(_ id: String) throws -> SyncRequestRecord?
}

/// The writes of what replicas share with each other.
package protocol ReplicaWriter: ReplicaReader {
    /// Saves a daemon with its heartbeat, which replaces its last one.
    func save(_ replica: ReplicaRecord) throws
    /// Deletes a daemon.
    func forget(replica holder: String) throws
    func save(_ pull: PullRecord) throws
    /// Inserts a request. Only the newest 1,000 are kept.
    func insert(_ request: SyncRequestRecord) throws
}
