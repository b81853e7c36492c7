package import PrewarmCore
package import PrewarmEngine

/// A preset and the state of its pool.
package struct PresetDocument: ObjectDocument {
    package let name: String
    package let source: String
    package let file: String
    package let line: Int
    package let template: String
    package let version: String
    package let provisioner: String
    package let parameters: OrderedMap<ParameterValue>
    package let labels: OrderedMap<String>?
    package let annotations: OrderedMap<String>?
    package let fingerprint: String
    package let desired: Int
    package let waitingClaims: Int?
    package let actual: Int
    package let eligible: Int
    package let expired: Int
    package let outdated: Int
    package let extraneous: Int
    package let starting: Int
    package let stopping: Int
    package let deleting: Int
    package let failed: Int
    package let claimed: Int
    package let claimable: Int
    package let unhealthy: Int?
    package let converged: Bool
    package let conditions: [ConditionDocument]
    package let failure: PresetFailureDocument?
    package let waiting: Int?
    package let recentClaims: RecentClaimsDocument?

    package enum CodingKeys: String, DocumentKey {
        case name, source, file, line, template, version, provisioner, parameters, labels, annotations, fingerprint
        case desired, waitingClaims, actual, eligible, expired, outdated, extraneous, starting, stopping, deleting
        case failed, claimed, claimable, unhealthy, converged, conditions, failure, waiting, recentClaims

        package var meaning: String {
            switch self {
            case .name: "The name of the preset, which is unique in its source."
            case .source: "The name of the source."
            case .file: "The path of the manifest in the source."
            case .line: "The line of the manifest, from 1."
            case .template: "The name of the template."
            case .version: "The version of the template."
            case .provisioner: "The name of the provisioner."
            case .parameters: "The parameters by name. A secret has only the name of its value."
            case .labels: "The labels of the manifest."
            case .annotations: "The annotations of the manifest."
            case .fingerprint: "The digest of what workspaces are built from."
            case .desired: "The number of workspaces that should be ready now."
            case .waitingClaims: "The part of `desired` that waiting claims ask for."
            case .actual: "The number of ready workspaces with the current fingerprint."
            case .eligible: "The number of claimable workspaces with the current fingerprint."
            case .expired: "The number of ready workspaces that are older than `ttl`."
            case .outdated: "The number of workspaces with an older fingerprint."
            case .extraneous: "The number of current workspaces above `desired`."
            case .starting: "The number of workspaces that are being created."
            case .stopping: "Always 0: prewarm does not stop workspaces."
            case .deleting: "The number of workspaces that are being deleted."
            case .failed: "The number of workspaces that failed to build."
            case .claimed: "The number of claimed workspaces."
            case .claimable: "The number of workspaces that a claim can get now, outdated ones included."
            case .unhealthy: "The number of ready workspaces whose health checks fail."
            case .converged: "True if nothing is left to do for the pool."
            case .conditions: "The conditions of the preset."
            case .failure: "The failed builds, if the preset is stalled or backing off."
            case .waiting: "The number of claims that wait for a workspace."
            case .recentClaims: "The claims of the last 7 days."
            }
        }
    }

    /// - Parameters:
    ///   - waiting: The number of claims that wait for the pool; nil for none.
    ///   - recentClaims: The claims of the last days; nil if there was none, or if they are not asked for.
    package init(
        _ status: PresetStatus, waiting: Int? = nil, recentClaims: RecentClaims.Share? = nil,
        for audience: some Audience
    ) {
        let (preset, counts) = (status.preset, status.pool.counts)
        name = preset.key.name
        source = preset.key.source
        file = preset.origin.file
        line = preset.origin.line
        template = preset.spec.template
        version = preset.spec.version
        provisioner = preset.spec.provisioner
        parameters = OrderedMap(preset.spec.parameters)
        labels = OrderedMap(unlessEmpty: preset.labels)
        annotations = OrderedMap(unlessEmpty: preset.annotations)
        fingerprint = preset.fingerprint.description
        desired = counts.desired
        waitingClaims = counts.waiting > 0 ? counts.waiting : nil
        actual = counts.actual
        eligible = counts.eligible
        expired = counts.expired
        outdated = counts.outdated
        extraneous = counts.extraneous
        starting = counts.starting
        // Programs rely on the key. prewarm does not stop workspaces.
        stopping = 0
        deleting = counts.deleting
        failed = counts.failed
        claimed = counts.claimed
        claimable = counts.claimable
        unhealthy = counts.unhealthy > 0 ? counts.unhealthy : nil
        converged = status.pool.isConverged
        conditions = status.conditions(for: audience).map { ConditionDocument($0) }
        failure = PresetFailureDocument(status, for: audience)
        self.waiting = waiting
        self.recentClaims = recentClaims.map { RecentClaimsDocument($0) }
    }
}

