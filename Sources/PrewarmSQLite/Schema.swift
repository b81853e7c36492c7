internal import GRDB

/// The tables of the store and the migrations of files of earlier versions.
///
/// A released migration is never changed. Times are milliseconds since 1970. Blobs have the binary form of the domain
/// types. `Codes.swift` defines the numbers of states and kinds.
enum Schema {
    /// The application id `prwm`, which distinguishes a store from files of other programs
    /// (https://www.sqlite.org/pragma.html#pragma_application_id).
    static let applicationID = 0x7072_776d

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            try database.execute(
                sql: sources + pools + workspaces + tallies + standings + operations + history + access + notifications)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("v2") { database in
            try database.execute(sql: "ALTER TABLE sources ADD COLUMN planned_at INTEGER")
        }
        migrator.registerMigration("v3") { database in
            try database.execute(
                sql: """
                    ALTER TABLE listings ADD COLUMN failure TEXT; ALTER TABLE listings ADD COLUMN failing_since INTEGER
                    """)
        }
        migrator.registerMigration("stor-identity") { database in try database.execute(sql: identity) }
        migrator.registerMigration("prov-listings") { database in
            try database.execute(
                sql: """
                    ALTER TABLE listings ADD COLUMN more_orphans INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE listings ADD COLUMN unknown_states TEXT NOT NULL DEFAULT '';
                    ALTER TABLE missing ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE missing ADD COLUMN state TEXT;
                    ALTER TABLE missing ADD COLUMN reported INTEGER NOT NULL DEFAULT 0
                    """)
        }
        migrator.registerMigration("mask-owners") { database in
            try database.execute(sql: owners)
        }
        migrator.registerMigration("oper-queue") { database in try database.execute(sql: queue) }
        migrator.registerMigration("source-success") { database in
            try database.execute(sql: "ALTER TABLE sources ADD COLUMN succeeded_at INTEGER")
        }
        migrator.registerMigration("guard-admission") { database in
            try database.execute(sql: standingsWithoutCounts)
        }
        migrator.registerMigration("source-changes") { database in
            try database.execute(
                sql: """
                    ALTER TABLE sources ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE sources ADD COLUMN plans INTEGER NOT NULL DEFAULT 0
                    """)
        }
        migrator.registerMigration("outage-breakers") { database in try database.execute(sql: breakers) }
        migrator.registerMigration("leases-claims") { database in try database.execute(sql: claims) }
        migrator.registerMigration("handover-claims") { database in try database.execute(sql: handovers) }
        migrator.registerMigration("claim-queue") { database in try database.execute(sql: tickets) }
        migrator.registerMigration("outage-health") { database in try database.execute(sql: health) }
        migrator.registerMigration("leases-terms") { database in try database.execute(sql: leases) }
        migrator.registerMigration("leases-clock") { database in
            try database.execute(
                sql: """
                    ALTER TABLE lease_clock ADD COLUMN boot TEXT; ALTER TABLE lease_clock ADD COLUMN uptime_ms INTEGER
                    """)
        }
        migrator.registerMigration("leases-activity") { database in
            try database.execute(
                sql: """
                    ALTER TABLE listings ADD COLUMN heard_at INTEGER; ALTER TABLE listings ADD COLUMN wanted_at INTEGER
                    """)
        }
        migrator.registerMigration("health-checks") { database in try database.execute(sql: checks) }
        migrator.registerMigration("revision-changes") { database in
            try database.execute(sql: "ALTER TABLE revisions ADD COLUMN changes BLOB")
        }
        migrator.registerMigration("claim-limits") { database in try database.execute(sql: limits) }
        migrator.registerMigration("claim-demand") { database in try database.execute(sql: demand) }
        migrator.registerMigration("create-answers") { database in
            try database.execute(sql: "ALTER TABLE operations ADD COLUMN unanswered_at INTEGER")
        }
        migrator.registerMigration("replicas") { database in try database.execute(sql: replicas) }
        return migrator
    }

    /// The table `store` with one row for the identity of the store. `former` holds identities, separated by spaces.
    private static let identity = """
        CREATE TABLE store (
            only INTEGER PRIMARY KEY CHECK (only = 1), identity TEXT NOT NULL, counter INTEGER NOT NULL,
            newest TEXT NOT NULL, former TEXT NOT NULL, hold TEXT, hold_message TEXT, held_since INTEGER
        ) STRICT;
        INSERT INTO store (only, identity, counter, newest, former) VALUES (
            1, lower(hex(randomblob(16))), 0,
            coalesce((SELECT max(id) FROM workspaces WHERE length(id) = 26), ''), '');
        ALTER TABLE orphans ADD COLUMN store TEXT;

        """

    /// Adds the kinds of owners, the callers of claim keys, and a column for the provisioner's text of an event.
    ///
    /// An existing owner has no kind. If a token has its name, the owner is that token.
    private static let owners = """
        ALTER TABLE workspaces ADD COLUMN owner_kind TEXT;
        UPDATE workspaces SET owner_kind = 'token' WHERE owner IN (SELECT name FROM access_tokens);
        ALTER TABLE workspaces ADD COLUMN claim_caller TEXT NOT NULL DEFAULT '';
        DROP INDEX workspaces_by_claim;
        CREATE UNIQUE INDEX workspaces_by_claim ON workspaces (claim_key, claim_caller) WHERE claim_key IS NOT NULL;
        ALTER TABLE events ADD COLUMN detail TEXT;
        ALTER TABLE events ADD COLUMN owner TEXT;
        ALTER TABLE events ADD COLUMN owner_kind TEXT;
        UPDATE events SET detail = message, message = 'it failed; an operator can read why'
            WHERE reason IN ('CreateFailed', 'DeleteFailed', 'Stalled', 'ListFailed');
        """

    private static let sources = """
        CREATE TABLE sources (
            name TEXT PRIMARY KEY, url TEXT NOT NULL, applied TEXT, applied_at INTEGER, inputs TEXT NOT NULL,
            quiet_until INTEGER, failure_reason TEXT, failure_message TEXT, failure_hint TEXT, failure_since INTEGER,
            files INTEGER NOT NULL, foreign_documents INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- A row stays when its source is deleted, because its fence must not start again.
        CREATE TABLE leases (
            source TEXT PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE revisions (
            sequence INTEGER PRIMARY KEY, source TEXT NOT NULL, revision TEXT NOT NULL, applied_at INTEGER NOT NULL,
            author TEXT, subject TEXT, committed_at INTEGER, created INTEGER NOT NULL, deleted INTEGER NOT NULL,
            cancelled INTEGER NOT NULL, converged_at INTEGER
        ) STRICT;
        CREATE INDEX revisions_of_source ON revisions (source, sequence);
        CREATE TABLE diagnostics (
            source TEXT NOT NULL, sequence INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (source, sequence)
        ) STRICT, WITHOUT ROWID;

        """

    private static let pools = """
        -- The names of presets. A row stays as long as there is data of the preset.
        CREATE TABLE preset_keys (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (source, name)
        ) STRICT;
        CREATE INDEX preset_keys_by_name ON preset_keys (name, source);
        CREATE TABLE presets (
            id INTEGER PRIMARY KEY REFERENCES preset_keys (id), value BLOB NOT NULL
        ) STRICT;
        CREATE TABLE templates (
            source TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (source, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE failures (
            preset INTEGER PRIMARY KEY REFERENCES preset_keys (id), fingerprint INTEGER NOT NULL,
            count INTEGER NOT NULL, retry_at INTEGER NOT NULL, message TEXT NOT NULL
        ) STRICT;
        -- A scope is `*`, the name of a source, or `source/preset`. Names contain no slash.
        CREATE TABLE suspensions (
            scope TEXT PRIMARY KEY, reason TEXT, by TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE guards (source TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE pins (
            source TEXT PRIMARY KEY, revision TEXT NOT NULL, reason TEXT, by TEXT NOT NULL, since INTEGER NOT NULL,
            until INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE listings (provisioner TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE orphans (
            provisioner TEXT NOT NULL, id TEXT NOT NULL, state TEXT, since INTEGER NOT NULL,
            PRIMARY KEY (provisioner, id)
        ) STRICT, WITHOUT ROWID;
        -- Workspaces that are missing in the last list of a provisioner, until a second list confirms it.
        CREATE TABLE missing (
            provisioner TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (provisioner, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE conditions (
            preset INTEGER PRIMARY KEY REFERENCES preset_keys (id), value BLOB NOT NULL
        ) STRICT;

        """

    private static let workspaces = """
        CREATE TABLE specs (fingerprint INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
        CREATE TABLE workspaces (
            id TEXT PRIMARY KEY, preset INTEGER NOT NULL, fingerprint INTEGER NOT NULL, state INTEGER NOT NULL,
            owner TEXT, created_at INTEGER NOT NULL, ready_at INTEGER, claimed_at INTEGER, endpoint TEXT,
            metadata BLOB NOT NULL, revision INTEGER, claim_key TEXT
        ) STRICT, WITHOUT ROWID;
        -- The texts of `workspaces.revision`.
        CREATE TABLE revision_texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
        -- Covers tallies, candidates of the planner, and claims. It contains the id as the key of the table.
        CREATE INDEX workspaces_live ON workspaces (preset, state, fingerprint, ready_at) WHERE state <> 5;
        CREATE INDEX workspaces_deleted ON workspaces (preset, created_at) WHERE state = 5;
        CREATE INDEX workspaces_of_owner ON workspaces (owner) WHERE owner IS NOT NULL;
        CREATE UNIQUE INDEX workspaces_by_claim ON workspaces (claim_key) WHERE claim_key IS NOT NULL;

        """

    /// The numbers of live workspaces by preset, state and fingerprint, and the time at which the oldest became ready.
    /// Triggers update them, and ``AddedTallies`` adds new workspaces. So a reconciliation reads a row for each pool
    /// instead of each workspace.
    private static let tallies = """
        CREATE TABLE tallies (
            preset INTEGER NOT NULL, state INTEGER NOT NULL, fingerprint INTEGER NOT NULL, count INTEGER NOT NULL,
            oldest_ready_at INTEGER, PRIMARY KEY (preset, state, fingerprint)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER tallies_update AFTER UPDATE OF state, ready_at ON workspaces
        WHEN old.state <> new.state OR old.ready_at IS NOT new.ready_at BEGIN
            \(forgetOld)
            \(countNew)
        END;
        CREATE TRIGGER tallies_delete AFTER DELETE ON workspaces WHEN old.state <> 5 BEGIN
            \(forgetOld)
        END;

        """

    private static let countNew = """
        INSERT INTO tallies SELECT new.preset, new.state, new.fingerprint, 1, new.ready_at WHERE new.state <> 5
            ON CONFLICT DO UPDATE SET count = count + 1, oldest_ready_at = min(
                coalesce(oldest_ready_at, excluded.oldest_ready_at), coalesce(excluded.oldest_ready_at, oldest_ready_at));
        """

    /// The statements that count a workspace out. The next oldest workspace is searched only if the oldest one is
    /// removed.
    private static let forgetOld = """
        UPDATE tallies SET count = count - 1, oldest_ready_at = CASE WHEN oldest_ready_at IS NOT old.ready_at
                THEN oldest_ready_at ELSE (
                    SELECT min(ready_at) FROM workspaces WHERE preset = old.preset AND state = old.state
                    AND state <> 5 AND fingerprint = old.fingerprint) END
            WHERE old.state <> 5 AND preset = old.preset AND state = old.state AND fingerprint = old.fingerprint;
            DELETE FROM tallies
            WHERE preset = old.preset AND state = old.state AND fingerprint = old.fingerprint AND count = 0;
        """

    private static let operations = """
        CREATE TABLE operations (
            id TEXT PRIMARY KEY, kind INTEGER NOT NULL, workspace TEXT NOT NULL, preset INTEGER NOT NULL,
            provisioner TEXT NOT NULL, reason TEXT NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL,
            next_attempt_at INTEGER NOT NULL, error TEXT, created_at INTEGER NOT NULL, started_at INTEGER,
            finished_at INTEGER, lease_holder TEXT, lease_fence INTEGER, lease_until INTEGER, mark_group INTEGER,
            mark_start INTEGER, mark_boot TEXT
        ) STRICT, WITHOUT ROWID;
        -- In the order in which operations run, so that a query reads up to its limit without sorting.
        CREATE INDEX operations_due ON operations (
            provisioner, (kind = 1), id, next_attempt_at, preset, kind, state) WHERE state = 0;
        -- Operations that have to wait. New operations are due immediately.
        CREATE INDEX operations_waiting ON operations (next_attempt_at)
            WHERE state = 0 AND next_attempt_at > created_at;
        CREATE INDEX operations_running ON operations (id) WHERE state = 1;
        -- All operations of a workspace except its create, which has the same id.
        CREATE INDEX operations_of_workspace ON operations (workspace, id) WHERE workspace <> id;
        CREATE INDEX operations_finished ON operations (finished_at) WHERE finished_at IS NOT NULL;
        CREATE TABLE logs (
            sequence INTEGER PRIMARY KEY, operation TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
            text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX logs_of_operation ON logs (operation, attempt);

        """

    private static let history = """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
            object TEXT NOT NULL, name TEXT NOT NULL, source TEXT, preset TEXT, message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX events_of_preset ON events (source, preset, sequence) WHERE preset IS NOT NULL;
        CREATE TABLE blobs (
            blob TEXT PRIMARY KEY, parser_version INTEGER NOT NULL, bytes BLOB NOT NULL, saved_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let access = """

        CREATE TABLE access_tokens (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, presets TEXT NOT NULL,
            digest BLOB NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL, expires_at INTEGER,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        -- Numbers are not reused, so that the end of a page does not move.
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, origin TEXT NOT NULL,
            action TEXT NOT NULL, object TEXT NOT NULL, name TEXT NOT NULL, revision TEXT, detail TEXT
        ) STRICT;
        CREATE INDEX audit_by_time ON audit (at);
        """

    private static let notifications = """

        CREATE TABLE notifications (sink TEXT PRIMARY KEY, cursor INTEGER NOT NULL, state BLOB NOT NULL)
        STRICT, WITHOUT ROWID;
        """
}
