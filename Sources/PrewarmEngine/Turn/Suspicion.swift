package import PrewarmCore

/// A provisioner's list that suddenly lacks more than the guard's share: a provider that answers half, more likely than
/// one that lost it all (DESIGN.md §8).
package struct Suspicion: Hashable, Sendable {
    /// Not replaced until the next list lacks them, too.
    package let missing: Set<WorkspaceID>
    /// How many should be in the list.
    package let expected: Int

    /// For the status and the command line.
    package func message(of provisioner: String) -> String {
        "the list of the provisioner \(provisioner) lacks \(missing.count) of \(expected) workspaces that should be in it; "
            + "none of them is replaced until the next list agrees"
    }

    func event(of provisioner: String, at: Timestamp) -> Event {
        Event(
            at: at, kind: .warning, reason: "ListSuspect", object: "provisioner", name: provisioner,
            message: message(of: provisioner))
    }
}

extension Engine {
    /// Which of the missing ones are not believed to be gone; remembered for the next list.
    func suspicion(
        missing: [Workspace], of expected: Int, provisioner: String, in store: any StoreWriter
    ) throws -> Suspicion? {
        let before = try store.missing(provisioner: provisioner)
        var unsure: Set<WorkspaceID> = []
        // However few there are: all of three is most of them, too.
        if missing.count > 1, policy.deletionGuard.isMost(missing.count, of: expected) {
            unsure = Set(missing.map(\.id)).subtracting(before)
        }
        if unsure != before { try store.replaceMissing(unsure, provisioner: provisioner) }
        return unsure.isEmpty ? nil : Suspicion(missing: unsure, expected: expected)
    }
}
