package import PrewarmCore

/// The identity and the progress of a store. They distinguish its workspaces from those of another prewarm, and the store
/// from an older copy.
package struct StoreIdentity: Hashable, Sendable {
    /// The identity: 32 hexadecimal digits, which are made with the store and never change.
    package let id: String
    /// A number that grows with each commit that claims a workspace, or starts or ends an operation.
    package let counter: Int64
    /// The newest workspace that the store ever made; an empty id if it made none.
    package let newest: WorkspaceID
    /// The identities of stores that this one replaces. Their workspaces count as its own.
    package let former: Set<String>
    /// The hold of the store; nil if prewarm acts on its contents.
    package let hold: StoreHold?

    package init(id: String, counter: Int64, newest: WorkspaceID, former: Set<String>, hold: StoreHold?) {
        self.id = id
        self.counter = counter
        self.newest = newest
        self.former = former
        self.hold = hold
    }

    /// Returns true if a listed workspace belongs to another prewarm.
    /// - Parameter store: The store identity of the workspace; nil if it has none, since then it may be ours.
    package func isForeign(_ store: String?) -> Bool {
        store.map { $0 != id && !former.contains($0) } ?? false
    }
}

/// A hold of the whole store, which `prewarm approve --restored` ends.
package struct StoreHold: Hashable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        /// The store is an older copy, so a workspace that is ready in it may be claimed. Claims and deletions are held.
        case restored = "Restored"
        /// The store is empty, and there was another one before. Orphans are not deleted.
        case fresh = "Fresh"
        /// The store has workspaces, and the file that would show an older copy is missing. Claims and deletions wait until each
        /// provisioner has listed its workspaces. Next: no hold, or ``restored``.
        case unconfirmed = "Unconfirmed"

        /// True if claims are refused and deletions are held, since a workspace that is ready in the store may be claimed.
        package var isOfClaims: Bool { self != .fresh }
    }

    package let reason: Reason
    /// One sentence that says how prewarm detected it.
    package let message: String
    package let since: Timestamp

    package init(_ reason: Reason, _ message: String, since: Timestamp) {
        self.reason = reason
        self.message = message
        self.since = since
    }

    /// One sentence with the effects of the hold and its cause.
    package var sentence: String {
        switch reason {
        case .restored: "the store is a restored copy, so claims are refused and deletions are held: \(message)"
        case .fresh: "the store is new, so orphans are not deleted: \(message)"
        case .unconfirmed:
            "the store may be an older copy, so claims and deletions wait until each provisioner has listed its "
                + "workspaces: \(message)"
        }
    }

    /// The next step for a user who meets the hold.
    package var hint: String {
        let approval = "look at `prewarm get orphans`, then run `prewarm approve --restored`"
        return switch reason {
        case .restored, .fresh: approval
        case .unconfirmed: "list now with `prewarm sync --refresh`; if a list fails, \(approval)"
        }
    }
}

extension StoreReader {
    /// Returns the hold of a store that is, or may be, a restored copy; nil if claims and deletions are allowed.
    package func restoredHold() throws -> StoreHold? {
        guard let hold = try identity().hold, hold.reason.isOfClaims else { return nil }
        return hold
    }
}
