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

    /// Adds the preset whose desired number a waiting claim raises, and the waits that ended lately. A pool is planned again
    /// when a claim begins or stops to wait for it.
    static let demand = """
        ALTER TABLE tickets ADD COLUMN demand INTEGER;
        CREATE INDEX tickets_demand ON tickets (demand) WHERE demand IS NOT NULL;
        CREATE TABLE ended_waits (
            claim TEXT PRIMARY KEY, preset INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ended_waits_of_preset ON ended_waits (preset, until);
        CREATE INDEX ended_waits_by_end ON ended_waits (until);
        CREATE TRIGGER standings_of_ticket AFTER INSERT ON tickets WHEN new.demand IS NOT NULL BEGIN
            UPDATE standings SET settled = 0 WHERE preset = new.demand AND settled = 1;
        END;
        CREATE TRIGGER standings_of_changed_ticket AFTER UPDATE OF demand ON tickets
        WHEN new.demand IS NOT old.demand BEGIN
            UPDATE standings SET settled = 0 WHERE preset IN (old.demand, new.demand) AND settled = 1;
        END;
        CREATE TRIGGER standings_of_old_ticket AFTER DELETE ON tickets WHEN old.demand IS NOT NULL BEGIN
            UPDATE standings SET settled = 0 WHERE preset = old.demand AND settled = 1;
        END;
        """
}
