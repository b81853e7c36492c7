package import PrewarmCore
package import PrewarmEngine

/// The record of a claim, or the place of a waiting claim in its queue.
package struct ClaimDocument: ObjectDocument {
    /// The result of a claim; `waiting` if it has none yet.
    package enum Result: String, CaseIterable, Sendable {
        case hit, waited, cold, missed, waiting

        init(_ result: Claim.Result) {
            switch result {
            case .hit: self = .hit
            case .waited: self = .waited
            case .cold: self = .cold
            case .missed: self = .missed
            }
        }
    }

    package let id: String
    package let ticket: String?
    package let preset: String
    package let source: String
    package let presets: [String]?
    package let owner: String
    package let ownerKind: Choice<OwnerKind>?
    package let ownerIssuer: String?
    package let asked: String?
    package let workspace: String?
    package let workspaceName: String?
    package let result: Choice<Result>
    package let askedAt: Timestamp
    package let grantedAt: Timestamp?
    package let usableAt: Timestamp?
    package let waitSeconds: Double?
    package let endedAt: Timestamp?
    package let endReason: Choice<Claim.EndReason>?
    package let endedBy: String?
    package let endMessage: String?
    package let lease: ClaimLeaseDocument?
    package let priority: Int?
    package let position: Int?
    package let waiting: Int?
    package let starting: Int?
    package var eta: Timestamp?
    package let why: String?
    package let expiresAt: Timestamp?

    package enum CodingKeys: String, DocumentKey {
        case id, ticket, preset, source, presets, owner, ownerKind, ownerIssuer, asked, workspace, workspaceName
        case result, askedAt, grantedAt, usableAt, waitSeconds, endedAt, endReason, endedBy, endMessage, lease
        case priority, position, waiting, starting, eta, why, expiresAt

        package var meaning: String {
            switch self {
            case .id: "The id of the claim."
            case .ticket: "The id of the ticket, if the claim waits."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .presets: "The presets in whose queues the claim waits, if there are several."
            case .owner: "The name of the owner."
            case .ownerKind: "The kind of an owner that is an API token or an OIDC token."
            case .ownerIssuer: "The issuer of the owner's OIDC token."
            case .asked: "What the claim asked for, if it was not this preset."
            case .workspace: "The id of the workspace that it got."
            case .workspaceName: "The name of the workspace that it got."
            case .result: "How the claim ended; `waiting` while it waits."
            case .askedAt: "The time of the request."
            case .grantedAt: "The time at which it got a workspace."
            case .usableAt: "The time at which the owner could use the workspace."
            case .waitSeconds: "The seconds from the request to the grant or the end."
            case .endedAt: "The time of the end."
            case .endReason: "Why the claim ended."
            case .endedBy: "Who ended the claim."
            case .endMessage: "What that person said about the end."
            case .lease: "The lease, while the claim is held."
            case .priority: "The priority in the queue, from 0 to 100."
            case .position: "The place in the queue, from 1."
            case .waiting: "The number of claims in the queue."
            case .starting: "The number of workspaces that are being created for the queue."
            case .eta: "The time at which a workspace is expected."
            case .why: "What keeps the claim waiting, for example a limit or an outage."
            case .expiresAt: "The end of the ticket, unless a request goes on with it."
            }
        }
    }

    /// Returns nil if the audience may not see the claims of its owner.
    package init?(_ claim: Claim, for audience: some Audience) {
        guard audience.view(of: claim.preset, owner: claim.owner) != .hidden else { return nil }
        let wait = (claim.grantedAt ?? claim.endedAt).map { max($0 - claim.askedAt, .zero) }
        id = claim.id.rawValue
        ticket = nil
        preset = claim.preset.name
        source = claim.preset.source
        presets = nil
        owner = claim.owner.name
        ownerKind = OwnerKind(claim.owner).map { Choice($0) }
        ownerIssuer = claim.owner.issuer
        asked = claim.asked
        workspace = claim.workspace?.rawValue
        workspaceName = claim.workspace.map { Workspace.name(preset: claim.preset.name, id: $0) }
        result = Choice(Result(claim.result))
        askedAt = claim.askedAt
        grantedAt = claim.grantedAt
        usableAt = claim.usableAt
        waitSeconds = wait.map { Double($0.wholeMilliseconds) / 1000 }
        endedAt = claim.endedAt
        endReason = claim.endReason.map { Choice($0) }
        endedBy = claim.endedBy
        endMessage = claim.endMessage
        lease = claim.isHeld ? claim.lease.map { ClaimLeaseDocument($0) } : nil
        priority = nil
        position = nil
        waiting = nil
        starting = nil
        eta = nil
        why = nil
        expiresAt = nil
    }

    /// Returns nil if the audience may see the waiting claim in none of its queues. Presets that the audience may not see are
    /// left out.
    package init?(_ place: TicketPlace, for audience: some Audience) {
        let ticket = place.ticket
        let visible = audience.presets(of: ticket)
        guard let first = visible.first else { return nil }
        id = ticket.id.rawValue
        self.ticket = ticket.id.rawValue
        preset = first.name
        source = first.source
        presets = visible.count == 1 ? nil : visible.map(\.description)
        owner = ticket.owner.name
        ownerKind = OwnerKind(ticket.owner).map { Choice($0) }
        ownerIssuer = ticket.owner.issuer
        asked = nil
        workspace = nil
        workspaceName = nil
        result = Choice(.waiting)
        askedAt = ticket.since
        grantedAt = nil
        usableAt = nil
        waitSeconds = nil
        endedAt = nil
        endReason = nil
        endedBy = nil
        endMessage = nil
        lease = nil
        priority = ticket.priority
        position = place.position
        waiting = place.length
        starting = place.starting
        eta = place.expectedAt
        why = place.obstacle
        expiresAt = ticket.expiresAt
    }
}

/// The lease of a claim.
package struct ClaimLeaseDocument: ObjectDocument {
    package let state: Choice<ClaimLease.Phase>
    package let expiresAt: Timestamp
    package let deletesAt: Timestamp?
    package let endsAt: Timestamp?
    package let ttl: String
    package let hold: LeaseHoldDocument?

    package enum CodingKeys: String, DocumentKey {
        case state, expiresAt, deletesAt, endsAt, ttl, hold

        package var meaning: String {
            switch self {
            case .state: "The state of the lease."
            case .expiresAt: "The end of the lease without a renewal."
            case .deletesAt: "The time at which the workspace is deleted without a renewal."
            case .endsAt: "The time that renewals cannot exceed."
            case .ttl: "The time from a sign of life to the end of the lease."
            case .hold: "The hold that keeps the lease from ending."
            }
        }
    }

    init(_ lease: ClaimLease) {
        state = Choice(lease.phase)
        expiresAt = lease.end
        deletesAt = lease.deletesAt
        endsAt = lease.endsAt
        ttl = lease.ttl.prewarmText
        hold = lease.hold.map { LeaseHoldDocument(until: $0.until, reason: $0.reason, by: $0.by) }
    }
}

/// The hold of a claim.
package struct LeaseHoldDocument: ObjectDocument {
    package let until: Timestamp
    package let reason: String
    package let by: String

    package enum CodingKeys: String, DocumentKey {
        case until, reason, by

        package var meaning: String {
            switch self {
            case .until: "The end of the hold."
            case .reason: "The reason that the operator gave."
            case .by: "The operator."
            }
        }
    }
}
