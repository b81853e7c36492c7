package import PrewarmCore
package import PrewarmEngine

/// The kind of an owner that is not a plain text.
package enum OwnerKind: String, CaseIterable, Sendable {
    case token, oidc

    /// Returns nil for an owner that is a plain text.
    init?(_ owner: Owner?) {
        switch owner?.kind {
        case .token: self = .token
        case .oidc: self = .oidc
        case .text, .unrecorded, nil: return nil
        }
    }
}

/// A workspace.
package struct WorkspaceDocument: ObjectDocument {
    package let id: String
    package let name: String
    package let preset: String
    package let source: String
    package let template: String
    package let version: String
    package let parameters: OrderedMap<ParameterValue>
    package let fingerprint: String
    package let state: Choice<WorkspaceState>
    package let owner: String?
    package let ownerKind: Choice<OwnerKind>?
    package let ownerIssuer: String?
    package let createdAt: Timestamp
    package let readyAt: Timestamp?
    package let claimedAt: Timestamp?
    package let handover: Choice<HandoverState>?
    package let expiresAt: Timestamp?
    package let endpoint: String?
    package let metadata: OrderedMap<String>?
    package let revision: String?
    package let claim: WorkspaceClaimDocument?
    package let lease: ClaimLeaseDocument?
    package var clampedBy: Choice<ClaimLease.Clamp>?
    package var cold: Bool?
    package var otherPresets: [String]?
    package var redirectedFrom: String?
    package var selection: ClaimSelectionDocument?
    package var handoverError: String?
    package var credentials: OrderedMap<String>?

    package enum CodingKeys: String, DocumentKey {
        case id, name, preset, source, template, version, parameters, fingerprint, state, owner, ownerKind, ownerIssuer
        case createdAt, readyAt, claimedAt, handover, expiresAt, endpoint, metadata, revision, claim, lease, clampedBy
        case cold, otherPresets, redirectedFrom, selection, handoverError, credentials

        package var meaning: String {
            switch self {
            case .id: "The id of the workspace, which never changes."
            case .name: "The name: the preset and the end of the id."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .template: "The name of the template that it was built from."
            case .version: "The version of the template."
            case .parameters: "The parameters by name. A secret has only the name of its value."
            case .fingerprint: "The digest of what it was built from."
            case .state: "The state of the workspace."
            case .owner: "The name of the owner."
            case .ownerKind: "The kind of an owner that is an API token or an OIDC token."
            case .ownerIssuer: "The issuer of the owner's OIDC token."
            case .createdAt: "The time at which prewarm decided to create it."
            case .readyAt: "The time at which it became ready."
            case .claimedAt: "The time of the claim."
            case .handover: "The state of the handover to the owner."
            case .expiresAt: "The end of the lease; of an unclaimed workspace, the end of `ttl`."
            case .endpoint: "The address of the workspace, for readers who may use it."
            case .metadata: "What the provisioner said about it, for readers who may use it."
            case .revision: "The revision that it was built for."
            case .claim: "The claim that holds it."
            case .lease: "The lease of the claim."
            case .clampedBy: "The bound that shortened the lease."
            case .cold: "True while it is being created for a claim."
            case .otherPresets: "The presets of other sources with the same name."
            case .redirectedFrom: "The deprecated preset whose claims get workspaces of this preset."
            case .selection: "Why the preset was chosen."
            case .handoverError: "The cause of a failed handover."
            case .credentials: "What the provisioner gives to the owner, and to no one else."
            }
        }
    }

    /// Returns nil if the audience may not see the workspace.
    /// - Parameters:
    ///   - ttl: The ttl of the applied preset. A ready, unclaimed workspace expires this long after it became ready.
    ///   - claim: The record of the claim; nil if it is unknown, or if the workspace is not claimed.
    package init?(
        _ workspace: Workspace, ttl: Duration?, claim: Claim? = nil, for audience: some Audience
    ) {
        let view = audience.view(of: workspace.preset, owner: workspace.owner)
        guard view != .hidden else { return nil }
        self.init(workspace, ttl: ttl, claim: claim, isWhole: view == .whole)
    }

    /// - Parameter isWhole: False to leave out what gives access to the workspace.
    package init(_ workspace: Workspace, ttl: Duration?, claim: Claim?, isWhole: Bool) {
        let lease = claim?.isHeld == true ? claim?.lease : nil
        let readyEnd = workspace.state == .ready ? ttl.flatMap { ttl in workspace.readyAt.map { $0 + ttl } } : nil
        id = workspace.id.rawValue
        name = workspace.name
        preset = workspace.preset.name
        source = workspace.preset.source
        template = workspace.spec.template
        version = workspace.spec.version
        parameters = OrderedMap(workspace.spec.parameters)
        fingerprint = workspace.fingerprint.description
        state = Choice(workspace.state)
        owner = workspace.owner?.name
        ownerKind = OwnerKind(workspace.owner).map { Choice($0) }
        ownerIssuer = workspace.owner?.issuer
        createdAt = workspace.createdAt
        readyAt = workspace.readyAt
        claimedAt = workspace.claimedAt
        handover = workspace.claimedAt == nil ? nil : Choice(workspace.handover)
        expiresAt = lease?.end ?? readyEnd
        endpoint = isWhole ? workspace.endpoint : nil
        metadata = isWhole ? OrderedMap(workspace.metadata) : nil
        revision = workspace.revision
        self.claim = isWhole ? workspace.claim.map { WorkspaceClaimDocument($0) } : nil
        self.lease = lease.map { ClaimLeaseDocument($0) }
    }
}

