package import PrewarmCore
package import PrewarmEngine

/// The status of all sources and pools.
package struct StatusDocument: ObjectDocument {
    package let at: Timestamp
    package let healthy: Bool
    package let store: StoreDocument
    package let sources: [SourceDocument]
    package let totals: PoolSums
    package let presets: [PresetDocument]
    package let morePresets: Int?
    package let failing: [OperationDocument]
    package let moreFailing: Int?
    package let orphans: [OrphanDocument]?
    package let orphansTotal: Int?
    package let suspectLists: [SuspectListDocument]?
    package let brokenClaims: [BrokenClaimDocument]?
    package let failingLists: [ListFailureDocument]?
    package let outages: [OutageDocument]?
    package let unconfiguredSources: [String]?
    package let expiringClaims: [ClaimDocument]?
    package let moreExpiringClaims: Int?
    package let removedSources: [RemovedSourceDocument]?
    package let missingProvisioners: [String]?
    package let daemon: DaemonDocument?

    package enum CodingKeys: String, DocumentKey {
        case at, healthy, store, sources, totals, presets, morePresets, failing, moreFailing, orphans, orphansTotal
        case suspectLists, brokenClaims, failingLists, outages, unconfiguredSources, expiringClaims, moreExpiringClaims
        case removedSources, missingProvisioners, daemon

        package var meaning: String {
            switch self {
            case .at: "The time of the status."
            case .healthy: "False if something needs attention."
            case .store: "The store."
            case .sources: "The configured sources."
            case .totals: "The sums over all pools of the caller's scope."
            case .presets: "The pools of the caller's scope; if they are too many, unhealthy ones first."
            case .morePresets: "The number of pools that are left out."
            case .failing: "The pending operations whose last attempt failed."
            case .moreFailing: "The number of failing operations that are left out."
            case .orphans: "The first orphans."
            case .orphansTotal: "The number of all orphans."
            case .suspectLists: "The lists that lack workspaces, until another list agrees."
            case .brokenClaims: "The claimed workspaces that are broken."
            case .failingLists: "The provisioners that give no list."
            case .outages: "The provisioners that are unavailable."
            case .unconfiguredSources: "The names of the sources that were removed from the configuration."
            case .expiringClaims: "The claims whose leases end soon."
            case .moreExpiringClaims: "The number of such claims that are left out."
            case .removedSources: "The sources that were removed from the configuration."
            case .missingProvisioners: "The provisioners of waiting operations that are not in the configuration."
            case .daemon: "The daemon that answers."
            }
        }
    }
}

/// The sums over the pools that a reader may see.
package struct PoolSums: ObjectDocument {
    package private(set) var pools = 0
    package private(set) var attention = 0
    package private(set) var desired = 0
    package private(set) var ready = 0
    package private(set) var starting = 0
    package private(set) var claimed = 0
    package private(set) var waiting: Int?

    package enum CodingKeys: String, DocumentKey {
        case pools, attention, desired, ready, starting, claimed, waiting

        package var meaning: String {
            switch self {
            case .pools: "The number of pools."
            case .attention: "The number of pools that need attention."
            case .desired: "The number of workspaces that should be ready."
            case .ready: "The number of claimable workspaces."
            case .starting: "The number of workspaces that are being created."
            case .claimed: "The number of claimed workspaces."
            case .waiting: "The number of waiting claims."
            }
        }
    }

    package init() {}

    /// Adds a pool.
    /// - Parameter waiting: The number of claims that wait for the pool.
    package mutating func add(_ status: PresetStatus, waiting: Int) {
        let counts = status.pool.counts
        pools += 1
        attention += status.isHealthy ? 0 : 1
        desired += counts.desired
        ready += counts.claimable
        starting += counts.starting
        claimed += counts.claimed
        if waiting > 0 { self.waiting = (self.waiting ?? 0) + waiting }
    }
}

/// The store.
package struct StoreDocument: ObjectDocument {
    package let identity: String
    package let hold: StoreHoldDocument?
    package let damage: String?

    package enum CodingKeys: String, DocumentKey {
        case identity, hold, damage

        package var meaning: String {
            switch self {
            case .identity: "The identity, which is made with the store and never changes."
            case .hold: "The hold of a store that is new, or that is or may be a restored copy."
            case .damage: "The first damage that was found."
            }
        }
    }

    /// - Parameter damage: The damage that was found.
    init(_ store: StoreIdentity, damage: [String]) {
        identity = store.id
        hold = store.hold.map { StoreHoldDocument($0) }
        self.damage = damage.first
    }
}

/// The hold of the whole store.
package struct StoreHoldDocument: ObjectDocument {
    package let reason: Choice<StoreHold.Reason>
    package let message: String
    package let hint: String
    package let since: Timestamp

    package enum CodingKeys: String, DocumentKey {
        case reason, message, hint, since

        package var meaning: String {
            switch self {
            case .reason: "Whether the store is a restored copy, new, or not known to be the newest."
            case .message: "The effects of the hold and its cause."
            case .hint: "The next step."
            case .since: "The time since which it holds."
            }
        }
    }

    init(_ hold: StoreHold) {
        reason = Choice(hold.reason)
        message = hold.sentence
        hint = hold.hint
        since = hold.since
    }
}

