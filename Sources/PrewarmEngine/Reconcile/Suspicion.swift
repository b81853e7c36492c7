package import PrewarmCore

/// A list of a provisioner that suddenly lacks more workspaces than the deletion guard's share. A provider that answers
/// only in part is then more likely than a loss, so prewarm waits for a second list (DESIGN.md §3).
package struct Suspicion: Hashable, Sendable {
    /// The workspaces that the list lacks or reports as broken. They are not replaced until a later list agrees.
    package let missing: Set<WorkspaceID>
    /// The number of workspaces that should be in the list.
    package let expected: Int
    /// The time that has to lie between two lists that agree.
    package let interval: Duration
    /// False if the list before lacked the same workspaces.
    package let isNew: Bool
    /// True if the workspaces were inspected one by one, because the provisioner cannot list.
    package var isOfChecks = false

    /// Returns one sentence for events, logs and the command line.
    package func message(of provisioner: String) -> String {
        let share = "\(missing.count) of \(expected)"
        if isOfChecks {
            return
                "\(share) workspaces of the provisioner \(provisioner) are missing or broken at once; prewarm replaces "
                + "none of them until checks at least \(interval.prewarmText) later agree"
        }
        return "the list of the provisioner \(provisioner) lacks \(share) workspaces that should be in it; prewarm "
            + "does not replace them until a list at least \(interval.prewarmText) later agrees"
    }

    func event(of provisioner: String, at: Timestamp) -> Event {
        Event(
            at: at, kind: .warning, reason: .listSuspect, object: "provisioner", name: provisioner,
            message: message(of: provisioner))
    }
}
