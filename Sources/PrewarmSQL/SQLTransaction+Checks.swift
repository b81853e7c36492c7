internal import PrewarmCore
internal import PrewarmEngine

/// The checks of workspaces whose provisioners cannot list.
extension SQLTransaction {
    private static let checkColumns = "workspace, provisioner, at, state, message, active_at, failure, is_new"
    private static let selectChecks = "SELECT \(checkColumns) FROM checks"
    private static let saveCheck = SQLText.save(into: "checks", checkColumns, key: "workspace")

    func checks(provisioner: String) throws -> [WorkspaceID: Check] {
        var checks: [WorkspaceID: Check] = [:]
        try statement("\(Self.selectChecks) WHERE provisioner = ?").forEach(provisioner) { columns in
            let check = Self.check(&columns)
            checks[check.workspace] = check
        }
        return checks
    }

    func check(of workspace: WorkspaceID) throws -> Check? {
        try statement("\(Self.selectChecks) WHERE workspace = ?").first(workspace, read: Self.check)
    }

    func unfinishedChecks(provisioner: String) throws -> Set<WorkspaceID> {
        let reason = Reason.healthCheck.rawValue
        let pending = try statement(
            """
            SELECT workspace FROM operations INDEXED BY operations_due
            WHERE state = 0 AND provisioner = ? AND lane_class = ? AND reason = ?
            """
        ).all(provisioner, LaneClass(.inspect).rawValue, reason) { $0.next(WorkspaceID.self) }
        let running = try statement(
            """
            SELECT workspace FROM operations INDEXED BY operations_running
            WHERE state = 1 AND provisioner = ? AND reason = ?
            """
        ).all(provisioner, reason) { $0.next(WorkspaceID.self) }
        return Set(pending + running)
    }

    func save(_ check: Check) throws {
        try statement(Self.saveCheck).run(
            check.workspace, check.provisioner, check.at, check.state, check.message, check.activeAt, check.failure,
            check.isNew ? 1 : 0)
    }

    func settleChecks(of workspaces: Set<WorkspaceID>, provisioner: String) throws {
        let settle = try statement("UPDATE checks SET is_new = 0 WHERE workspace = ?")
        for workspace in workspaces.sorted() { try settle.run(workspace) }
        try statement(
            """
            DELETE FROM checks WHERE provisioner = ? AND NOT EXISTS (
                SELECT 1 FROM workspaces WHERE workspaces.id = workspace AND state <> \(WorkspaceState.deleted.code))
            """
        ).run(provisioner)
    }

    func forget(operation: OperationID) throws {
        progress.note()
        try statement("DELETE FROM operations WHERE id = ?").run(operation)
    }

    private static func check(_ columns: inout Columns) -> Check {
        Check(
            workspace: columns.next(), provisioner: columns.next(), at: columns.next(), state: columns.next(),
            message: columns.next(), activeAt: columns.next(), failure: columns.next(),
            isNew: columns.next(Int.self) != 0)
    }
}
