internal import PrewarmCore
internal import PrewarmEngine

extension SQLiteTransaction {
    private static let columns = """
        id, kind, workspace, preset, provisioner, reason, state, attempt, next_attempt_at, error, created_at, \
        started_at, finished_at, lease_holder, lease_fence, lease_until, mark_group, mark_start, mark_boot
        """

    func operation(_ id: OperationID) throws -> OperationRecord? {
        let decoder = try WorkspaceDecoder(self)
        return try statement("SELECT \(Self.columns) FROM operations WHERE id = ?")
            .first(id) { columns in try record(&columns, decoder) } ?? nil
    }

    func operations(_ filter: OperationFilter) throws -> [OperationRecord] {
        var conditions = ["true"]
        var values: [any SQLiteValue] = []
        if !filter.states.isEmpty { conditions.append(filter.states.condition(on: "state")) }
        if let key = filter.preset {
            guard let preset = try presetID(key) else { return [] }
            let live = "SELECT id FROM workspaces WHERE preset = ? AND state <> 5"
            let deleted = "SELECT id FROM workspaces WHERE preset = ? AND state = 5"
            conditions.append("id IN (\(Self.operations(of: "\(live) UNION ALL \(deleted)")))")
            values += [preset, preset, preset, preset]
        }
        if let workspace = filter.workspace {
            conditions.append("id IN (\(Self.operations(of: "SELECT ?")))")
            values += [workspace, workspace]
        }
        if let before = filter.before {
            conditions.append("id < ?")
            values.append(before)
        }
        values.append(filter.limit ?? -1)
        let condition = conditions.joined(separator: " AND ")
        let isOfAll = filter.preset == nil && filter.workspace == nil
        let index = isOfAll ? Self.index(of: filter.states) : ""
        let select = "SELECT \(Self.columns) FROM operations \(index) WHERE \(condition) ORDER BY id DESC LIMIT ?"
        return try records(statement(select), values)
    }

    /// For the few that are not finished; SQLite would rather walk through all that ever were, in the order asked for.
    private static func index(of states: [Operation.State]) -> String {
        switch states {
        case [.pending]: "INDEXED BY operations_due"
        case [.running]: "INDEXED BY operations_running"
        default: ""
        }
    }

