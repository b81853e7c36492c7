/// What one turn does, and why; and what each pool looks like to it.
package struct Plan: Hashable, Sendable {
    /// By preset; for each first what goes, then what comes.
    package var actions: [Action] = []
    /// What would be done if a limit or a guard didn't hold it back.
    package var held: [HeldAction] = []
    /// In the order of the presets planned for.
    package var pools: [PoolPlan] = []
    /// When the plan may change though nothing else does: an expiry, a window of a schedule, the end of a backoff.
    /// Nil: never.
    package var nextChange: Timestamp?

    package init() {}
}

package struct Action: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case create, delete
        /// Of a create that was never asked for.
        case cancel
    }

    package let kind: Kind
    package let preset: PresetKey
    /// Nil for a create: its workspace gets an id when the plan is carried out.
    package let workspace: WorkspaceID?
    package let reason: Reason
    /// A delete that git asks for, be it now or since an earlier revision, and not only when another one is in its
    /// place: what the deletion guard counts.
    package let isByRevision: Bool

    package init(
        _ kind: Kind, preset: PresetKey, workspace: WorkspaceID? = nil, reason: Reason, isByRevision: Bool = false
    ) {
        self.kind = kind
        self.preset = preset
        self.workspace = workspace
        self.reason = reason
        self.isByRevision = isByRevision
    }
}

package struct HeldAction: Hashable, Sendable {
    package let action: Action
    /// By what, as a sentence for the status.
    package let hold: Hold

    package init(_ action: Action, hold: Hold) {
        self.action = action
        self.hold = hold
    }
}

/// What holds an action back.
package enum Hold: Hashable, Sendable {
    case instancesPerPreset(Int)
    case instancesPerSource(Int)
    case instances(Int)
    case actionsPerTurn(Int)
    /// - Parameters:
    ///   - removed: how many would go, and how many went within the guard's window.
    ///   - gone: of these, those that went.
    case deletionGuard(removed: Int, gone: Int, of: Int)
    /// No preset of the source would be left.
    case pathEmptied(removed: Int, gone: Int)
    /// `deletionPolicy: Confirm`
    case confirm
    /// `deletionPolicy: Retain`
    case retain
    /// `mode: observe`, of the preset or of its source.
    case observe
    case freeze(until: Timestamp)
    /// Of a schedule or a freeze: it can't be read.
    case timezone(String)
    /// The store is a restored copy: what it calls ready may be claimed.
    case restoredStore

    package var message: String {
        switch self {
        case .instancesPerPreset(let limit): "the limit of \(limit) instances for each preset"
        case .instancesPerSource(let limit): "the limit of \(limit) instances for each source"
        case .instances(let limit): "the limit of \(limit) instances in all"
        case .actionsPerTurn(let limit): "the limit of \(limit) actions a turn; the next turn goes on"
        case .deletionGuard(let removed, 0, let all):
            "the deletion guard: \(removed) of \(all) unclaimed instances would go; `prewarm approve REVISION` lets them"
        case .deletionGuard(let removed, let gone, let all):
            "the deletion guard: \(removed) of \(all) unclaimed instances, with \(gone) that went lately, would go (what "
                + "is new is not counted); `prewarm approve REVISION` lets them"
        case .pathEmptied(let removed, let gone):
            "the deletion guard: no preset is left, \(removed - gone) would go; `prewarm approve REVISION` lets them"
        case .confirm: "`deletionPolicy: Confirm`; `prewarm approve REVISION` lets them go"
        case .retain: "`deletionPolicy: Retain`"
        case .observe: "`mode: observe`"
        case .freeze(let until): "a freeze until \(until)"
        case .restoredStore: "a restored copy of the store; `prewarm approve --restored` ends the hold"
        case .timezone(let name): "the time zone \(name), which can't be read: install tzdata, or set TZDIR"
        }
    }

    package var isOfGuard: Bool {
        switch self {
        case .deletionGuard, .pathEmptied: true
        default: false
        }
    }

    /// It ends by what is done for another source.
    package var isOfAllSources: Bool {
        if case .instances = self { true } else { false }
    }

    /// It guards what exists; the others limit what is done.
    package var isOfDeletions: Bool {
        switch self {
        case .deletionGuard, .pathEmptied, .confirm, .retain, .restoredStore: true
        default: false
        }
    }
}

/// One preset as the planner saw it.
package struct PoolPlan: Hashable, Sendable {
    package let preset: PresetKey
    package var counts: PoolCounts
    /// Why nothing is created though something is missing.
    package var wait: Wait?
    package var suspension: Suspension?
    /// As ``Plan/nextChange``.
    package var nextChange: Timestamp?
    /// Instances that are ready or on their way, of whatever fingerprint: what the deletion guard takes a share of.
    package var unclaimed: Int

    package init(
        preset: PresetKey, counts: PoolCounts, unclaimed: Int = 0, wait: Wait? = nil, suspension: Suspension? = nil,
        nextChange: Timestamp? = nil
    ) {
        self.preset = preset
        self.counts = counts
        self.unclaimed = unclaimed
        self.wait = wait
        self.suspension = suspension
        self.nextChange = nextChange
    }
}

package enum Wait: Hashable, Sendable {
    /// The last build failed; the next may not start before.
    case backoff(until: Timestamp, failures: Int)
    /// Too many builds failed in a row.
    case stalled(failures: Int)
    /// The first instance of a new fingerprint has to be ready before more are made.
    case canary
}

/// The counts of DESIGN.md §3 for one preset. All but ``claimed`` are of live unclaimed workspaces.
package struct PoolCounts: Hashable, Sendable {
    package var desired = 0
    /// Ready, of the current fingerprint.
    package var actual = 0
    /// Of ``actual``, those that are not expired.
    package var eligible = 0
    /// Of ``actual``, those older than the ttl.
    package var expired = 0
    /// Of another fingerprint, and not being deleted.
    package var outdated = 0
    /// Of the current fingerprint, above ``desired``.
    package var extraneous = 0
    package var starting = 0
    package var stopping = 0
    package var deleting = 0
    package var failed = 0
    /// Of ``failed``, those that stay for inspection.
    package var keptFailed = 0
    package var claimed = 0
    /// What a claim may get: ``eligible``, outdated ones that a rollout has not replaced yet, and expired ones as far as the
    /// floor of the rollout needs them (``RolloutStrategy/floor(desired:)``).
    package var claimable = 0

    package init() {}

    /// Of ``claimable``, those of an older version, or expired.
    package var claimableOlder: Int { claimable - eligible }
}
