internal import PrewarmCore
internal import PrewarmEngine

/// What people and provisioners said that holds beyond a turn.
extension SQLiteTransaction {
    func guardRecord(ofSource name: String) throws -> GuardRecord {
        let bytes = try statement("SELECT value FROM guards WHERE source = ?").first(name) { columns in
            columns.next([UInt8].self)
        }
        guard let bytes else { return GuardRecord() }
        // One that can't be read holds back no turn: ``unreadable(source:)`` names it, the next turn rewrites it.
        return (try? GuardRecord(binary: bytes)) ?? .lost
    }

    func save(_ record: GuardRecord, ofSource name: String) throws {
        try statement("INSERT OR REPLACE INTO guards (source, value) VALUES (?,?)").run(name, record.binary)
    }

    func pins() throws -> [Pin] {
        try statement("SELECT source, revision, reason, by, since, until FROM pins ORDER BY source").all { columns in
            Pin(
                source: columns.next(), commit: columns.next(), reason: columns.next(), by: columns.next(),
                since: columns.next(), until: columns.next())
        }
    }

    func save(_ pin: Pin) throws {
        try statement("INSERT OR REPLACE INTO pins (source, revision, reason, by, since, until) VALUES (?,?,?,?,?,?)")
            .run(pin.source, pin.commit, pin.reason, pin.by, pin.since, pin.until)
    }

    func forgetPin(ofSource name: String) throws {
        try statement("DELETE FROM pins WHERE source = ?").run(name)
    }

    func orphans() throws -> [Orphan] {
        try statement("SELECT provisioner, id, state, since, store FROM orphans ORDER BY provisioner, id").all {
            columns in
            Orphan(
                provisioner: columns.next(), id: columns.next(), state: columns.next(), since: columns.next(),
                store: columns.next())
        }
    }

    func listedAt(provisioner: String) throws -> Timestamp? {
        try statement("SELECT at FROM listings WHERE provisioner = ?").first(provisioner) { columns in
            columns.next(Timestamp.self)
        }
    }

    func replaceOrphans(_ orphans: [Orphan], provisioner: String, listedAt: Timestamp) throws {
        try statement("DELETE FROM orphans WHERE provisioner = ?").run(provisioner)
        let insert = try statement("INSERT INTO orphans (provisioner, id, state, since, store) VALUES (?,?,?,?,?)")
        for orphan in orphans { try insert.run(provisioner, orphan.id, orphan.state, orphan.since, orphan.store) }
        try statement(
            "INSERT INTO listings (provisioner, at) VALUES (?,?) ON CONFLICT (provisioner) DO UPDATE SET at = excluded.at"
        ).run(provisioner, listedAt)
    }

    func listFailures() throws -> [ListFailure] {
        try statement(
            "SELECT provisioner, failure, failing_since FROM listings WHERE failure IS NOT NULL ORDER BY provisioner"
        ).all { columns in
            ListFailure(provisioner: columns.next(), message: columns.next(), since: columns.next())
        }
    }

    func setListFailure(_ failure: ListFailure?, provisioner: String) throws {
        try statement("UPDATE listings SET failure = ?, failing_since = ? WHERE provisioner = ?")
            .run(failure?.message, failure?.since, provisioner)
    }

    func missing(provisioner: String) throws -> Set<WorkspaceID> {
        Set(
            try statement("SELECT id FROM missing WHERE provisioner = ?").all(provisioner) { columns in
                columns.next(WorkspaceID.self)
            })
    }

    func replaceMissing(_ workspaces: Set<WorkspaceID>, provisioner: String) throws {
        try statement("DELETE FROM missing WHERE provisioner = ?").run(provisioner)
        let insert = try statement("INSERT INTO missing (provisioner, id) VALUES (?,?)")
        for workspace in workspaces { try insert.run(provisioner, workspace) }
    }
}
