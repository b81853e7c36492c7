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

    /// The last check of each workspace whose provisioner cannot list.
    static let checks = """
        CREATE TABLE checks (
            workspace TEXT PRIMARY KEY, provisioner TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
            message TEXT, active_at INTEGER, failure TEXT, is_new INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX checks_of_provisioner ON checks (provisioner, workspace);
        """
}