/// A provisioner that is unavailable.
package struct OutageDocument: ObjectDocument {
    package let provisioner: String
    package let since: Timestamp
    package let cause: String
    package let nextTryAt: Timestamp?

    package enum CodingKeys: String, DocumentKey {
        case provisioner, since, cause, nextTryAt

        package var meaning: String {
            switch self {
            case .provisioner: "The name of the provisioner."
            case .since: "The time since which it is unavailable."
            case .cause: "The cause, as far as the caller may read logs."
            case .nextTryAt: "The time of the next try."
            }
        }
    }

    /// Returns nil if the breaker is closed.
    init?(_ breaker: Breaker, readsLogs: Bool) {
        guard let outage = breaker.outage else { return nil }
        provisioner = outage.provisioner
        since = outage.since
        cause = readsLogs ? outage.cause : Operation.withheldError
        nextTryAt = breaker.nextProbeAt
    }
}

/// A provisioner that gives no list.
package struct ListFailureDocument: ObjectDocument {
    package let provisioner: String
    package let message: String
    package let since: Timestamp

    package enum CodingKeys: String, DocumentKey {
        case provisioner, message, since

        package var meaning: String {
            switch self {
            case .provisioner: "The name of the provisioner."
            case .message: "The cause, as far as the caller may read logs."
            case .since: "The time since which lists fail."
            }
        }
    }

    init(_ failure: ListFailure, readsLogs: Bool) {
        provisioner = failure.provisioner
        message = readsLogs ? failure.message : Operation.withheldError
        since = failure.since
    }
}

/// A list of a provisioner that lacks workspaces, which prewarm does not believe yet.
package struct SuspectListDocument: ObjectDocument {
    package static var schemaName: String { "SuspectList" }

    package let provisioner: String
    package let missing: Int

    package enum CodingKeys: String, DocumentKey {
        case provisioner, missing

        package var meaning: String {
            switch self {
            case .provisioner: "The name of the provisioner."
            case .missing: "The number of workspaces that are missing or failed."
            }
        }
    }
}

/// A claimed workspace that is broken.
package struct BrokenClaimDocument: ObjectDocument {
    package let id: String
    package let name: String
    package let preset: String
    package let source: String
    package let provisioner: String
    package let state: String?
    package let message: String
    package let since: Timestamp

    package enum CodingKeys: String, DocumentKey {
        case id, name, preset, source, provisioner, state, message, since

        package var meaning: String {
            switch self {
            case .id: "The id of the workspace."
            case .name: "The name of the workspace."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .provisioner: "The name of the provisioner."
            case .state: "The state that the provisioner reports, for readers of logs."
            case .message: "What is wrong, as far as the caller may read logs."
            case .since: "The time since which it is broken."
            }
        }
    }

    /// - Parameter readsLogs: False to leave out the text of the provisioner.
    init(_ suspect: Suspect, _ workspace: Workspace, provisioner: String, readsLogs: Bool) {
        id = workspace.id.rawValue
        name = workspace.name
        preset = workspace.preset.name
        source = workspace.preset.source
        self.provisioner = provisioner
        state = readsLogs ? suspect.state ?? "lost" : nil
        message =
            readsLogs ? suspect.message(of: provisioner) : "the workspace is broken; \(Operation.withheldError)"
        since = suspect.since
    }
}

/// A workspace that a provisioner lists and the store does not know.
package struct OrphanDocument: ObjectDocument {
    package let id: String
    package let provisioner: String
    package let state: String?
    package let since: Timestamp
    package let store: String?

    package enum CodingKeys: String, DocumentKey {
        case id, provisioner, state, since, store

        package var meaning: String {
            switch self {
            case .id: "The id that the provisioner lists."
            case .provisioner: "The name of the provisioner."
            case .state: "The state that the provisioner reports, for readers of logs."
            case .since: "The time at which it was first listed."
            case .store: "The identity of the store that created it."
            }
        }
    }

    /// Returns nil if the audience may not see all presets, since an orphan has none.
    package init?(_ orphan: Orphan, for audience: some Audience) {
        guard audience.seesAllPresets, audience.view(of: .orphans, owner: nil) != .hidden else { return nil }
        id = orphan.id.rawValue
        provisioner = orphan.provisioner
        // The state is text of the provisioner, which not every audience may read.
        state = audience.readsLogs(of: nil) ? orphan.state : nil
        since = orphan.since
        store = orphan.store
    }
}

/// A source that was removed from the configuration.
package struct RemovedSourceDocument: ObjectDocument {
    package let name: String
    package let unclaimed: Int
    package let revision: String?

    package enum CodingKeys: String, DocumentKey {
        case name, unclaimed, revision

        package var meaning: String {
            switch self {
            case .name: "The name of the source."
            case .unclaimed: "The number of its unclaimed workspaces."
            case .revision: "Its applied revision, which an approval names."
            }
        }
    }

    init(_ source: Engine.RemovedSource) {
        name = source.name
        unclaimed = source.unclaimed
        revision = source.applied?.description
    }
}

/// The workspaces and operations that `prewarm plan --observed` reads.
package struct ObservedDocument: ObjectDocument {
    package let at: Timestamp
    package let workspaces: [WorkspaceDocument]
    package let operations: [OperationDocument]

    package enum CodingKeys: String, DocumentKey {
        case at, workspaces, operations

        package var meaning: String {
            switch self {
            case .at: "The time of the export."
            case .workspaces: "The workspaces that are not deleted."
            case .operations: "The unfinished operations, and the failed builds in a row of each preset."
            }
        }
    }
}
