extension Schema {
    /// The health checks of presets, the failed checks of workspaces, and the replacements that operators asked for.
    static let health = """
        CREATE TABLE health (
            preset INTEGER PRIMARY KEY, provisioner TEXT NOT NULL, interval_ms INTEGER NOT NULL,
            failures INTEGER NOT NULL, freshness_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX health_of_provisioner ON health (provisioner, interval_ms);
        ALTER TABLE missing ADD COLUMN misses INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE missing ADD COLUMN message TEXT;
        CREATE INDEX missing_by_id ON missing (id);
        CREATE TABLE replacements (
            workspace TEXT PRIMARY KEY, preset INTEGER NOT NULL, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        """
}
