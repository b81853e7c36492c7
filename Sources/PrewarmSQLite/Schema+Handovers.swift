internal import PrewarmCore
internal import PrewarmSQL

extension Schema {
    /// Adds the state of handovers (``HandoverState``), the claim parameters without secrets, and the failed handovers of
    /// presets.
    static let handovers = """
        ALTER TABLE workspaces ADD COLUMN handover INTEGER NOT NULL DEFAULT \(HandoverState.none.code);
        ALTER TABLE workspaces ADD COLUMN claim_parameters BLOB;
        -- Handovers that have not ended.
        CREATE INDEX operations_handover ON operations (id) WHERE \(SQLConditions.unfinishedHandover);
        CREATE TABLE handover_failures (
            preset INTEGER PRIMARY KEY REFERENCES preset_keys (id), count INTEGER NOT NULL, failed_at INTEGER NOT NULL,
            message TEXT NOT NULL
        ) STRICT;
        ALTER TABLE events ADD COLUMN claimed BLOB;
        """

}
