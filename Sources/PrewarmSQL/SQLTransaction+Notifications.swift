internal import PrewarmCore
internal import PrewarmEngine

/// Data for notifications and metrics: events in their order, and unfinished operations.
extension SQLTransaction {
    func events(after sequence: Int64, limit: Int) throws -> [SequencedEvent] {
        try statement(
            """
            SELECT sequence, at, kind, reason, object, name, source, preset, message, detail, owner, owner_kind, claimed
            FROM events
            WHERE sequence > ? ORDER BY sequence LIMIT ?
            """
        ).all(sequence, limit) { columns in
            SequencedEvent(
                sequence: columns.next(),
                event: Event(
                    at: columns.next(), kind: Event.Kind(rawValue: columns.next()) ?? .normal,
                    storedReason: columns.next(),
                    object: columns.next(), name: columns.next(), source: columns.next(), preset: columns.next(),
                    message: columns.next(), detail: columns.next(),
                    owner: Owner(name: columns.next(), kind: columns.next()), claimed: claimed(columns.next())))
        }
    }

    func newestEvent() throws -> Int64 {
        try statement("SELECT max(sequence) FROM events").first { columns in columns.next(Int64.self) } ?? 0
    }

    private static let saveSink = SQLText.save(into: "notifications", "sink, cursor, state", key: "sink")

    func sink(_ name: String) throws -> SinkRecord? {
        try statement("SELECT cursor, state FROM notifications WHERE sink = ?").first(name) { columns in
            SinkRecord(cursor: columns.next(), state: columns.next())
        }
    }

    func save(_ record: SinkRecord, ofSink name: String) throws {
        try statement(Self.saveSink)
            .run(name, record.cursor, record.state)
    }

    func unfinishedOperations(now: Timestamp) throws -> OperationTallies {
        var tallies = OperationTallies()
        let select = "SELECT kind, count(*) FROM operations INDEXED BY"
        let indexes: [(Operation.State, String)] = [
            (.pending, "operations_due WHERE state = 0"), (.running, "operations_running WHERE state = 1"),
        ]
        for (state, index) in indexes {
            try statement("\(select) \(index) GROUP BY kind ORDER BY kind").forEach { columns in
                guard let kind = Operation.Kind(code: columns.next()) else { return }
                tallies.groups.append(.init(kind: kind, state: state, count: columns.next()))
            }
        }
        tallies.oldestDueAt =
            try statement(
                """
                SELECT min(next_attempt_at) FROM operations INDEXED BY operations_due
                WHERE state = 0 AND next_attempt_at <= ?
                """
            ).first(now) { columns in columns.next(Timestamp?.self) } ?? nil
        return tallies
    }
}
