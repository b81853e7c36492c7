package import PrewarmCore

/// A provisioner's list that suddenly lacks more than the guard's share: a provider that answers half, more likely than
/// one that lost it all (DESIGN.md §8).
package struct Suspicion: Hashable, Sendable {
    /// The workspaces that the list lacks or calls broken, and that are not replaced until a later list agrees.
    package let missing: Set<WorkspaceID>
    /// How many should be in the list.
    package let expected: Int
    /// How far apart the lists that agree have to be.
    package let interval: Duration
    /// False where the list before lacked the same ones.
    package let isNew: Bool

    /// For the status and the command line.
    package func message(of provisioner: String) -> String {
        "the list of the provisioner \(provisioner) lacks \(missing.count) of \(expected) workspaces that should be in it; "
            + "none of them is replaced until a list at least \(interval.prewarmText) later agrees"
    }

    func event(of provisioner: String, at: Timestamp) -> Event {
        Event(
            at: at, kind: .warning, reason: "ListSuspect", object: "provisioner", name: provisioner,
            message: message(of: provisioner))
    }
}
