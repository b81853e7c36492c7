/// The actions of one reconciliation with their reasons, and the state of each pool.
package struct Plan: Hashable, Sendable {
    /// The actions to carry out, by preset. For each preset, deletes and cancels come before creates.
    package var actions: [Action] = []
    /// The actions that a limit, the deletion guard or another hold keeps from being carried out.
    package var held: [HeldAction] = []
    /// The pools, in the order of the presets that were planned for.
    package var pools: [PoolPlan] = []
    /// The time at which the plan may change although no event happens, for example because a workspace expires, a
    /// window of a schedule begins or a backoff ends; nil if there is no such time.
    package var nextChange: Timestamp?

    package init() {}
}

/// One decision of the planner about one workspace.
package struct Action: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case create, delete
        /// Cancels a create before its provisioner was called.
        case cancel
    }

    package let kind: Kind
    package let preset: PresetKey
    /// The workspace. It is nil for a create, whose workspace gets an id when the plan is carried out, and for a deletion
    /// that the deletion guard holds, since the guard counts workspaces and does not choose them.
    package let workspace: WorkspaceID?
    package let reason: Reason

    package init(_ kind: Kind, preset: PresetKey, workspace: WorkspaceID? = nil, reason: Reason) {
        self.kind = kind
        self.preset = preset
        self.workspace = workspace
        self.reason = reason
    }
}

/// An action that is not carried out now, and the reason.
package struct HeldAction: Hashable, Sendable {
    package let action: Action
    package let hold: Hold

    package init(_ action: Action, hold: Hold) {
        self.action = action
        self.hold = hold
    }
}

/// The reason why an action is not carried out now.
package enum Hold: Hashable, Sendable {
    /// The limit `policy.limits.instancesPerPreset` of the configuration.
    case instancesPerPreset(Int)
    /// The limit `policy.limits.instancesPerSource`.
    case instancesPerSource(Int)
    /// The limit `policy.limits.instances`, which counts the workspaces of all sources.
    case instances(Int)
    /// The limit `policy.limits.actionsPerTurn`.
    case actionsPerTurn(Int)
    /// The deletion guard: the revision asks for too many workspaces less.
    /// - Parameters:
    ///   - removed: the number of workspaces that the presets of the source ask for less, plus `gone`.
    ///   - gone: the number that earlier revisions took away within the guard's window.
    ///   - of: the number of workspaces that the presets asked for, plus `gone`, without those that were added within
    ///     the window.
    case deletionGuard(removed: Int, gone: Int, of: Int)
    /// The deletion guard: no preset of the source is left. The parameters are those of
    /// ``deletionGuard(removed:gone:of:)``.
    case pathEmptied(removed: Int, gone: Int)
    /// `deletionPolicy: Confirm`
    case confirm
    /// `deletionPolicy: Retain`
    case retain
    /// `mode: observe` of the preset or of its source.
    case observe
    /// A freeze of the source that ends at the given time.
    case freeze(until: Timestamp)
    /// A time zone of a schedule or a freeze that cannot be read.
    case timezone(String)
    /// `prewarm suspend`, or `suspended: true` in the manifest. Only a plan that is shown has this hold: it shows what
    /// `prewarm resume` would start.
    case suspension
    /// The store is a restored copy, so a workspace that it lists as ready may have been claimed.
    case restoredStore

    /// The text that follows "held by", without the number of a revision.
    package var message: String { message(at: nil) }

    /// Returns the text that follows "held by", with the command that ends the hold if there is one.
    /// - Parameter revision: the revision that the command approves; nil if it is not known.
    package func message(at revision: Revision?) -> String {
        let approval =
            revision.map { "To allow it: `prewarm approve \($0.commit.prefix(8))`" }
            ?? "To allow it, approve the revision that `prewarm status` shows"
        return switch self {
        case .instancesPerPreset(let limit):
            "the limit of \(limit) workspaces for each preset (`policy.limits.instancesPerPreset`)"
        case .instancesPerSource(let limit):
            "the limit of \(limit) workspaces for each source (`policy.limits.instancesPerSource`)"
        case .instances(let limit): "the limit of \(limit) workspaces in total (`policy.limits.instances`)"
        case .actionsPerTurn(let limit):
            "the limit of \(limit) actions for each reconciliation (`policy.limits.actionsPerTurn`); the next "
                + "reconciliation continues"
        case .deletionGuard(let removed, 0, let all):
            "the deletion guard: this revision takes \(removed) of \(all) workspaces away. \(approval)"
        case .deletionGuard(let removed, let gone, let all):
            "the deletion guard: this revision takes \(removed - gone) workspaces away, and recent revisions took "
                + "\(gone), in total \(removed) of \(all) (recently added workspaces do not count). \(approval)"
        case .pathEmptied(let removed, let gone):
            "the deletion guard: the source has no preset left, and this revision takes all its workspaces away "
                + "(\(removed - gone)). \(approval)"
        case .confirm: "`deletionPolicy: Confirm`. \(approval)"
        case .retain: "`deletionPolicy: Retain`"
        case .observe: "`mode: observe`"
        case .suspension: "the suspension"
        case .freeze(let until): "a freeze until \(until.inSentence)"
        case .restoredStore: "a store that is or may be a restored copy. To end the hold: `prewarm approve --restored`"
        case .timezone(let name): "the time zone \(name), which cannot be read. Install tzdata, or set TZDIR"
        }
    }

    /// True for the holds of the deletion guard.
    package var isOfGuard: Bool {
        switch self {
        case .deletionGuard, .pathEmptied: true
        default: false
        }
    }

    /// True for the holds that keep prewarm from any change of a pool until they end.
    package var isOfPool: Bool {
        switch self {
        case .observe, .freeze, .timezone, .suspension, .restoredStore: true
        default: false
        }
    }

    /// True if a change in another source can end the hold.
    package var isOfAllSources: Bool {
        if case .instances = self { true } else { false }
    }

    /// True for holds that protect existing workspaces. The other holds limit the actions of a reconciliation.
    package var isOfDeletions: Bool {
        switch self {
        case .deletionGuard, .pathEmptied, .confirm, .retain, .restoredStore: true
        default: false
        }
    }
}