/// The failed builds in a row of a preset that is stalled or backing off.
package struct PresetFailureDocument: ObjectDocument {
    package let cause: String
    package let builds: Int
    package let nextTryAt: Timestamp

    package enum CodingKeys: String, DocumentKey {
        case cause, builds, nextTryAt

        package var meaning: String {
            switch self {
            case .cause: "The first line of the cause, as far as the caller may read logs."
            case .builds: "The number of failed builds in a row."
            case .nextTryAt: "The time of the next build."
            }
        }
    }

    /// Returns nil if the preset is neither stalled nor backing off.
    init?(_ status: PresetStatus, for audience: some Audience) {
        guard let failure = status.failure, status[.stalled] != nil || status[.backingOff] != nil else { return nil }
        let isShown = audience.readsLogs(of: status.preset.key)
        cause = isShown ? failure.message.cause ?? Operation.withoutCause : Operation.withheldError
        builds = failure.count
        nextTryAt = failure.retryAt
    }
}

/// The claims of a pool in the last 7 days, at most 1000.
package struct RecentClaimsDocument: ObjectDocument {
    package let claims: Int
    package let hitRate: Double

    package enum CodingKeys: String, DocumentKey {
        case claims, hitRate

        package var meaning: String {
            switch self {
            case .claims: "The number of claims."
            case .hitRate: "The share from 0 to 1 that found a ready workspace, rounded down to 3 digits."
            }
        }
    }

    init(_ share: RecentClaims.Share) {
        claims = share.claims
        hitRate = share.hitRate
    }
}

/// A preset with its workspaces and events.
package typealias PresetDescription = Extended<PresetDocument, PresetDetails>

/// The members that `describe preset` adds to those of `get presets`.
package struct PresetDetails: ObjectDocument {
    package static var schemaName: String { "PresetDescription" }

    package let revision: String?
    package let ttl: String?
    package let lease: LeasePolicyDocument?
    package let strategy: String
    package let story: [String]
    package let workspaces: [WorkspaceDocument]
    package let events: [EventDocument]

    package enum CodingKeys: String, DocumentKey {
        case revision, ttl, lease, strategy, story, workspaces, events

        package var meaning: String {
            switch self {
            case .revision: "The applied revision of the source."
            case .ttl: "The age at which a ready workspace is replaced."
            case .lease: "The lease of the claims."
            case .strategy: "The rollout strategy in words."
            case .story: "Sentences about what the pool should have, what it has, and what happens next."
            case .workspaces: "The workspaces of the pool and the claimed ones."
            case .events: "The last 20 events, the oldest first."
            }
        }
    }
}

/// The lease of a preset's claims.
package struct LeasePolicyDocument: ObjectDocument {
    package static var schemaName: String { "LeasePolicy" }

    package let ttl: String
    package let max: String?
    package let warn: String
    package let grace: String
    package let onExpiry: Choice<LeasePolicy.OnExpiry>

    package enum CodingKeys: String, DocumentKey {
        case ttl, max, warn, grace, onExpiry

        package var meaning: String {
            switch self {
            case .ttl: "The time from the last sign of life to the end of the lease."
            case .max: "The longest time from the claim to the end of the lease."
            case .warn: "The time before the end at which prewarm reports it."
            case .grace: "The time after the end in which a renewal still saves the workspace."
            case .onExpiry: "What happens at the end: the workspace is deleted, or the end is only reported."
            }
        }
    }

    init(_ policy: LeasePolicy) {
        ttl = policy.ttl.prewarmText
        max = policy.max?.prewarmText
        warn = policy.warn.prewarmText
        grace = policy.grace.prewarmText
        onExpiry = Choice(policy.onExpiry)
    }

    /// The members on one line, for example `ttl=8h, warn=48m, grace=0s, onExpiry=Delete`.
    package var line: String {
        ([("ttl", ttl)] + (max.map { [("max", $0)] } ?? [])
            + [("warn", warn), ("grace", grace), ("onExpiry", onExpiry.text)])
            .map { "\($0)=\($1)" }.joined(separator: ", ")
    }
}
