internal import PrewarmCore
internal import PrewarmEngine

/// The results of listing the workspaces of provisioners.
extension SQLTransaction {
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

    func listing(provisioner: String) throws -> Listing? {
        let select = "SELECT provisioner, id, state, since, store FROM orphans WHERE provisioner = ? ORDER BY id"
        let orphans = try statement(select).all(provisioner) { columns in
            Orphan(
                provisioner: columns.next(), id: columns.next(), state: columns.next(), since: columns.next(),
                store: columns.next())
        }
        return try statement("SELECT at, more_orphans, unknown_states FROM listings WHERE provisioner = ?")
            .first(provisioner) { columns in
                Listing(
                    provisioner: provisioner, at: columns.next(), orphans: orphans, moreOrphans: columns.next(),
                    unknownStates: columns.next(String.self).split(separator: "\n").map(String.init))
            }
    }

    func save(_ listing: Listing) throws {
        let provisioner = listing.provisioner
        try statement("DELETE FROM orphans WHERE provisioner = ?").run(provisioner)
        let insert = try statement("INSERT INTO orphans (provisioner, id, state, since, store) VALUES (?,?,?,?,?)")
        for orphan in listing.orphans {
            try insert.run(provisioner, orphan.id, orphan.state, orphan.since, orphan.store)
        }
        try setListed(provisioner: provisioner, at: listing.at)
        // A state with a line feed is read as two states, and each is reported once.
        let states = listing.unknownStates.joined(separator: "\n")
        try statement("UPDATE listings SET more_orphans = ?, unknown_states = ? WHERE provisioner = ?")
            .run(listing.moreOrphans, states, provisioner)
    }

    func setListed(provisioner: String, at: Timestamp) throws {
        try statement(
            """
            INSERT INTO listings (provisioner, at) VALUES (?,?)
            ON CONFLICT (provisioner) DO UPDATE SET at = excluded.at, wanted_at = NULL
            """
        ).run(provisioner, at)
    }

    func forgetListTimes() throws {
        try statement("UPDATE listings SET at = ?").run(Listing.forgotten)
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

    func suspects(provisioner: String) throws -> [Suspect] {
        try statement(
            "SELECT id, since, state, message, misses, reported FROM missing WHERE provisioner = ? ORDER BY id"
        )
        .all(provisioner) { columns in
            Suspect(
                workspace: columns.next(), since: columns.next(), state: columns.next(),
                message: columns.next(), misses: columns.next(),
                isReported: columns.next(Int.self) != 0)
        }
    }

    func replaceSuspects(_ suspects: [Suspect], provisioner: String) throws {
        try statement("DELETE FROM missing WHERE provisioner = ?").run(provisioner)
        let insert = try statement(
            "INSERT INTO missing (provisioner, id, since, state, message, misses, reported) VALUES (?,?,?,?,?,?,?)")
        for suspect in suspects {
            try insert.run(
                provisioner, suspect.workspace, suspect.since, suspect.state, suspect.message, suspect.misses,
                suspect.isReported ? 1 : 0)
        }
    }

    // MARK: Activity

    func activityHeardAt(provisioner: String) throws -> Timestamp? {
        try statement("SELECT heard_at FROM listings WHERE provisioner = ?")
            .first(provisioner) { $0.next(Timestamp?.self) } ?? nil
    }

    func setActivityHeard(provisioner: String, at: Timestamp, isSource: Bool) throws {
        try statement(
            "UPDATE listings SET heard_at = ?2 WHERE provisioner = ?1 AND (?3 = 1 OR heard_at IS NOT NULL)"
        ).run(provisioner, at, isSource ? 1 : 0)
    }

    func isListWanted(of provisioner: String) throws -> Bool {
        try statement("SELECT wanted_at IS NOT NULL FROM listings WHERE provisioner = ?")
            .first(provisioner) { $0.next(Int.self) == 1 } ?? false
    }

    func wantList(of provisioner: String, at: Timestamp) throws {
        try statement("UPDATE listings SET wanted_at = ?2 WHERE provisioner = ?1").run(provisioner, at)
    }
}