extension Owner {
    var issuer: String? { if case .oidc(let issuer) = kind { issuer } else { nil } }
}

/// The claim of a workspace, for readers who may use the workspace.
package struct WorkspaceClaimDocument: ObjectDocument {
    package let id: String

    package enum CodingKeys: String, DocumentKey {
        case id

        package var meaning: String { "The id of the claim." }
    }

    init(_ id: ClaimID) { self.id = id.rawValue }
}

/// The reason for the preset of a claim that selected one.
package struct ClaimSelectionDocument: ObjectDocument {
    package let select: String
    package let prefer: String?
    package let matching: Int?
    package let claimable: Int?
    package let workspaces: Int?
    package let why: String?

    package enum CodingKeys: String, DocumentKey {
        case select, prefer, matching, claimable, workspaces, why

        package var meaning: String {
            switch self {
            case .select: "The labels and parameters that the claim asked for."
            case .prefer: "The preference that the preset has."
            case .matching: "The number of presets that match."
            case .claimable: "The number of claimable workspaces of the preset."
            case .workspaces: "The number of workspaces of the preset."
            case .why: "The reason in words."
            }
        }
    }

    package init(
        select: String, prefer: String?, matching: Int?, claimable: Int?, workspaces: Int?, why: String?
    ) {
        self.select = select
        self.prefer = prefer
        self.matching = matching
        self.claimable = claimable
        self.workspaces = workspaces
        self.why = why
    }
}

/// A workspace with its commit, its manifest and its operations.
package typealias WorkspaceDescription = Extended<WorkspaceDocument, WorkspaceDetails>

/// The members that `describe workspace` adds to those of `get workspaces`.
package struct WorkspaceDetails: ObjectDocument {
    package static var schemaName: String { "WorkspaceDescription" }

    package let provisioner: String
    package let isCurrent: Bool?
    package let because: String?
    package let commit: CommitDocument?
    package let manifest: String?
    package let operations: [OperationDocument]

    package enum CodingKeys: String, DocumentKey {
        case provisioner, isCurrent, because, commit, manifest, operations

        package var meaning: String {
            switch self {
            case .provisioner: "The name of the provisioner."
            case .isCurrent: "True if it has the fingerprint of the applied preset."
            case .because: "The reason for its creation."
            case .commit: "The commit that it was built for."
            case .manifest: "The file and the line of the preset."
            case .operations: "Its operations, the newest first."
            }
        }
    }
}

/// The commit of a revision.
package struct CommitDocument: ObjectDocument {
    package let subject: String?
    package let author: String?

    package enum CodingKeys: String, DocumentKey {
        case subject, author

        package var meaning: String {
            switch self {
            case .subject: "The first line of the message."
            case .author: "The author of the commit."
            }
        }
    }
}

/// A claimed workspace of an owner who holds as many as it may.
package struct HeldWorkspaceDocument: ObjectDocument {
    package let id: String
    package let name: String
    package let preset: String
    package let source: String
    package let claimedAt: Timestamp?

    package enum CodingKeys: String, DocumentKey {
        case id, name, preset, source, claimedAt

        package var meaning: String {
            switch self {
            case .id: "The id of the workspace."
            case .name: "The name of the workspace."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .claimedAt: "The time of the claim."
            }
        }
    }

    init(_ workspace: Workspace) {
        id = workspace.id.rawValue
        name = workspace.name
        preset = workspace.preset.name
        source = workspace.preset.source
        claimedAt = workspace.claimedAt
    }
}
