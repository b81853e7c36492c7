internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    private static let columns = """
        name, url, applied, applied_at, inputs, quiet_until, planned_at, failure_reason, failure_message, failure_hint, \
        failure_since, files, foreign_documents, succeeded_at, changes, plans
        """

    private static let saveSource = SQLText.save(into: "sources", columns, key: "name")
    private static let saveLease = SQLText.save(into: "leases", "source, holder, fence, until", key: "source")

    func source(_ name: String) throws -> SourceRecord? {
        try statement("SELECT \(Self.columns) FROM sources WHERE name = ?").first(name, read: record)
    }

    func sources() throws -> [SourceRecord] {
        try statement("SELECT \(Self.columns) FROM sources ORDER BY name").all(read: record)
    }

    private func record(_ columns: inout Columns) -> SourceRecord {
        var record = SourceRecord(
            name: columns.next(), url: columns.next(), applied: columns.next(String?.self).flatMap { Revision($0) },
            appliedAt: columns.next(), inputs: columns.next(), quietUntil: columns.next(),
            plannedAt: columns.next(), failure: failure(&columns), files: columns.next(),
            foreignDocuments: columns.next())
        record.succeededAt = columns.next()
        record.changes = columns.next()
        record.plans = columns.next()
        return record
    }

    private func failure(_ columns: inout Columns) -> SourceFailure? {
        let reason = columns.next(String?.self)
        let failure = SourceFailure(
            reason: reason ?? "", message: columns.next(), hint: columns.next(), since: columns.next())
        return reason == nil ? nil : failure
    }

    func save(_ source: SourceRecord) throws {
        try statement(Self.saveSource).run(
            source.name, source.url, source.applied?.description, source.appliedAt, source.inputs, source.quietUntil,
            source.plannedAt, source.failure?.reason, source.failure?.message, source.failure?.hint,
            source.failure?.since, source.files, source.foreignDocuments, source.succeededAt, source.changes,
            source.plans)
    }

    func forget(source name: String) throws {
        try forget(presetKeys(source: name).map(\.key))
        for table in ["templates", "diagnostics", "revisions", "guards", "pins", "pulls"] {
            try statement("DELETE FROM \(table) WHERE source = ?").run(name)
        }
        try statement("DELETE FROM sources WHERE name = ?").run(name)
    }

    func markDirty(source name: String) throws {
        hints.add(.changed(source: name))
        try statement("UPDATE sources SET quiet_until = NULL, changes = changes + 1 WHERE name = ?").run(name)
    }

    func lease(ofSource name: String) throws -> Lease? {
        try statement("SELECT holder, fence, until FROM leases WHERE source = ?").first(name) { columns in
            Lease(holder: columns.next(), fence: columns.next(), until: columns.next())
        }
    }

    func save(_ lease: Lease, ofSource name: String) throws {
        if lease.isReleased, name.hasPrefix(SourceShares.prefix) { hints.add(.shares) }
        try statement(Self.saveLease)
            .run(name, lease.holder, lease.fence, lease.until)
    }
}
