internal import PrewarmCore
internal import PrewarmEngine

/// The queue of pending operations (``QueuePlace``).
extension SQLTransaction {
    func dueOperations(_ filter: DueFilter, now: Timestamp, limit: Int) throws -> [OperationRecord] {
        // In a restored copy, a ready workspace may be claimed in reality, so no workspace is deleted.
        var isOfAll = true
        // Only the process that holds the request of a claim has what its handover needs.
        var conditions = " AND kind <> \(Operation.Kind.claim.code)"
        if try restoredHold() != nil { conditions += " AND kind <> \(Operation.Kind.delete.code)" }
        // A time beyond the longest wait comes from a clock that was set back since then.
        var values: [any SQLValue] = [filter.provisioner, now, now + Operation.longestWait]
        if let laneClass = filter.laneClass {
            conditions += " AND lane_class = ?"
            values.append(laneClass.rawValue)
        }
        if filter.isOfCreates { conditions += " AND kind = \(Operation.Kind.create.code)" }
        if let name = filter.preset {
            isOfAll = false
            conditions += " AND id IN (\(Self.operations(of: Self.liveWorkspaces)))"
            values += [name, name]
        }
        if let workspace = filter.workspace {
            isOfAll = false
            conditions += " AND id IN (\(Self.operations(of: "SELECT ?")))"
            values += [workspace, workspace]
        } else {
            conditions += " AND NOT (\(Self.fillsPool) AND preset IN (\(Self.backingOff)))"
            values += [now, now]
            let suspensions = try suspensionsInForce(at: now)
            if suspensions.isOfAll {
                conditions += " AND \(Self.isRelease)"
            } else if suspensions.areAny {
                conditions += " AND (preset NOT IN (\(Self.suspendedPresets)) OR \(Self.isRelease))"
                values.append(now)
            }
        }
        // The unary plus makes SQLite use the few ids instead of scanning all due operations.
        let (index, plus) = isOfAll ? ("INDEXED BY operations_due", "") : ("", "+")
        let workspace = connection.readsWholeRows ? Self.workspaceOfDue : "due.workspace"
        // Waiting operations are skipped within the index. Rows are read only for due operations.
        let select = try statement(
            """
            SELECT \(Self.operationColumns) FROM operations WHERE id IN (
                SELECT id FROM operations AS due \(index)
                WHERE \(plus)provisioner = ? AND \(plus)state = 0
                AND (next_attempt_at <= ? OR next_attempt_at > ?)\(conditions)
                AND NOT EXISTS (SELECT 1 FROM operations AS other
                    WHERE other.id = \(workspace) AND \(Self.comesBeforeDue))
                AND NOT EXISTS (SELECT 1 FROM operations AS other INDEXED BY operations_of_workspace
                    WHERE other.workspace = \(workspace) AND other.workspace <> other.id
                    AND \(Self.comesBeforeDue))
                ORDER BY lane_class, round, id LIMIT ?)
            ORDER BY lane_class, round, id
            """)
        return try records(select, values + [limit])
    }

    private static let workspaceOfDue = "(SELECT workspace FROM operations WHERE id = due.id)"
    /// A handover that waits comes before no other operation: it follows the create of its workspace.
    private static let comesBeforeDue = """
        other.id <> due.id AND (other.state = 1 OR (other.state = 0 AND other.kind <> \(Operation.Kind.claim.code)
            AND (other.kind = 1, other.id) < (due.kind = 1, due.id)))
        """
    private static let isRelease = """
        (kind = \(Operation.Kind.delete.code) AND reason IN ('\(Reason.released.rawValue)', '\(Reason.revoked.rawValue)'))
        """
    /// The condition for creates that fill a pool, of any priority. No user waits for them.
    private static let fillsPool = """
        lane_class BETWEEN \(LaneClass(.create, priority: 1000).rawValue) AND \(LaneClass(.create, priority: -1000).rawValue)
        """
    /// The query for presets whose next try is not due yet, or is already running, as in
    /// ``FailureRecord/mayRetry(at:)``. The current time has to be bound twice.
    private static let backingOff = """
        SELECT preset FROM failures WHERE retry_at > ? AND retry_at - ? <= \(longestPause) OR EXISTS (
            SELECT 1 FROM operations AS try INDEXED BY operations_running
            WHERE try.state = 1 AND try.kind = \(Operation.Kind.create.code) AND try.preset = failures.preset)
        """

