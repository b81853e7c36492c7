extension Schema {
    /// Adds the daemons on the store, and the requests to pull sources. `sources` has a line for each source.
    static let replicas = """
        CREATE TABLE replicas (
            holder TEXT PRIMARY KEY, name TEXT NOT NULL, sources TEXT NOT NULL, started_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE pulls (
            source TEXT PRIMARY KEY, asked INTEGER NOT NULL, begun INTEGER NOT NULL, answered INTEGER NOT NULL,
            pushed INTEGER NOT NULL, announced TEXT, failure TEXT, request TEXT, request_number INTEGER NOT NULL,
            answered_request TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_requests (
            id TEXT PRIMARY KEY, numbers TEXT NOT NULL, preset TEXT, revision TEXT, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
