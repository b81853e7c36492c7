internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    static let operationColumns = """
        id, kind, workspace, preset, provisioner, reason, state, attempt, next_attempt_at, error, created_at, \
        started_at, finished_at, lease_holder, lease_fence, lease_until, mark_group, mark_start, mark_boot, \
        lane_class, round, unanswered_at
        """

    func operation(_ id: OperationID) throws -> OperationRecord? {
        let decoder = try WorkspaceDecoder(self)
        return try statement("SELECT \(Self.operationColumns) FROM operations WHERE id = ?")
            .first(id) { columns in try record(&columns, decoder) } ?? nil
    }

    func operations(_ filter: OperationFilter) throws -> [OperationRecord] {
        var conditions = ["true"]
        var values: [any SQLValue] = []
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
        values.append(filter.limit ?? .max)
        let condition = conditions.joined(separator: " AND ")
        let isOfAll = filter.preset == nil && filter.workspace == nil
        let index = isOfAll ? Self.index(of: filter.states) : ""
        let select =
            "SELECT \(Self.operationColumns) FROM operations \(index) WHERE \(condition) ORDER BY id DESC LIMIT ?"
        return try records(statement(select), values)
    }

    /// Returns the index for the few unfinished operations. Otherwise, SQLite would scan all operations in the
    /// requested order.
    private static func index(of states: [Operation.State]) -> String {
        switch states {
        case [.pending]: "INDEXED BY operations_due"
        case [.running]: "INDEXED BY operations_running"
        default: ""
        }
    }

    /// Returns a query for the ids of the operations of workspaces. The create of a workspace has the id of the
    /// workspace. The values of the query for the workspaces have to be bound twice.
    static func operations(of workspaces: String) -> String {
        """
        \(workspaces) UNION ALL SELECT id FROM operations INDEXED BY operations_of_workspace
        WHERE workspace IN (\(workspaces)) AND workspace <> id
        """
    }

    func insert(_ operations: [Operation]) throws {
        if !operations.isEmpty {
            progress.note()
            hints.add(.changed(source: nil))
        }
        let insert = """
            INSERT OR FAIL INTO operations (id, kind, workspace, preset, provisioner, reason, state, attempt, \
            next_attempt_at, error, created_at, started_at, finished_at, lane_class, unanswered_at)
            """
        try self.insert(operations, by: insert, row: "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") { operation, binder in
            try binder.bind(
                operation.id, operation.kind.code, operation.workspace, addedPresetID(operation.preset),
                operation.provisioner, operation.reason.rawValue, operation.state.code, operation.attempt,
                operation.nextAttemptAt, operation.error, operation.createdAt, operation.startedAt,
                operation.finishedAt, OperationRecord(operation).place.laneClass.rawValue, operation.unansweredAt)
        }
    }

    func update(_ record: OperationRecord) throws {
        progress.note()
        let operation = record.operation
        try statement(
            """
            UPDATE operations SET state = ?2, attempt = ?3, next_attempt_at = ?4, error = ?5, started_at = ?6,
            finished_at = ?7, lease_holder = ?8, lease_fence = ?9, lease_until = ?10, mark_group = ?11,
            mark_start = ?12, mark_boot = ?13, unanswered_at = ?14 WHERE id = ?1
            """
        ).run(
            operation.id, operation.state.code, operation.attempt, operation.nextAttemptAt, operation.error,
            operation.startedAt, operation.finishedAt, record.lease?.holder, record.lease?.fence, record.lease?.until,
            record.mark.map { Int64($0.group) }, record.mark?.startTime, record.mark?.bootID, operation.unansweredAt)
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

    func records(_ select: PreparedStatement, _ values: [any SQLValue]) throws -> [OperationRecord] {
        let decoder = try WorkspaceDecoder(self)
        var records: [OperationRecord] = []
        try select.forEach(filteredBy: values) { columns in
            if let record = try record(&columns, decoder) { records.append(record) }
        }
        return records
    }

    /// Reads an operation. Nil if its kind, reason or state is unknown.
    private func record(_ columns: inout Columns, _ decoder: WorkspaceDecoder) throws -> OperationRecord? {
        let (id, kind) = (columns.next(OperationID.self), Operation.Kind(code: columns.next()))
        let (workspace, preset) = (columns.next(WorkspaceID.self), try decoder.presetKey(columns.next()))
        let (provisioner, reason) = (columns.next(String.self), Reason(rawValue: columns.next()))
        guard let kind, let reason, let state = Operation.State(code: columns.next()) else { return nil }
        var operation = Operation(
            id: id, kind: kind, workspace: workspace, preset: preset, provisioner: provisioner, reason: reason,
            state: state, attempt: columns.next(), nextAttemptAt: columns.next(), error: columns.next(),
            createdAt: columns.next(), startedAt: columns.next(), finishedAt: columns.next())
        let (lease, mark) = (lease(&columns), mark(&columns))
        let place = QueuePlace(LaneClass(rawValue: columns.next()), round: columns.next())
        operation.unansweredAt = columns.next()
        return OperationRecord(operation, lease: lease, mark: mark, place: place)
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