    private static let longestPause =
        "min(max(retry_at - failed_at, 0), \(FailureRecord.stalledPause.wholeMilliseconds))"

    private static let liveWorkspaces = """
        SELECT id FROM workspaces INDEXED BY workspaces_live
        WHERE preset IN (SELECT id FROM preset_keys WHERE name = ?) AND state <> 5
        """

    func nextLaneClass(of provisioner: String, after: LaneClass?) throws -> LaneClass? {
        let next =
            try statement(
                """
                SELECT min(lane_class) FROM operations INDEXED BY operations_due
                WHERE state = 0 AND provisioner = ? AND lane_class > ?
                """
            ).first(provisioner, after?.rawValue ?? Int.min) { columns in columns.next(Int?.self) } ?? nil
        return next.map { LaneClass(rawValue: $0) }
    }

    func nextAttempt(after time: Timestamp) throws -> Timestamp? {
        try statement(
            """
            SELECT min(next_attempt_at) FROM operations INDEXED BY operations_waiting
            WHERE state = 0 AND next_attempt_at > created_at AND next_attempt_at > ?
            """
        ).first(time) { columns in columns.next(Timestamp?.self) } ?? nil
    }

    func raiseDeletes(of scope: Suspension.Scope, provisioners: [String]) throws {
        let raise = """
            UPDATE operations INDEXED BY operations_due SET lane_class = \(LaneClass(.deleteForRoom).rawValue)
            WHERE state = 0 AND provisioner = ? AND lane_class = \(LaneClass(.delete).rawValue)
            """
        for provisioner in provisioners {
            switch scope {
            case .all: try statement(raise).run(provisioner)
            case .source(let name):
                try statement("\(raise) AND preset IN (SELECT id FROM preset_keys WHERE source = ?)")
                    .run(provisioner, name)
            case .preset(let key): try statement("\(raise) AND preset = ?").run(provisioner, presetID(key))
            }
        }
    }

    func setPriority(_ priority: Int, of preset: PresetKey) throws {
        try statement(
            """
            UPDATE operations SET lane_class = ?2 WHERE state = 0 AND \(Self.fillsPool)
            AND id IN (SELECT id FROM workspaces INDEXED BY workspaces_live
                WHERE preset = ?1 AND state IN (0, 1) AND state <> 5)
            """
        ).run(presetID(preset), LaneClass(.create, priority: priority).rawValue)
    }

    /// Returns the round of the first create of each group (``QueuePlace/firstRound(current:own:)``).
    func firstRounds(of groups: [NewWorkspaces]) throws -> [Int] {
        let current = try statement(
            """
            SELECT min(round) FROM operations INDEXED BY operations_due
            WHERE state = 0 AND provisioner = ? AND lane_class = ?
            """)
        let own = try statement(
            """
            SELECT max(round) FROM workspaces INDEXED BY workspaces_live CROSS JOIN operations
                ON operations.id = workspaces.id AND operations.state = 0
            WHERE workspaces.preset = ? AND workspaces.state = 0 AND workspaces.state <> 5
            """)
        var known: [String: [Int: Int?]] = [:]
        return try groups.map { group in
            let (provisioner, number) = (group.spec.provisioner, group.laneClass.rawValue)
            let round: Int?
            if let found = known[provisioner]?[number] {
                round = found
            } else {
                round = try current.first(provisioner, number) { columns in columns.next(Int?.self) } ?? nil
                known[provisioner, default: [:]][number] = .some(round)
            }
            guard let round else { return 0 }
            let last = try own.first(addedPresetID(group.preset)) { columns in columns.next(Int?.self) } ?? nil
            return QueuePlace.firstRound(current: round, own: last)
        }
    }
}

extension NewWorkspaces {
    var laneClass: LaneClass { LaneClass(Lane(.create, reason: reason), priority: priority) }
}
