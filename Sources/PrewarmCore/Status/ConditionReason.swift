/// The reason of a condition: one word for programs, with its meaning for people. The condition `Ready` of a source that
/// cannot be read has the reason of the error instead.
package enum ConditionReason: String, CaseIterable, Sendable {
    // MARK: Ready

    case atDesired = "AtDesired"
    case belowDesired = "BelowDesired"
    case scaledToZero = "ScaledToZero"
    case synced = "Synced"
    case neverSynced = "NeverSynced"

    // MARK: Reconciling

    case progressing = "Progressing"
    case progressingWithRetry = "ProgressingWithRetry"
    case rollingOut = "RollingOut"
    case draining = "Draining"

    // MARK: Stalled, BackingOff, ProvisionerUnavailable and Invalid

    case failureLimit = "FailureLimit"
    case createFailed = "CreateFailed"
    case outage = "Outage"
    case claimedBroken = "ClaimedBroken"
    case manifestInvalid = "ManifestInvalid"

    // MARK: HandoverFailing

    case handoverFailed = "HandoverFailed"

    // MARK: Deprecated

    case deprecated = "Deprecated"
    case templateDeprecated = "TemplateDeprecated"
    case inactive = "Inactive"
    case pruned = "Pruned"

    // MARK: Suspended and Pinned

    case byOperator = "ByOperator"
    case byManifest = "ByManifest"
    case pinnedByUser = "PinnedByUser"

    // MARK: DeletionsHeld

    case guardExceeded = "GuardExceeded"
    case pathEmptied = "PathEmptied"
    case confirm = "Confirm"
    case retain = "Retain"
    case storeRestored = "StoreRestored"

    // MARK: Limited

    case observed = "Observed"
    case frozen = "Frozen"
    case timezoneUnknown = "TimezoneUnknown"
    case instancesPerPreset = "InstancesPerPreset"
    case instancesPerSource = "InstancesPerSource"
    case instances = "Instances"
    case actionsPerTurn = "ActionsPerTurn"

    /// The condition that has this reason.
    package var condition: Condition.Kind {
        switch self {
        case .atDesired, .belowDesired, .scaledToZero, .synced, .neverSynced: .ready
        case .progressing, .progressingWithRetry, .rollingOut, .draining: .reconciling
        case .failureLimit: .stalled
        case .createFailed: .backingOff
        case .outage: .provisionerUnavailable
        case .handoverFailed: .handoverFailing
        case .claimedBroken: .claimUnhealthy
        case .manifestInvalid: .invalid
        case .deprecated, .templateDeprecated, .inactive, .pruned: .deprecated
        case .byOperator, .byManifest: .suspended
        case .pinnedByUser: .pinned
        case .guardExceeded, .pathEmptied, .confirm, .retain, .storeRestored: .deletionsHeld
        case .observed, .frozen, .timezoneUnknown, .instancesPerPreset, .instancesPerSource, .instances,
            .actionsPerTurn:
            .limited
        }
    }

    /// One sentence that says when a condition has this reason.
    package var meaning: String {
        switch self {
        case .atDesired: "All desired workspaces are ready, with the current fingerprint."
        case .belowDesired: "Fewer workspaces are ready than desired. The status is False."
        case .scaledToZero: "The preset desires no workspaces now."
        case .synced: "A revision of the source is applied."
        case .neverSynced: "No revision of the source is applied yet. The status is Unknown."
        case .progressing: "Workspaces are created or deleted."
        case .progressingWithRetry: "A build failed, and prewarm waits before the next try."
        case .rollingOut: "Outdated workspaces are replaced."
        case .draining: "The workspaces of a deprecated, inactive or removed preset are deleted."
        case .failureLimit: "`failureLimit` builds in a row failed, or the provisioner reported the class `invalid`."
        case .handoverFailed: "`failureLimit` handovers in a row failed."
        case .createFailed: "The last build failed, and prewarm waits before the next try."
        case .outage: "The circuit breaker of the provisioner is open, so creates wait."
        case .claimedBroken: "The list of the provisioner lacks a claimed workspace, or reports it as broken."
        case .manifestInvalid: "A manifest has an error. The last valid version stays applied."
        case .deprecated: "The preset has `deprecated`."
        case .templateDeprecated: "The template of the preset has `deprecated`."
        case .inactive: "The preset has another version than the `activeVersion` of its template."
        case .pruned: "The preset was removed from git."
        case .byOperator: "An operator ran `prewarm suspend`."
        case .byManifest: "The manifest has `suspended: true`."
        case .pinnedByUser: "An operator ran `prewarm pin`."
        case .guardExceeded: "The revision removes more workspaces than the deletion guard allows."
        case .pathEmptied: "The source has no preset left."
        case .confirm: "The preset has `deletionPolicy: Confirm`."
        case .retain: "The preset has `deletionPolicy: Retain`, so its workspaces stay."
        case .storeRestored: "The store is a restored copy, or it may be one."
        case .observed: "The preset or its source has `mode: observe`."
        case .frozen: "A freeze of the source is active."
        case .timezoneUnknown: "A time zone of a schedule or a freeze cannot be read."
        case .instancesPerPreset: "The limit `policy.limits.instancesPerPreset` is reached."
        case .instancesPerSource: "The limit `policy.limits.instancesPerSource` is reached."
        case .instances: "The limit `policy.limits.instances` is reached."
        case .actionsPerTurn: "The limit `policy.limits.actionsPerTurn` is reached; the next reconciliation continues."
        }
    }
}

extension Condition.Kind {
    /// One sentence that says when the condition is true.
    package var meaning: String {
        switch self {
        case .ready: "The pool has its desired workspaces, or a revision of the source is applied and can be read."
        case .reconciling: "prewarm works on the pool."
        case .stalled: "prewarm builds one workspace an hour, until one works or someone retries."
        case .deprecated: "The preset is retired: claims are refused, and its workspaces are deleted."
        case .suspended: "prewarm creates and deletes no workspaces of the preset. Claims continue."
        case .invalid: "A manifest of the preset or the source has an error."
        case .deletionsHeld: "Deletions wait for an approval or for another commit."
        case .backingOff: "A build failed, and prewarm waits before the next try."
        case .provisionerUnavailable: "The provisioner of the preset does not work, and the pool lacks workspaces."
        case .claimUnhealthy: "A claimed workspace is lost or unhealthy. prewarm leaves it to its owner."
        case .limited: "A limit, a freeze or the mode `observe` holds actions."
        case .handoverFailing: "Handovers of claimed workspaces to their owners fail, until one succeeds."
        case .pinned: "The source stays at a revision. New commits are not applied."
        }
    }
}
