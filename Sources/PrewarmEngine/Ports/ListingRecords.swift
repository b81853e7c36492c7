package import PrewarmCore

/// A workspace of the store of which a provisioner's list says that it is gone or not well.
///
/// It is kept until the list agrees with the store again, or the workspace is no longer ready or claimed.
package struct Suspect: Hashable, Sendable {
    package let workspace: WorkspaceID
    /// When a list first said so, without one in between that did not.
    package let since: Timestamp
    /// In the provisioner's own words; nil where the list lacks it.
    package let state: String?
    /// True for a claimed one once operators were notified: it is never touched.
    package var isReported: Bool

    package init(workspace: WorkspaceID, since: Timestamp, state: String? = nil, isReported: Bool = false) {
        self.workspace = workspace
        self.since = since
        self.state = state
        self.isReported = isReported
    }

    /// `the provisioner local lists it as "stopped"`
    package func message(of provisioner: String) -> String {
        guard let state else { return "the provisioner \(provisioner) does not list it any more" }
        return "the provisioner \(provisioner) lists it as \"\(state.printable)\""
    }
}

/// What was learned from a provisioner's last list.
package struct Listing: Hashable, Sendable {
    package let provisioner: String
    /// When it was asked for.
    package let at: Timestamp
    /// Workspaces that the store does not know, at most ``Orphan/keptLimit``.
    package let orphans: [Orphan]
    /// The number of orphans beyond those that are kept.
    package let moreOrphans: Int
    /// States that are none of the contract's; each was reported once.
    package let unknownStates: [String]

    package init(
        provisioner: String, at: Timestamp, orphans: [Orphan] = [], moreOrphans: Int = 0, unknownStates: [String] = []
    ) {
        self.provisioner = provisioner
        self.at = at
        self.orphans = orphans
        self.moreOrphans = moreOrphans
        self.unknownStates = unknownStates
    }
}

extension Orphan {
    /// The number of orphans that are kept of each provisioner; the rest is counted.
    package static let keptLimit = 1000
}
