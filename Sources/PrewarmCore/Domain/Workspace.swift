/// The state of a workspace. The usual path is `pending → creating → ready → claimed → deleting → deleted`.
package enum WorkspaceState: String, CaseIterable, Sendable {
    /// The provisioner was not called yet, so the create can be canceled. Next: creating, deleted.
    case pending
    /// The create runs, or the workspace is starting. Next: ready, failed, lost, deleting.
    case creating
    /// The workspace can be claimed. Next: claimed, deleting, failed, lost, suspect, unhealthy.
    case ready
    /// The workspace belongs to its owner. A workspace that is created for a waiting claim has this state from the
    /// beginning, and no ``Workspace/readyAt`` until it is ready. Next: deleting, failed, lost.
    case claimed
    /// The workspace is being deleted and can no longer be claimed. Next: deleted.
    case deleting
    case deleted
    /// The create failed, or an inspect found that the workspace is unusable. Next: deleting.
    case failed
    /// The provisioner no longer has the workspace. Next: deleting.
    case lost
    /// The workspace was ready, and the last health check failed, so it cannot be claimed. Next: ready, unhealthy, lost,
    /// deleting.
    case suspect
    /// The workspace was ready, and health checks in a row failed, so it is replaced. Next: ready, lost, deleting.
    case unhealthy
}

/// One workspace. While it is unclaimed, it belongs to its pool. After a claim it belongs to its owner, and the
/// reconciler does not change it any more.
package struct Workspace: Hashable, Sendable {
    package let id: WorkspaceID
    package let preset: PresetKey
    /// The definition from which the workspace was built.
    package let spec: WorkspaceSpec
    package let fingerprint: Fingerprint
    package var state: WorkspaceState
    package var owner: Owner?
    package let createdAt: Timestamp
    package var readyAt: Timestamp?
    package var claimedAt: Timestamp?
    /// The address at which the owner reaches the workspace, as the provisioner reported it.
    package var endpoint: String?
    package var metadata: [String: String]
    /// The revision that was applied when the workspace was created.
    package let revision: String?
    /// The claim that the workspace belongs to; nil if it was never claimed.
    package let claim: ClaimID?
    package var handover: HandoverState

    package init(
        id: WorkspaceID, preset: PresetKey, spec: WorkspaceSpec, fingerprint: Fingerprint, state: WorkspaceState,
        owner: Owner? = nil, createdAt: Timestamp, readyAt: Timestamp? = nil, claimedAt: Timestamp? = nil,
        endpoint: String? = nil, metadata: [String: String] = [:], revision: String? = nil, claim: ClaimID? = nil,
        handover: HandoverState = .none
    ) {
        self.handover = handover
        self.id = id
        self.preset = preset
        self.spec = spec
        self.fingerprint = fingerprint
        self.state = state
        self.owner = owner
        self.createdAt = createdAt
        self.readyAt = readyAt
        self.claimedAt = claimedAt
        self.endpoint = endpoint
        self.metadata = metadata
        self.revision = revision
        self.claim = claim
    }

    /// The name for people and provisioners: the name of the preset and the end of the id, which is the random part.
    /// It is an RFC 1123 label of at most 63 characters, so it can be a host name.
    package var name: String { Workspace.name(preset: preset.name, id: id) }

    /// Returns the name, for example `go-large-3f4g5h6j`. The preset's name is cut if the result would be too long.
    package static func name(preset: String, id: WorkspaceID) -> String {
        let ending = id.nameEnding
        let room = nameLimit - 1 - ending.utf8.count
        var start = preset.utf8.count > room ? preset.prefix(room) : preset[...]
        while start.utf8.last == UInt8(ascii: "-") { start = start.dropLast() }
        return "\(start)-\(ending)"
    }

    /// The largest number of characters in a label of a host name.
    package static let nameLimit = 63
}

extension WorkspaceID {
    /// The part of a workspace's name that distinguishes it from others of its preset: the last eight characters of
    /// an id that prewarm made, the whole id if it is short and a valid label, otherwise eight digits of its digest.
    fileprivate var nameEnding: String {
        let bytes = rawValue.utf8
        if bytes.count == 26, bytes.allSatisfy(\.isLowercaseAlphanumeric) { return String(rawValue.suffix(8)) }
        let isLabel = bytes.allSatisfy { $0.isLowercaseAlphanumeric || $0 == UInt8(ascii: "-") }
        if (1...8).contains(bytes.count), isLabel, bytes.last != UInt8(ascii: "-") { return rawValue }
        return SHA256.digest(Array(bytes)).prefix(4).hexadecimal
    }
}

extension UInt8 {
    fileprivate var isLowercaseAlphanumeric: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
