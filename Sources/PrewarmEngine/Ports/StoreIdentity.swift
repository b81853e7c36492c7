package import PrewarmCore

/// The identity of a store, which tells its workspaces from those of another prewarm, and how far it has come.
package struct StoreIdentity: Hashable, Sendable {
    /// 32 hexadecimal digits, made with the store and the same for ever.
    package let id: String
    /// A number that grows with each commit that claims a workspace, or starts or ends an operation.
    package let counter: Int64
    /// The newest workspace that the store ever made; an empty one if it never made any.
    package let newest: WorkspaceID
    /// The identities of stores that this one replaces: their workspaces count as its own.
    package let former: Set<String>
    /// The reason why the store does not act on what it knows, if it does not.
    package let hold: StoreHold?

    package init(id: String, counter: Int64, newest: WorkspaceID, former: Set<String>, hold: StoreHold?) {
        self.id = id
        self.counter = counter
        self.newest = newest
        self.former = former
        self.hold = hold
    }

    /// Returns true if a listed workspace belongs to another prewarm. One without an identity may be ours.
    package func isForeign(_ store: String?) -> Bool {
        store.map { $0 != id && !former.contains($0) } ?? false
    }
}

/// A doubt about the store that only a person can settle, by `prewarm approve --restored`.
package struct StoreHold: Hashable, Sendable {
    package enum Reason: String, Sendable {
        /// The store is an older copy: what it calls ready may be claimed. Claims and deletions are held.
        case restored = "Restored"
        /// The store is empty, and another one was here before: orphans are not deleted.
        case fresh = "Fresh"
    }

    package let reason: Reason
    /// One sentence that says how prewarm recognized it.
    package let message: String
    package let since: Timestamp

    package init(_ reason: Reason, _ message: String, since: Timestamp) {
        self.reason = reason
        self.message = message
        self.since = since
    }

    /// What the hold means and what ends it.
    package var sentence: String {
        switch reason {
        case .restored: "the store is a restored copy, so claims are refused and deletions are held: \(message)"
        case .fresh: "the store is new, so orphans are not deleted: \(message)"
        }
    }

    package static let hint = "look at `prewarm get orphans`, then run `prewarm approve --restored`"
}

extension StoreReader {
    /// The hold of a restored copy; nil for a store that may claim and delete.
    package func restoredHold() throws -> StoreHold? {
        guard let hold = try identity().hold, hold.reason == .restored else { return nil }
        return hold
    }
}
