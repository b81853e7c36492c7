internal import PrewarmCore
internal import PrewarmSQL

extension PostgresSchema {
    static let indexes = """
        CREATE INDEX revisions_of_source ON revisions (source, sequence);
        CREATE INDEX preset_keys_by_name ON preset_keys (name, source);
        CREATE INDEX workspaces_live ON workspaces (preset, state, fingerprint, ready_at NULLS FIRST, id)
            WHERE state <> \(WorkspaceState.deleted.code);
        CREATE INDEX workspaces_deleted ON workspaces (preset, created_at) WHERE state = \(WorkspaceState.deleted.code);
        CREATE INDEX workspaces_of_owner ON workspaces (owner) WHERE owner IS NOT NULL;
        CREATE INDEX workspaces_held ON workspaces (owner) WHERE state = \(WorkspaceState.claimed.code);
        CREATE UNIQUE INDEX workspaces_by_claim ON workspaces (claim_key, claim_caller) WHERE claim_key IS NOT NULL;
        CREATE INDEX workspaces_of_revision ON workspaces (revision);
        CREATE INDEX operations_due ON operations (provisioner, lane_class, round, id)
            WHERE state = \(Operation.State.pending.code);
        CREATE INDEX operations_waiting ON operations (next_attempt_at)
            WHERE state = \(Operation.State.pending.code) AND next_attempt_at > created_at;
        CREATE INDEX operations_running ON operations (id) WHERE state = \(Operation.State.running.code);
        CREATE INDEX operations_of_workspace ON operations (workspace, id) WHERE workspace <> id;
        CREATE INDEX operations_finished ON operations (finished_at) WHERE finished_at IS NOT NULL;
        CREATE INDEX operations_handover ON operations (id) WHERE \(SQLConditions.unfinishedHandover);
        CREATE INDEX logs_of_operation ON logs (operation, attempt);
        CREATE INDEX events_of_preset ON events (source, preset, sequence) WHERE preset IS NOT NULL;
        CREATE INDEX audit_by_time ON audit (at);
        CREATE INDEX claims_of_preset ON claims (preset, id);
        CREATE INDEX claims_of_owner ON claims (owner, id);
        CREATE INDEX claims_held ON claims (id) WHERE granted_at IS NOT NULL AND ended_at IS NULL;
        CREATE INDEX claims_ended ON claims (ended_at) WHERE ended_at IS NOT NULL;
        CREATE INDEX claims_leased ON claims (lease_look) WHERE lease_look IS NOT NULL;
        CREATE INDEX tickets_queue ON tickets (preset, priority DESC, since, id);
        CREATE INDEX tickets_of_owner ON tickets (owner);
        CREATE INDEX tickets_demand ON tickets (demand) WHERE demand IS NOT NULL;
        CREATE INDEX ended_waits_of_preset ON ended_waits (preset, until);
        CREATE INDEX ended_waits_by_end ON ended_waits (until);
        CREATE INDEX tickets_of_several ON tickets (id) WHERE others <> '';
        CREATE INDEX health_of_provisioner ON health (provisioner, interval_ms);
        CREATE INDEX missing_by_id ON missing (id);
        CREATE INDEX checks_of_provisioner ON checks (provisioner, workspace);
        """

    /// The numbers of live workspaces by preset, state and fingerprint, and the time at which the oldest became ready.
    static let tallies = """
        CREATE TABLE tallies (
            preset bigint NOT NULL, state bigint NOT NULL, fingerprint bigint NOT NULL, count bigint NOT NULL,
            oldest_ready_at bigint, PRIMARY KEY (preset, state, fingerprint)
        );
        """

    /// The standing of each pool after the last plan, and the sums of the settled ones.
    static let standings = """
        CREATE TABLE standings (
            preset bigint PRIMARY KEY, source TEXT NOT NULL, settled bigint NOT NULL, next_change bigint,
            unfinished bigint NOT NULL, replacement TEXT, build_ms bigint
        );
        CREATE INDEX standings_of_source ON standings (source);
        CREATE INDEX standings_open ON standings (source, preset) WHERE settled = 0;
        CREATE INDEX standings_next ON standings (source, next_change) WHERE settled = 1 AND next_change IS NOT NULL;
        CREATE INDEX standings_replacement ON standings (source, replacement) WHERE replacement IS NOT NULL;
        CREATE TABLE settled (source TEXT PRIMARY KEY, pools bigint NOT NULL, unfinished bigint NOT NULL);
        """

