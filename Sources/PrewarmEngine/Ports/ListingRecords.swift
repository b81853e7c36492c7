package import PrewarmCore

/// A ready or claimed workspace that a provisioner's list lacks or reports as broken.
///
/// It is kept until the list agrees with the store again, or the workspace is no longer ready or claimed.
package struct Suspect: Hashable, Sendable {
    package let workspace: WorkspaceID
    /// The time of the first of the lists in a row that lack the workspace or report it as broken.
    package let since: Timestamp
    /// The state in the list; nil if the list lacks the workspace.
    package let state: String?
    /// The provisioner's message about the state; nil if it gave none.
    package let message: String?
    /// The number of lists in a row that lack the workspace or report it as broken.
    package let misses: Int
    /// True for a claimed workspace after an event reported it. prewarm never touches a claimed workspace.
    package var isReported: Bool

    package init(
        workspace: WorkspaceID, since: Timestamp, state: String? = nil, message: String? = nil, misses: Int = 1,
        isReported: Bool = false
    ) {
        self.message = message
        self.misses = misses
        self.workspace = workspace
        self.since = since
        self.state = state
        self.isReported = isReported
    }

    /// Returns the text `the provisioner local reports the workspace as "stopped"`.
    package func message(of provisioner: String) -> String {
        guard let state else { return "the provisioner \(provisioner) no longer has the workspace" }
        return "the provisioner \(provisioner) reports the workspace as \"\(state.printable)\""
            + (message.map { ": \($0.printable)" } ?? "")
    }
}

/// The record of a provisioner's last list.
package struct Listing: Hashable, Sendable {
    package let provisioner: String
    /// The time at which the list was requested.
    package let at: Timestamp
    /// The workspaces that the store does not know, at most ``Orphan/keptLimit``.
    package let orphans: [Orphan]
    /// The number of orphans beyond ``orphans``.
    package let moreOrphans: Int
    /// The states in lists that are not in the contract. Each was reported once.
    package let unknownStates: [String]

    /// The time of a list that does not count any more.
    package static let forgotten = Timestamp(seconds: 0)

    package init(
        provisioner: String, at: Timestamp, orphans: [Orphan] = [], moreOrphans: Int = 0, unknownStates: [String] = []
    ) {
        self.provisioner = provisioner
        self.at = at
        self.orphans = orphans
        self.moreOrphans = moreOrphans
        self.unknownStates = unknownStates
    }

    /// Returns the listing without orphans that were adopted.
    func without(_ adopted: Set<WorkspaceID>) -> Listing {
        Listing(
            provisioner: provisioner, at: at, orphans: orphans.filter { !adopted.contains($0.id) },
            moreOrphans: moreOrphans, unknownStates: unknownStates)
    }
}

extension Orphan {
    /// The largest number of orphans that are kept for each provisioner. Further ones are only counted.
    package static let keptLimit = 1000
}

/// An orphan: a workspace that a provisioner lists and the store does not know.
package struct Orphan: Hashable, Sendable {
    package let provisioner: String
    package let id: WorkspaceID
    /// The state in the provisioner's own words; nil if the list has none.
    package let state: String?
    /// The time of the first list that had it.
    package let since: Timestamp
    /// The identity of the store that made it; nil if the list has none.
    package let store: String?

    package init(provisioner: String, id: WorkspaceID, state: String?, since: Timestamp, store: String? = nil) {
        self.provisioner = provisioner
        self.id = id
        self.state = state
        self.since = since
        self.store = store
    }
}

/// The reason why a provisioner cannot list its workspaces. Until it can, prewarm does not detect lost workspaces there.
package struct ListFailure: Hashable, Sendable {
    package let provisioner: String
    package let message: String
    package let since: Timestamp

    package init(provisioner: String, message: String, since: Timestamp) {
        self.provisioner = provisioner
        self.message = message
        self.since = since
    }
}
