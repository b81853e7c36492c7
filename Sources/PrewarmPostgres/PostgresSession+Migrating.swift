internal import PrewarmEngine

extension PostgresSession {
    /// Connects for the first time. It waits for a server that is starting, and tries each server of the URL first: every
    /// other error needs a user.
    func connectAtStart() throws {
        var servers = try address.serverCount()
        let deadline = ContinuousClock.now + (servers > 1 ? limits.request : limits.connect)
        while true {
            do {
                return try connect(by: deadline)
            } catch let error as PostgresError {
                servers -= 1
                guard servers > 0 || error.message.contains("starting up"), .now + .milliseconds(200) < deadline
                else { throw error }
            }
            wait(.milliseconds(200))
        }
    }

    /// Creates the tables, or updates those of an earlier version. Several processes may do so at the same time.
    /// - Parameter updates: If false, it changes nothing.
    /// - Throws: ``StoreError`` if the tables belong to a newer version of prewarm or to another program.
    func migrate(_ updates: Bool) throws {
        let versions = PostgresSchema.migrations.count
        if let version = try version(), try check(version) == versions { return }
        guard updates else {
            throw StoreError(
                .unavailable, "cannot read \(address.display): it has no tables of this version of prewarm",
                hint: "run `prewarm sync` to create them")
        }
        try createVersions()
        try retrying { _ in
            try undoing {
                try run("BEGIN ISOLATION LEVEL READ COMMITTED; \(limits.settings)")
                // Other processes that migrate wait here.
                try run("LOCK TABLE prewarm_schema IN ACCESS EXCLUSIVE MODE")
                let version = try check(version() ?? 0)
                for migration in PostgresSchema.migrations[version...] { try create(migration) }
                try run("DELETE FROM prewarm_schema; INSERT INTO prewarm_schema (version) VALUES (\(versions))")
            }
            try run("COMMIT")
        }
    }

    /// Reads the name of the channel on which the processes of this store notify each other. Other stores of the database have
    /// other names.
    func findChannel() throws {
        let found = try run("SELECT identity FROM store")
        guard found.rows == 1 else { return }
        let identity = found.text(0, 0).filter { $0.isHexDigit }
        channel = "prewarm_\(identity.lowercased().prefix(40))"
    }

    /// Returns the version of the tables; nil if there are none.
    private func version() throws -> Int? {
        do {
            let found = try run("SELECT version::text FROM prewarm_schema")
            return found.rows == 1 ? Int(found.text(0, 0)) ?? 0 : 0
        } catch let error as PostgresError {
            guard case .refused("42P01") = error.kind else { throw error }
            return nil
        }
    }

    private func check(_ version: Int) throws -> Int {
        guard version <= PostgresSchema.migrations.count else {
            throw StoreError(
                .newerVersion,
                "cannot use \(address.display): a newer version of prewarm uses it (tables \(version), here "
                    + "\(PostgresSchema.migrations.count))",
                hint: "use that version or a newer one, or set `store` to another database")
        }
        return version
    }

    /// Creates the table of the version. `IF NOT EXISTS` may fail if another process creates it at the same time.
    private func createVersions() throws {
        for attempt in 0..<20 {
            do {
                try run("CREATE TABLE IF NOT EXISTS prewarm_schema (version bigint NOT NULL)")
                return
            } catch let error as PostgresError {
                guard case .refused(let state) = error.kind, ["23505", "42P07", "42710", "XX000"].contains(state),
                    attempt < 19
                else { throw error }
            }
            wait(.milliseconds(50))
        }
    }

    private func create(_ migration: String) throws {
        do {
            try run(migration)
        } catch let error as PostgresError {
            guard case .refused("42P07") = error.kind else { throw error }
            throw StoreError(
                .unavailable, "cannot use \(address.display): it has tables of another program: \(error.message)",
                hint: "give prewarm its own database: CREATE DATABASE prewarm")
        }
    }
}
