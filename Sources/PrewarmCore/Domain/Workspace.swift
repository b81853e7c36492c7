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
    package var owner: Owner?
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
        owner: Owner? = nil, createdAt: Timestamp, readyAt: Timestamp? = nil, claimedAt: Timestamp? = nil,
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

    /// For people and for the provisioner: the preset and the end of the id, which is the random part. An RFC 1123 label
    /// of at most 63 characters, as a host name is.
    package var name: String { Workspace.name(preset: preset.name, id: id) }

    /// `go-large-3f4g5h6j`; a preset's name is cut where both would not fit.
    package static func name(preset: String, id: WorkspaceID) -> String {
        let ending = id.nameEnding
        let room = nameLimit - 1 - ending.utf8.count
        var start = preset.utf8.count > room ? preset.prefix(room) : preset[...]
        while start.utf8.last == UInt8(ascii: "-") { start = start.dropLast() }
        return "\(start)-\(ending)"
    }

    /// The longest label of a host name.
    package static let nameLimit = 63
}

extension WorkspaceID {
    /// The part of a workspace's name that tells it from others of its preset: the last eight characters of an id that
    /// prewarm made, a short id of another's as it is, and of any other one a digest.
    fileprivate var nameEnding: String {
        let bytes = rawValue.utf8
        if bytes.count == 26, bytes.allSatisfy(\.isLowercaseAlphanumeric) { return String(rawValue.suffix(8)) }
        let isLabel = bytes.allSatisfy { $0.isLowercaseAlphanumeric || $0 == UInt8(ascii: "-") }
        if (1...8).contains(bytes.count), isLabel, bytes.last != UInt8(ascii: "-") { return rawValue }
        return SHA256.digest(Array(bytes)).prefix(4).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

extension UInt8 {
    fileprivate var isLowercaseAlphanumeric: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