    /// The triggers that keep `tallies`, `standings` and `settled` up to date, as in the SQLite store.
    static let functions = """

        CREATE FUNCTION tallies_remove(leaving workspaces) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            UPDATE tallies AS t SET count = t.count - 1,
                oldest_ready_at = CASE WHEN t.oldest_ready_at IS DISTINCT FROM leaving.ready_at THEN t.oldest_ready_at ELSE (
                    SELECT min(w.ready_at) FROM workspaces AS w WHERE w.preset = leaving.preset AND w.state = leaving.state
                    AND w.state <> \(WorkspaceState.deleted.code) AND w.fingerprint = leaving.fingerprint) END
            WHERE t.preset = leaving.preset AND t.state = leaving.state AND t.fingerprint = leaving.fingerprint;
            DELETE FROM tallies AS t WHERE t.preset = leaving.preset AND t.state = leaving.state
                AND t.fingerprint = leaving.fingerprint AND t.count = 0;
            UPDATE standings AS s SET settled = 0 WHERE s.preset = leaving.preset AND s.settled = 1;
        END $$;
        CREATE FUNCTION workspaces_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF old.state <> \(WorkspaceState.deleted.code) THEN PERFORM tallies_remove(old); END IF;
            IF new.state <> \(WorkspaceState.deleted.code) THEN
                INSERT INTO tallies AS t VALUES (new.preset, new.state, new.fingerprint, 1, new.ready_at)
                ON CONFLICT (preset, state, fingerprint) DO UPDATE SET count = t.count + 1,
                    oldest_ready_at = least(t.oldest_ready_at, excluded.oldest_ready_at);
            END IF;
            UPDATE standings AS s SET settled = 0 WHERE s.preset = new.preset AND s.settled = 1;
            RETURN NULL;
        END $$;
        CREATE FUNCTION workspaces_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM tallies_remove(old);
            RETURN NULL;
        END $$;
        CREATE TRIGGER workspaces_changed AFTER UPDATE OF state, ready_at ON workspaces FOR EACH ROW
            WHEN (old.state <> new.state OR old.ready_at IS DISTINCT FROM new.ready_at)
            EXECUTE FUNCTION workspaces_changed();
        CREATE TRIGGER workspaces_deleted AFTER DELETE ON workspaces FOR EACH ROW
            WHEN (old.state <> \(WorkspaceState.deleted.code)) EXECUTE FUNCTION workspaces_deleted();
        CREATE FUNCTION tickets_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'INSERT' THEN
                UPDATE standings AS s SET settled = 0 WHERE s.preset = old.demand AND s.settled = 1;
            END IF;
            IF TG_OP <> 'DELETE' THEN
                UPDATE standings AS s SET settled = 0 WHERE s.preset = new.demand AND s.settled = 1;
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER tickets_changed AFTER INSERT OR DELETE ON tickets FOR EACH ROW
            EXECUTE FUNCTION tickets_changed();
        CREATE TRIGGER tickets_demand_changed AFTER UPDATE OF demand ON tickets FOR EACH ROW
            WHEN (old.demand IS DISTINCT FROM new.demand) EXECUTE FUNCTION tickets_changed();
        CREATE FUNCTION standings_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO settled AS s VALUES (new.source, new.settled - old.settled,
                new.settled * new.unfinished - old.settled * old.unfinished)
            ON CONFLICT (source) DO UPDATE SET pools = s.pools + excluded.pools,
                unfinished = s.unfinished + excluded.unfinished;
            RETURN NULL;
        END $$;
        CREATE FUNCTION standings_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE settled AS s SET pools = s.pools - 1, unfinished = s.unfinished - old.unfinished
                WHERE s.source = old.source;
            RETURN NULL;
        END $$;
        CREATE TRIGGER standings_changed AFTER UPDATE OF settled, unfinished ON standings FOR EACH ROW
            WHEN (old.settled = 1 OR new.settled = 1) EXECUTE FUNCTION standings_changed();
        CREATE TRIGGER standings_deleted AFTER DELETE ON standings FOR EACH ROW
            WHEN (old.settled = 1) EXECUTE FUNCTION standings_deleted();

        """
}
