internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    func revisions(source: String, limit: Int) throws -> [RevisionRecord] {
        try statement(
            """
            SELECT revision, applied_at, author, subject, committed_at, created, deleted, cancelled, converged_at,
                changes
            FROM revisions
            WHERE source = ? ORDER BY sequence DESC LIMIT ?
            """
        ).all(source, limit) { columns -> RevisionRecord? in
            guard let revision = Revision(columns.next(String.self)) else { return nil }
            return RevisionRecord(
                source: source, revision: revision, appliedAt: columns.next(), author: columns.next(),
                subject: columns.next(), committedAt: columns.next(), created: columns.next(), deleted: columns.next(),
                cancelled: columns.next(),
                convergedAt: columns.next(), changes: columns.next([UInt8]?.self).changes)
        }.compactMap { $0 }
    }

    func insert(_ revision: RevisionRecord) throws {
        try statement(
            """
            INSERT INTO revisions
            (source, revision, applied_at, author, subject, committed_at, created, deleted, cancelled, converged_at, changes)
            VALUES (?,?,?,?,?,?,?,?,?,?,?)
            """
        ).run(
            revision.source, revision.revision.description, revision.appliedAt, revision.author, revision.subject,
            revision.committedAt, revision.created, revision.deleted, revision.cancelled, revision.convergedAt,
            revision.changes.isEmpty ? nil : revision.changes.binary)
    }

    func updateNewest(_ revision: RevisionRecord) throws {
        try statement(
            """
            UPDATE revisions SET created = ?2, deleted = ?3, cancelled = ?4, converged_at = ?5
            WHERE sequence = (SELECT max(sequence) FROM revisions WHERE source = ?1)
            """
        ).run(revision.source, revision.created, revision.deleted, revision.cancelled, revision.convergedAt)
    }

    func log(of operation: OperationID) throws -> [LogRecord] {
        try statement("SELECT attempt, at, text FROM logs WHERE operation = ? ORDER BY attempt, sequence")
            .all(operation) { columns in
                LogRecord(operation: operation, attempt: columns.next(), at: columns.next(), text: columns.next())
            }
    }

    func append(_ log: LogRecord) throws {
        try statement("INSERT INTO logs (operation, attempt, at, text) VALUES (?,?,?,?)")
            .run(log.operation, log.attempt, log.at, log.text)
        guard log.attempt > LogRecord.firstKept + 1 else { return }
        try statement(
            """
            DELETE FROM logs WHERE sequence IN (
                SELECT sequence FROM (
                    SELECT sequence, row_number() OVER newest AS number, sum(length(text)) OVER newest AS size
                    FROM logs WHERE operation = ?1 AND attempt > ?2
                    WINDOW newest AS (ORDER BY attempt DESC, sequence DESC)) AS numbered
                WHERE number > 1 AND (number > ?3 OR size > ?4))
            """
        ).run(log.operation, LogRecord.firstKept, LogRecord.lastKept, LogRecord.lastKeptSize)
    }

    func events(_ filter: EventFilter) throws -> [Event] {
        let condition = filter.preset == nil ? "true" : "source = ? AND preset = ?"
        var values: [any SQLValue] = filter.preset.map { [$0.source, $0.name] } ?? []
        values.append(filter.limit ?? .max)
        var events: [Event] = []
        try statement(
            """
            SELECT at, kind, reason, object, name, source, preset, message, detail, owner, owner_kind, claimed FROM events WHERE \(condition)
            ORDER BY sequence DESC LIMIT ?
            """
        ).forEach(filteredBy: values) { columns in
            events.append(
                Event(
                    at: columns.next(), kind: Event.Kind(rawValue: columns.next()) ?? .normal,
                    storedReason: columns.next(),
                    object: columns.next(), name: columns.next(), source: columns.next(), preset: columns.next(),
                    message: columns.next(), detail: columns.next(),
                    owner: Owner(name: columns.next(), kind: columns.next()), claimed: claimed(columns.next())))
        }
        return events.reversed()
    }

    /// Reads the workspace of a claim; nil if the event has no such workspace, or if it cannot be read.
    func claimed(_ bytes: [UInt8]?) -> ClaimedWorkspace? { bytes.flatMap { try? ClaimedWorkspace(binary: $0) } }

    func append(_ events: [Event]) throws {
        if !events.isEmpty { hints.add(.changed(source: nil)) }
        let insert = """
            INSERT OR FAIL INTO events
            (at, kind, reason, object, name, source, preset, message, detail, owner, owner_kind, claimed)
            """
        try self.insert(events, by: insert, row: "(?,?,?,?,?,?,?,?,?,?,?,?)") { event, binder in
            try binder.bind(
                event.at, event.kind.rawValue, event.reason, event.object, event.name, event.source, event.preset,
                event.message, event.detail, event.owner?.name, event.owner?.kindCode, event.claimed?.binary)
        }
    }

    private static let saveUpkeep = SQLText.save(into: "upkeep", "name, before", key: "name")

    /// Deletes history that is older than a time, at most once an hour. It returns false if it did nothing. A deleted
    /// workspace is kept as long as one of its operations. The newest revision of a source is always kept.
    func forgetHistory(before: Timestamp) throws -> Bool {
        let last = try statement("SELECT before FROM upkeep WHERE name = 'history'").first { $0.next(Timestamp.self) }
        if let last, last <= before, before < last + .seconds(3600) { return false }
        try statement(Self.saveUpkeep).run("history", before)
        try statement(
            "DELETE FROM logs WHERE operation IN (SELECT id FROM operations WHERE finished_at < ?)"
        ).run(before)
        try statement("DELETE FROM operations WHERE finished_at < ?").run(before)
        try statement(
            """
            DELETE FROM workspaces WHERE state = 5 AND created_at < ?
            AND NOT EXISTS (SELECT 1 FROM operations WHERE operations.id = workspaces.id)
            AND NOT EXISTS (
                SELECT 1 FROM operations WHERE workspace = workspaces.id AND workspace <> operations.id)
            """
        ).run(before)
        try statement("DELETE FROM specs WHERE fingerprint NOT IN (SELECT fingerprint FROM workspaces)").run()
        try statement(
            """
            DELETE FROM revision_texts
            WHERE id NOT IN (SELECT revision FROM workspaces WHERE revision IS NOT NULL)
            """
        ).run()
        try statement(Self.forgetKeys).run()
        keys.forget()
        // Deletes events up to the first one that is kept, in the order of their numbers. Events of a clock that was
        // ahead do not count. The newest event stays, so that its number is not used again for an event that readers
        // would miss.
        try statement(
            """
            DELETE FROM events WHERE sequence < coalesce(
                (SELECT sequence FROM events WHERE at >= ? AND at < ? ORDER BY sequence LIMIT 1),
                (SELECT max(sequence) FROM events))
            """
        ).run(before, before + .seconds(30 * 86_400))
        try statement(
            """
            DELETE FROM revisions WHERE applied_at < ?
            AND sequence < (SELECT max(sequence) FROM revisions AS newer WHERE newer.source = revisions.source)
            """
        ).run(before)
        try statement(
            """
            DELETE FROM blobs WHERE saved_at < ? OR parser_version < (SELECT max(parser_version) FROM blobs)
            """
        ).run(before)
        // Keeps the newest parse results, up to 128 MiB.
        try statement(
            """
            DELETE FROM blobs WHERE saved_at <= (
                SELECT saved_at FROM (
                    SELECT saved_at, sum(length(bytes)) OVER (ORDER BY saved_at DESC) AS size FROM blobs
                ) AS newest WHERE size > 134217728 ORDER BY saved_at DESC LIMIT 1)
            """
        ).run()
        return true
    }

    /// The statement that deletes preset keys without any data. No index has the presets of operations and replacements, so
    /// these are read once.
    private static let forgetKeys = """
        DELETE FROM preset_keys WHERE NOT EXISTS (SELECT 1 FROM presets WHERE presets.id = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM conditions WHERE conditions.preset = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM failures WHERE failures.preset = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM tickets WHERE tickets.preset = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM tickets WHERE tickets.demand = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM ended_waits WHERE ended_waits.preset = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM handover_failures WHERE handover_failures.preset = preset_keys.id)
        AND NOT EXISTS (SELECT 1 FROM workspaces WHERE workspaces.preset = preset_keys.id AND state <> 5)
        AND NOT EXISTS (SELECT 1 FROM workspaces WHERE workspaces.preset = preset_keys.id AND state = 5)
        AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.preset = preset_keys.id)
        AND id NOT IN (SELECT preset FROM operations) AND id NOT IN (SELECT preset FROM replacements)
        """
}

extension [UInt8]? {
    /// The stored changes of a revision. Changes that this version cannot read count as unknown, since they are only shown.
    fileprivate var changes: DefinitionChanges {
        flatMap { try? DefinitionChanges(binary: $0) } ?? DefinitionChanges()
    }
}
