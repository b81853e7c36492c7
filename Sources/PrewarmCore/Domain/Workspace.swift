/// `pending → creating → ready → claimed`, and from any of the first three `deleting → deleted`.
package enum WorkspaceState: String, CaseIterable, Sendable {
    /// Its create was never asked for, so that it can be cancelled.
    case pending
    case creating
    case ready
    case claimed
    /// Marked for deletion: it can't be claimed any more.
    case deleting
    case deleted
    /// Its create failed.
    case failed
    /// The provisioner says that it is gone.
    case lost
}

/// One instance. Unclaimed it belongs to its pool, claimed to a user, and the reconciler never touches it again.
package struct Workspace: Hashable, Sendable {
    package let id: WorkspaceID
    package let preset: PresetKey
    /// What it was built from.
    package let spec: WorkspaceSpec
    package let fingerprint: Fingerprint
    package var state: WorkspaceState
    package var owner: String?
    package let createdAt: Timestamp
    package var readyAt: Timestamp?
    package var claimedAt: Timestamp?
    /// As the provisioner gave it: where a user reaches the workspace.
    package var endpoint: String?
    package var metadata: [String: String]
    /// The revision in force when it was made.
    package let revision: String?

    package init(
        id: WorkspaceID, preset: PresetKey, spec: WorkspaceSpec, fingerprint: Fingerprint, state: WorkspaceState,
        owner: String? = nil, createdAt: Timestamp, readyAt: Timestamp? = nil, claimedAt: Timestamp? = nil,
        endpoint: String? = nil, metadata: [String: String] = [:], revision: String? = nil
    ) {
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
    }

    /// For people and for the provisioner: the preset and the end of the id, which is the random part. RFC 1123.
    package var name: String { Workspace.name(preset: preset.name, id: id) }

    package static func name(preset: String, id: WorkspaceID) -> String {
        "\(preset)-\(id.rawValue.suffix(8))"
    }
}
