extension Schema {
    /// Adds the records of claims, and one for each workspace that is claimed. Earlier versions did not record claims, so
    /// the claim of such a workspace has the id of the workspace.
    static let claims = """
        CREATE TABLE claims (
            id TEXT PRIMARY KEY, preset INTEGER NOT NULL, owner TEXT NOT NULL, owner_kind TEXT, workspace TEXT,
            result TEXT NOT NULL, asked_at INTEGER NOT NULL, granted_at INTEGER, usable_at INTEGER, ended_at INTEGER,
            end_reason TEXT, ended_by TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX claims_of_preset ON claims (preset, id);
        CREATE INDEX claims_of_owner ON claims (owner, id);
        CREATE INDEX claims_held ON claims (id) WHERE granted_at IS NOT NULL AND ended_at IS NULL;
        CREATE INDEX claims_ended ON claims (ended_at) WHERE ended_at IS NOT NULL;
        ALTER TABLE workspaces ADD COLUMN claim TEXT;
        INSERT INTO claims (id, preset, owner, owner_kind, workspace, result, asked_at, granted_at, usable_at)
            SELECT id, preset, coalesce(owner, ''), owner_kind, id,
                CASE WHEN ready_at IS NULL OR ready_at > claimed_at THEN 'cold' ELSE 'hit' END,
                coalesce(claimed_at, created_at), coalesce(claimed_at, created_at),
                CASE WHEN ready_at IS NOT NULL THEN max(ready_at, coalesce(claimed_at, ready_at)) END
            FROM workspaces WHERE state = 3 AND state <> 5;
        UPDATE workspaces SET claim = id WHERE state = 3 AND state <> 5;
        """

    /// Adds the leases of claims. Durations are milliseconds. `lease_look` is NULL if the lease does not end by itself, or
    /// if the claim has ended.
    static let leases = """
        ALTER TABLE claims ADD COLUMN end_message TEXT;
        ALTER TABLE claims ADD COLUMN lease_ttl INTEGER;
        ALTER TABLE claims ADD COLUMN lease_warn INTEGER;
        ALTER TABLE claims ADD COLUMN lease_grace INTEGER;
        ALTER TABLE claims ADD COLUMN lease_on_expiry TEXT;
        ALTER TABLE claims ADD COLUMN lease_expires_at INTEGER;
        ALTER TABLE claims ADD COLUMN lease_ends_at INTEGER;
        ALTER TABLE claims ADD COLUMN lease_span INTEGER;
        ALTER TABLE claims ADD COLUMN lease_phase TEXT;
        ALTER TABLE claims ADD COLUMN lease_hold_until INTEGER;
        ALTER TABLE claims ADD COLUMN lease_hold_reason TEXT;
        ALTER TABLE claims ADD COLUMN lease_hold_by TEXT;
        ALTER TABLE claims ADD COLUMN lease_suspected_at INTEGER;
        ALTER TABLE claims ADD COLUMN lease_look INTEGER;
        CREATE INDEX claims_leased ON claims (lease_look) WHERE lease_look IS NOT NULL;
        CREATE TABLE lease_clock (
            only INTEGER PRIMARY KEY CHECK (only = 1), holder TEXT NOT NULL, until INTEGER NOT NULL
        ) STRICT;
        """
}
