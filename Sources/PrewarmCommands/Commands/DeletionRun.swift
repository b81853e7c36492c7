import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The deletion of a workspace whose claim has ended. Without a daemon, the command deletes it.
struct DeletionRun {
    let session: Session
    let console: Console

    /// Deletes the workspace, or returns at once if a daemon deletes it.
    /// - Throws: ``CommandFailure`` if the deletion failed. The next sync tries again.
    func finish(_ workspace: WorkspaceDocument) async throws {
        guard let context = session.local, workspace.state != .deleted else { return }
        let name = workspace.name
        let display = ProgressDisplay(console, drawsLive: false)
        let report = try await OperationRunner(
            context.engine, workspace: WorkspaceID(workspace.id)
        ) {
            display.show(.operation($0))
        }
        .run()
        if let failed = report.failed.first {
            throw CommandFailure(
                "cannot delete \(name): \(failed.error ?? "")",
                hint: "read the log: `prewarm logs \(failed.id)`; the next `prewarm sync` tries again")
        }
        if let waiting = report.notStarted.values.first {
            throw CommandFailure(
                "cannot delete \(name): \(waiting.error ?? "")", hint: "the next `prewarm sync` tries again")
        }
    }
}
