/// The identity of one claim. It has the form of a ULID, so that newer claims have larger ids.
package struct ClaimID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package static func < (left: ClaimID, right: ClaimID) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { rawValue }
}

/// The record of one claim, granted or not. A wait for a workspace is one claim, however often it asks.
package struct Claim: Hashable, Sendable {
    /// The answer that a claim got.
    package enum Result: String, CaseIterable, Sendable {
        /// A workspace was ready.
        case hit
        /// A workspace became ready while the claim waited.
        case waited
        /// No workspace was ready, so prewarm created one for the claim (`onEmpty: create`).
        case cold
        /// No workspace was ready in time, so the claim was not granted.
        case missed
    }

    /// The reason why a granted claim ended.
    package enum EndReason: String, CaseIterable, Sendable {
        /// The owner or an operator released the workspace.
        case released = "Released"
        /// The provisioner no longer had the workspace before it was ready.
        case lost = "Lost"
        /// The workspace that was created for the claim failed.
        case failed = "Failed"
        /// The workspace could not be handed over to its owner.
        case handoverFailed = "HandoverFailed"
        /// The lease ended without a renewal.
        case expired = "Expired"
        /// An operator revoked the claim.
        case revoked = "Revoked"
    }

    package let id: ClaimID
    package let preset: PresetKey
    package var owner: Owner
    /// The text that the claim asked with, if it did not name its preset: the `source/name` of a preset that redirects to it, or
    /// a selector, for example `lang=go`.
    package var asked: String?
    /// The workspace that the claim got; nil if the claim missed.
    package var workspace: WorkspaceID?
    package var result: Result
    /// The time of the first attempt.
    package let askedAt: Timestamp
    /// The time at which a workspace was assigned; nil if the claim missed.
    package var grantedAt: Timestamp?
    /// The time from which the owner could use the workspace; nil if that did not happen yet.
    package var usableAt: Timestamp?
    /// The time at which the claim ended or was refused; nil while it is granted.
    package var endedAt: Timestamp?
    /// The reason of the end; nil while the claim is granted, and if it missed.
    package var endReason: EndReason?
    /// The author of the end, as in the audit log; nil if prewarm ended the claim.
    package var endedBy: String?
    /// The operator's words about the end; nil if there are none.
    package var endMessage: String?
    /// The lease of the claim; nil if it does not end by itself.
    package var lease: ClaimLease?

    package init(
        id: ClaimID, preset: PresetKey, owner: Owner, asked: String? = nil, workspace: WorkspaceID? = nil,
        result: Result,
        askedAt: Timestamp, grantedAt: Timestamp? = nil, usableAt: Timestamp? = nil, endedAt: Timestamp? = nil,
        endReason: EndReason? = nil, endedBy: String? = nil, endMessage: String? = nil, lease: ClaimLease? = nil
    ) {
        self.id = id
        self.preset = preset
        self.owner = owner
        self.asked = asked
        self.workspace = workspace
        self.result = result
        self.askedAt = askedAt
        self.grantedAt = grantedAt
        self.usableAt = usableAt
        self.endedAt = endedAt
        self.endReason = endReason
        self.endedBy = endedBy
        self.endMessage = endMessage
        self.lease = lease
    }

    /// True if the claim has a workspace now.
    package var isHeld: Bool { grantedAt != nil && endedAt == nil }
}