    func dueOperations(_ filter: DueFilter, now: Timestamp, limit: Int) throws -> [OperationRecord] {
        // What is ready in a restored copy may be claimed, so nothing of it is deleted.
        var isOfAll = true
        var conditions = try restoredHold() == nil ? "" : " AND kind <> \(Operation.Kind.delete.code)"
        // A time that is further ahead than any wait is of a clock that was put back since.
        var values: [any SQLiteValue] = [filter.provisioner, now, now + Operation.longestWait]
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
            let suspensions = try suspensionsInForce(at: now)
            if suspensions.isOfAll { return [] }
            if suspensions.areAny {
                conditions += " AND preset NOT IN (\(Self.suspendedPresets))"
                values.append(now)
            }
        }
        // A plus keeps SQLite from going through all that is due in place of the few ids.
        let (index, plus) = isOfAll ? ("INDEXED BY operations_due", "") : ("", "+")
        // What has to wait is passed by in the index alone: the rows themselves are read of those that are due.
        let select = try statement(
            """
            SELECT \(Self.columns) FROM operations WHERE id IN (
                SELECT id FROM operations AS due \(index)
                WHERE \(plus)provisioner = ? AND \(plus)state = 0
                AND (next_attempt_at <= ? OR next_attempt_at > ?)\(conditions)
                AND NOT EXISTS (SELECT 1 FROM operations AS other
                    WHERE other.id = \(Self.workspaceOfDue) AND \(Self.comesBeforeDue))
                AND NOT EXISTS (SELECT 1 FROM operations AS other INDEXED BY operations_of_workspace
                    WHERE other.workspace = \(Self.workspaceOfDue) AND other.workspace <> other.id
                    AND \(Self.comesBeforeDue))
                ORDER BY (kind = 1), id LIMIT ?)
            ORDER BY (kind = 1), id
            """)
        return try records(select, values + [limit])
    }

    private static let workspaceOfDue = "(SELECT workspace FROM operations WHERE id = due.id)"
    private static let comesBeforeDue = """
        other.id <> due.id AND (other.state = 1
            OR (other.state = 0 AND (other.kind = 1, other.id) < (due.kind = 1, due.id)))
        """

    /// The ids of the operations of workspaces, whose select is bound twice: the create of each has its id.
    private static func operations(of workspaces: String) -> String {
        """
        \(workspaces) UNION ALL SELECT id FROM operations INDEXED BY operations_of_workspace
        WHERE workspace IN (\(workspaces)) AND workspace <> id
        """
    }

    private static let liveWorkspaces = """
        SELECT id FROM workspaces INDEXED BY workspaces_live
        WHERE preset IN (SELECT id FROM preset_keys WHERE name = ?) AND state <> 5
        """

    func nextAttempt(after time: Timestamp) throws -> Timestamp? {
        try statement(
            """
            SELECT min(next_attempt_at) FROM operations INDEXED BY operations_waiting
            WHERE state = 0 AND next_attempt_at > created_at AND next_attempt_at > ?
            """
        ).first(time) { columns in columns.next(Timestamp?.self) } ?? nil
    }

    func insert(_ operations: [Operation]) throws {
        if !operations.isEmpty { progress.note() }
        let insert = """
            INSERT OR FAIL INTO operations (id, kind, workspace, preset, provisioner, reason, state, attempt, \
            next_attempt_at, error, created_at, started_at, finished_at)
            """
        try self.insert(operations, by: insert, row: "(?,?,?,?,?,?,?,?,?,?,?,?,?)") { operation, binder in
            try binder.bind(
                operation.id, operation.kind.code, operation.workspace, addedPresetID(operation.preset),
                operation.provisioner, operation.reason.rawValue, operation.state.code, operation.attempt,
                operation.nextAttemptAt, operation.error, operation.createdAt, operation.startedAt,
                operation.finishedAt)
        }
    }

    func update(_ record: OperationRecord) throws {
        progress.note()
        let operation = record.operation
        try statement(
            """
            UPDATE operations SET state = ?2, attempt = ?3, next_attempt_at = ?4, error = ?5, started_at = ?6,
            finished_at = ?7, lease_holder = ?8, lease_fence = ?9, lease_until = ?10, mark_group = ?11,
            mark_start = ?12, mark_boot = ?13 WHERE id = ?1
            """
        ).run(
            operation.id, operation.state.code, operation.attempt, operation.nextAttemptAt, operation.error,
            operation.startedAt, operation.finishedAt, record.lease?.holder, record.lease?.fence, record.lease?.until,
            record.mark.map { Int64($0.group) }, record.mark?.startTime, record.mark?.bootID)
    }

    func cancelOperations(of workspaces: [WorkspaceID], now: Timestamp) throws {
        let cancel = "UPDATE operations SET state = 4, finished_at = ?2 WHERE state = 0 AND"
        let create = try statement("\(cancel) id = ?1")
        let others = try statement("\(cancel) workspace = ?1 AND workspace <> id")
        for id in workspaces {
            try create.run(id, now)
            try others.run(id, now)
        }
    }

    private func records(_ select: PreparedStatement, _ values: [any SQLiteValue]) throws -> [OperationRecord] {
        let decoder = try WorkspaceDecoder(self)
        var records: [OperationRecord] = []
        try select.forEach(filteredBy: values) { columns in
            if let record = try record(&columns, decoder) { records.append(record) }
        }
        return records
    }

    /// Nil where kind, reason or state are unknown.
    private func record(_ columns: inout Columns, _ decoder: WorkspaceDecoder) throws -> OperationRecord? {
        let (id, kind) = (columns.next(OperationID.self), Operation.Kind(code: columns.next()))
        let (workspace, preset) = (columns.next(WorkspaceID.self), try decoder.presetKey(columns.next()))
        let (provisioner, reason) = (columns.next(String.self), Reason(rawValue: columns.next()))
        guard let kind, let reason, let state = Operation.State(code: columns.next()) else { return nil }
        let operation = Operation(
            id: id, kind: kind, workspace: workspace, preset: preset, provisioner: provisioner, reason: reason,
            state: state, attempt: columns.next(), nextAttemptAt: columns.next(), error: columns.next(),
            createdAt: columns.next(), startedAt: columns.next(), finishedAt: columns.next())
        return OperationRecord(operation, lease: lease(&columns), mark: mark(&columns))
    }

    private func lease(_ columns: inout Columns) -> Lease? {
        let holder = columns.next(String?.self)
        let (fence, until) = (columns.next(Int64.self), columns.next(Timestamp.self))
        return holder.map { Lease(holder: $0, fence: fence, until: until) }
    }

    private func mark(_ columns: inout Columns) -> ProcessMark? {
        let group = columns.next(Int64?.self).flatMap { Int32(exactly: $0) }
        let (start, boot) = (columns.next(UInt64.self), columns.next(String.self))
        return group.map { ProcessMark(group: $0, startTime: start, bootID: boot) }
    }
}