/// The pool of one preset, as the planner saw it.
package struct PoolPlan: Hashable, Sendable {
    package let preset: PresetKey
    package var counts: PoolCounts
    /// The reason why the pool creates nothing although workspaces are missing; nil if nothing keeps it from creating.
    package var wait: Wait?
    /// The suspension that an operator ordered; nil if the preset is not suspended by an operator.
    package var suspension: Suspension?
    /// The time at which the plan of this pool may change although no event happens (``Plan/nextChange``).
    package var nextChange: Timestamp?
    /// The number of unclaimed workspaces that are ready or starting, of any fingerprint.
    package var unclaimed: Int
    /// The time zone of the schedule or of a freeze that cannot be read, so that the pool is held; nil if all can be read.
    package let unreadableZone: String?
    /// The outage of the provisioner that keeps the pool below its desired number; nil if the provisioner works.
    package let outage: Outage?
    /// The number of claimed workspaces that are lost or unhealthy. prewarm leaves them to their owners.
    package let brokenClaims: Int

    package init(
        preset: PresetKey, counts: PoolCounts, unclaimed: Int = 0, wait: Wait? = nil, suspension: Suspension? = nil,
        nextChange: Timestamp? = nil, unreadableZone: String? = nil, outage: Outage? = nil,
        brokenClaims: Int = 0
    ) {
        self.brokenClaims = brokenClaims
        self.outage = outage
        self.preset = preset
        self.counts = counts
        self.unclaimed = unclaimed
        self.wait = wait
        self.suspension = suspension
        self.nextChange = nextChange
        self.unreadableZone = unreadableZone
    }
}

/// The reason why a pool that lacks workspaces creates none.
package enum Wait: Hashable, Sendable {
    /// The last build failed. The next one may start at `until`.
    case backoff(until: Timestamp, failures: Int)
    /// The number of builds that failed in a row reached the preset's `failureLimit`. One build an hour is tried.
    case stalled(failures: Int)
    /// The first workspaces of a new fingerprint have to become ready before more are created.
    case canary
}

/// The counts of one preset. All of them except ``claimed`` count unclaimed workspaces.
package struct PoolCounts: Hashable, Sendable {
    /// The number of workspaces that should be ready.
    package var desired = 0
    /// The part of ``desired`` for waiting claims (``WaitingDemand``).
    package var waiting = 0
    /// The number of ready workspaces of the current fingerprint.
    package var actual = 0
    /// The number of ready workspaces of the current fingerprint that have not expired: ``actual`` − ``expired``.
    package var eligible = 0
    /// The number of ready workspaces of the current fingerprint that are older than the `ttl`.
    package var expired = 0
    /// The number of pending, creating and ready workspaces of another fingerprint.
    package var outdated = 0
    /// The number of current workspaces, ready or starting, above ``desired``.
    package var extraneous = 0
    /// The number of pending and creating workspaces of any fingerprint.
    package var starting = 0
    package var deleting = 0
    package var failed = 0
    /// The number of ``failed`` workspaces that `keepFailed` keeps for inspection.
    package var keptFailed = 0
    package var claimed = 0
    /// The number of workspaces that were ready and whose last health check failed. They cannot be claimed.
    package var unhealthy = 0
    /// The number of workspaces that a claim may get: ``eligible``, outdated ones that a rollout has not replaced
    /// yet, and expired ones as far as the rollout's floor needs them (``RolloutStrategy/floor(desired:)``).
    package var claimable = 0

    package init() {}

    /// The number of ``claimable`` workspaces that are outdated or expired.
    package var claimableOlder: Int { claimable - eligible }
}
