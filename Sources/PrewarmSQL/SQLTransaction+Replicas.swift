internal import PrewarmCore
internal import PrewarmEngine

/// The state that replicas share: their heartbeats, and the requests to pull sources. Lists of sources are texts with a
/// line for each source.
extension SQLTransaction {
    private static let saveReplica = SQLText.save(
        into: "replicas", "holder, name, sources, started_at, seen_at", key: "holder")
    private static let savePull = SQLText.save(into: "pulls", pullColumns, key: "source")
    private static let pullColumns = """
        source, asked, begun, answered, pushed, announced, failure, request, request_number, answered_request
        """
    /// The largest number of sync requests that are kept.
    private static let requestsLimit = 1000

    func replicas() throws -> [ReplicaRecord] {
        try statement(
            "SELECT holder, name, sources, started_at, seen_at FROM replicas ORDER BY holder"
        ).all { columns in
            ReplicaRecord(
                holder: columns.next(), name: columns.next(),
                sources: Set(columns.next(String.self).split(separator: "\n").map { String($0) }),
                startedAt: columns.next(), seenAt: columns.next())
        }
    }

    func save(_ replica: ReplicaRecord) throws {
        try statement(Self.saveReplica).run(
            replica.holder, replica.name, replica.sources.sorted().joined(separator: "\n"), replica.startedAt,
            replica.seenAt)
    }

    func forget(replica holder: String) throws {
        hints.add(.shares)
        try statement("DELETE FROM replicas WHERE holder = ?").run(holder)
    }

    func leases() throws -> [String: Lease] {
        let all = try statement("SELECT source, holder, fence, until FROM leases").all { columns in
            (columns.next(String.self), Lease(holder: columns.next(), fence: columns.next(), until: columns.next()))
        }
        return Dictionary(all) { first, _ in first }
    }

    func pulls() throws -> [String: PullRecord] {
        let all = try statement("SELECT \(Self.pullColumns) FROM pulls").all { columns in
            var pull = PullRecord(source: columns.next())
            pull.asked = columns.next()
            pull.begun = columns.next()
            pull.answered = columns.next()
            pull.isPushed = columns.next(Int.self) == 1
            pull.announced = columns.next()
            pull.failure = columns.next()
            pull.request = columns.next()
            pull.requestNumber = columns.next()
            pull.answeredRequest = columns.next()
            return pull
        }
        return Dictionary(all.map { ($0.source, $0) }) { first, _ in first }
    }

    func save(_ pull: PullRecord) throws {
        hints.add(pull.asked > pull.begun ? .pull(source: pull.source) : .changed(source: nil))
        try statement(Self.savePull).run(
            pull.source, pull.asked, pull.begun, pull.answered, pull.isPushed ? 1 : 0, pull.announced, pull.failure,
            pull.request, pull.requestNumber, pull.answeredRequest)
    }

    func syncRequest(_ id: String) throws -> SyncRequestRecord? {
        try statement("SELECT id, numbers, preset, revision, created_at FROM sync_requests WHERE id = ?")
            .first(id) { columns in
                SyncRequestRecord(
                    id: columns.next(), numbers: Self.numbers(in: columns.next()), preset: columns.next(),
                    revision: columns.next(), createdAt: columns.next())
            }
    }

    func insert(_ request: SyncRequestRecord) throws {
        let numbers = request.numbers.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        try statement("INSERT INTO sync_requests (id, numbers, preset, revision, created_at) VALUES (?,?,?,?,?)").run(
            request.id, numbers.joined(separator: "\n"), request.preset, request.revision, request.createdAt)
        // The ids grow with time.
        try statement(
            """
            DELETE FROM sync_requests WHERE id <
                (SELECT id FROM sync_requests ORDER BY id DESC LIMIT 1 OFFSET \(Self.requestsLimit - 1))
            """
        ).run()
    }

    private static func numbers(in text: String) -> [String: Int64] {
        let pairs = text.split(separator: "\n").compactMap { line -> (String, Int64)? in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? Int64(parts[0]).map { (String(parts[1]), $0) } : nil
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
