extension Schema {
    /// The standing of each pool after the last plan, so that the next plan reads only pools that may have changed. A
    /// settled pool would give the same plan again. It stays settled until `next_change`, or until its row is updated:
    /// by the triggers below if one of its workspaces changes, or by ``AddedTallies`` for new workspaces.
    static let standings = """
        CREATE TABLE standings (
            preset INTEGER PRIMARY KEY, source TEXT NOT NULL, settled INTEGER NOT NULL, next_change INTEGER,
            unclaimed INTEGER NOT NULL, unfinished INTEGER NOT NULL, replacement TEXT
        ) STRICT;
        CREATE INDEX standings_of_source ON standings (source);
        CREATE INDEX standings_open ON standings (source, preset) WHERE settled = 0;
        CREATE INDEX standings_next ON standings (source, next_change) WHERE settled = 1 AND next_change IS NOT NULL;
        CREATE INDEX standings_replacement ON standings (source, replacement) WHERE replacement IS NOT NULL;
        CREATE TABLE settled (
            source TEXT PRIMARY KEY, pools INTEGER NOT NULL, unclaimed INTEGER NOT NULL, unfinished INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER standings_update AFTER UPDATE OF settled, unclaimed, unfinished ON standings
        WHEN old.settled = 1 OR new.settled = 1 BEGIN
            INSERT INTO settled VALUES (new.source, new.settled - old.settled,
                new.settled * new.unclaimed - old.settled * old.unclaimed,
                new.settled * new.unfinished - old.settled * old.unfinished)
            ON CONFLICT DO UPDATE SET pools = pools + excluded.pools, unclaimed = unclaimed + excluded.unclaimed,
                unfinished = unfinished + excluded.unfinished;
        END;
        CREATE TRIGGER standings_delete AFTER DELETE ON standings WHEN old.settled = 1 BEGIN
            UPDATE settled SET pools = pools - 1, unclaimed = unclaimed - old.unclaimed,
                unfinished = unfinished - old.unfinished WHERE source = old.source;
        END;
        CREATE TRIGGER standings_of_workspace AFTER UPDATE OF state, ready_at ON workspaces
        WHEN old.state <> new.state OR old.ready_at IS NOT new.ready_at BEGIN
            UPDATE standings SET settled = 0 WHERE preset = new.preset AND settled = 1;
        END;
        CREATE TRIGGER standings_of_old_workspace AFTER DELETE ON workspaces WHEN old.state <> 5 BEGIN
            UPDATE standings SET settled = 0 WHERE preset = old.preset AND settled = 1;
        END;
        -- The time before which history was last deleted.
        CREATE TABLE upkeep (name TEXT PRIMARY KEY, before INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        """

    /// Drops the counts of unclaimed workspaces, which an earlier deletion guard needed.
    static let standingsWithoutCounts = """
        DROP TRIGGER standings_update;
        DROP TRIGGER standings_delete;
        ALTER TABLE standings DROP COLUMN unclaimed;
        ALTER TABLE settled DROP COLUMN unclaimed;
        CREATE TRIGGER standings_update AFTER UPDATE OF settled, unfinished ON standings
        WHEN old.settled = 1 OR new.settled = 1 BEGIN
            INSERT INTO settled VALUES (new.source, new.settled - old.settled,
                new.settled * new.unfinished - old.settled * old.unfinished)
            ON CONFLICT DO UPDATE SET pools = pools + excluded.pools, unfinished = unfinished + excluded.unfinished;
        END;
        CREATE TRIGGER standings_delete AFTER DELETE ON standings WHEN old.settled = 1 BEGIN
            UPDATE settled SET pools = pools - 1, unfinished = unfinished - old.unfinished WHERE source = old.source;
        END;

        """
}
