package import PrewarmCore

extension Value {
    /// The document of a claim; nil if the audience may not see the claims of its owner.
    package init?(_ claim: Claim, for audience: some Audience) {
        guard audience.view(of: claim.preset, owner: claim.owner) != .hidden else { return nil }
        let name = claim.workspace.map { Workspace.name(preset: claim.preset.name, id: $0) }
        let wait = (claim.grantedAt ?? claim.endedAt).map { max($0 - claim.askedAt, .zero) }
        self = .object(known: [
            "id": .string(claim.id.rawValue),
            "preset": .string(claim.preset.name),
            "source": .string(claim.preset.source),
            "owner": .string(claim.owner.name),
            "ownerKind": claim.owner.kindText.map { .string($0) },
            "ownerIssuer": claim.owner.issuer.map { .string($0) },
            "asked": claim.asked.map { .string($0) },
            "workspace": claim.workspace.map { .string($0.rawValue) },
            "workspaceName": name.map { .string($0) },
            "result": .string(claim.result.rawValue),
            "askedAt": Value(claim.askedAt),
            "grantedAt": claim.grantedAt.map { Value($0) },
            "usableAt": claim.usableAt.map { Value($0) },
            "waitSeconds": wait.map { .double(Double($0.wholeMilliseconds) / 1000) },
            "endedAt": claim.endedAt.map { Value($0) },
            "endReason": claim.endReason.map { .string($0.rawValue) },
            "endedBy": claim.endedBy.map { .string($0) },
            "endMessage": claim.endMessage.map { .string($0) },
            "lease": claim.isHeld ? claim.lease.map { Value($0) } : nil,
        ])
    }

    /// The document of a waiting claim; nil if the audience may see it in none of its queues. Presets that the audience may not
    /// see are left out.
    package init?(_ place: TicketPlace, for audience: some Audience) {
        let ticket = place.ticket
        let presets = audience.presets(of: ticket)
        guard let first = presets.first else { return nil }
        self = .object(known: [
            "id": .string(ticket.id.rawValue),
            "ticket": .string(ticket.id.rawValue),
            "preset": .string(first.name),
            "source": .string(first.source),
            "presets": presets.count == 1 ? nil : .array(presets.map { .string($0.description) }),
            "owner": .string(ticket.owner.name),
            "ownerKind": ticket.owner.kindText.map { .string($0) },
            "ownerIssuer": ticket.owner.issuer.map { .string($0) },
            "result": "waiting",
            "askedAt": Value(ticket.since),
            "priority": .int(ticket.priority),
            "position": .int(place.position),
            "waiting": .int(place.length),
            "starting": .int(place.starting),
            "eta": place.expectedAt.map { Value($0) },
            "why": place.obstacle.map { .string($0) },
            "expiresAt": ticket.expiresAt.map { Value($0) },
        ])
    }

    /// The document of the lease of a claim.
    init(_ lease: ClaimLease) {
        self = .object(known: [
            "state": .string(lease.phase.rawValue),
            "expiresAt": Value(lease.end),
            "deletesAt": lease.deletesAt.map { Value($0) },
            "endsAt": lease.endsAt.map { Value($0) },
            "ttl": .string(lease.ttl.prewarmText),
            "hold": lease.hold.map { hold in
                .object(known: [
                    "until": Value(hold.until), "reason": .string(hold.reason), "by": .string(hold.by),
                ])
            },
        ])
    }

    /// The document of the lease of a preset's claims.
    init(_ policy: LeasePolicy) {
        self = .object(known: [
            "ttl": .string(policy.ttl.prewarmText),
            "max": policy.max.map { .string($0.prewarmText) },
            "warn": .string(policy.warn.prewarmText),
            "grace": .string(policy.grace.prewarmText),
            "onExpiry": .string(policy.onExpiry.rawValue),
        ])
    }
}
