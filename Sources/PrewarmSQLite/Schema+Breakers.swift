extension Schema {
    /// The circuit breakers of provisioners, and the failed builds since the last one that succeeded. The columns `before_*`
    /// hold the failures of the preset before the failed build.
    static let breakers = """
        CREATE TABLE breakers (
            provisioner TEXT PRIMARY KEY, phase TEXT NOT NULL, since INTEGER, cause TEXT, failed_probes INTEGER NOT NULL,
            probe TEXT, next_probe_at INTEGER, room INTEGER, successes INTEGER NOT NULL, built_source TEXT,
            built_preset TEXT, probed_source TEXT, probed_preset TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE breaker_failures (
            provisioner TEXT NOT NULL, sequence INTEGER NOT NULL, source TEXT NOT NULL, preset TEXT NOT NULL,
            fingerprint INTEGER NOT NULL, at INTEGER NOT NULL, is_proven INTEGER NOT NULL, before_fingerprint INTEGER,
            before_count INTEGER, before_failed_at INTEGER, before_retry_at INTEGER, before_message TEXT,
            PRIMARY KEY (provisioner, sequence)
        ) STRICT, WITHOUT ROWID;

        """
}
