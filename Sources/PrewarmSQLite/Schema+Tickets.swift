extension Schema {
    /// Adds the queue of waiting claims, and a heartbeat for each process that holds some.
    static let tickets = """
        CREATE TABLE tickets (
            id TEXT PRIMARY KEY, preset INTEGER NOT NULL, owner TEXT NOT NULL, owner_kind TEXT,
            priority INTEGER NOT NULL, since INTEGER NOT NULL, holder TEXT NOT NULL, expires_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tickets_queue ON tickets (preset, priority DESC, since, id);
        CREATE TABLE heartbeats (holder TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        ALTER TABLE access_tokens ADD COLUMN priority INTEGER NOT NULL DEFAULT 50;
        """
}
