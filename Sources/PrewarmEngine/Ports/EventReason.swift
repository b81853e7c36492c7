package import PrewarmCore

/// The reason of an event: one word for programs, with its meaning for people. The reference page lists all of them.
package enum EventReason: String, CaseIterable, Sendable {
    // MARK: Sources and revisions

    case applied = "Applied"
    case converged = "Converged"
    case manifestsInvalid = "ManifestsInvalid"
    case manifestsValid = "ManifestsValid"
    case deletionsHeld = "DeletionsHeld"
    case holdEnded = "HoldEnded"
    case approved = "Approved"
    case pinned = "Pinned"
    case unpinned = "Unpinned"
    case suspended = "Suspended"
    case resumed = "Resumed"
    case recovered = "Recovered"
    case forgotten = "Forgotten"

    // MARK: Sources that prewarm cannot read, as in `GitFailure.Reason`

    case unreachable = "Unreachable"
    case authenticationFailed = "AuthenticationFailed"
    case notARepository = "NotARepository"
    case repositoryEmpty = "RepositoryEmpty"
    case refNotFound = "RefNotFound"
    case pathNotFound = "PathNotFound"
    case refused = "Refused"
    case tooLarge = "TooLarge"
    case verificationFailed = "VerificationFailed"
    case historyRewritten = "HistoryRewritten"
    case fetchFailed = "FetchFailed"

    // MARK: Presets, with the actions that a reconciliation plans, as in `Reason`

    case atDesired = "AtDesired"
    case stalled = "Stalled"
    case retried = "Retried"
    case belowDesired = "BelowDesired"
    case waitingClaim = "WaitingClaim"
    case aboveDesired = "AboveDesired"
    case outdated = "Outdated"
    case expired = "Expired"
    case deprecated = "Deprecated"
    case inactive = "Inactive"
    case pruned = "Pruned"
    case noLongerWanted = "NoLongerWanted"
    case handoverFailing = "HandoverFailing"
    case handoverRecovered = "HandoverRecovered"

    // MARK: Workspaces

    case ready = "Ready"
    case starting = "Starting"
    case createFailed = "CreateFailed"
    case claimed = "Claimed"
    case claimedCold = "ClaimedCold"
    case handoverFailed = "HandoverFailed"
    case released = "Released"
    case expiring = "Expiring"
    case renewed = "Renewed"
    case leaseHeld = "LeaseHeld"
    case leaseExpired = "LeaseExpired"
    case revoked = "Revoked"
    case transferred = "Transferred"
    case deleted = "Deleted"
    case deleteFailed = "DeleteFailed"
    case lost = "Lost"
    case failed = "Failed"
    case unhealthy = "Unhealthy"
    case replaced = "Replaced"
    case orphaned = "Orphaned"
    case adopted = "Adopted"

    // MARK: Provisioners and the store

    case provisionerUnavailable = "ProvisionerUnavailable"
    case provisionerAvailable = "ProvisionerAvailable"
    case listFailed = "ListFailed"
    case listRecovered = "ListRecovered"
    case listSuspect = "ListSuspect"
    case unknownState = "UnknownState"
    case storeRestored = "StoreRestored"
    case storeFresh = "StoreFresh"
    case storeUnconfirmed = "StoreUnconfirmed"
    case storeConfirmed = "StoreConfirmed"
    case storeApproved = "StoreApproved"
    case expiriesSuspect = "ExpiriesSuspect"

    package init(_ reason: GitFailure.Reason) {
        self =
            switch reason {
            case .unreachable: .unreachable
            case .authenticationFailed: .authenticationFailed
            case .notARepository: .notARepository
            case .empty: .repositoryEmpty
            case .refNotFound: .refNotFound
            case .pathNotFound: .pathNotFound
            case .refused: .refused
            case .tooLarge: .tooLarge
            case .verificationFailed: .verificationFailed
            case .historyRewritten: .historyRewritten
            case .fetchFailed: .fetchFailed
            }
    }

    package init(_ reason: Reason) {
        self =
            switch reason {
            case .belowDesired: .belowDesired
            case .waitingClaim: .waitingClaim
            case .aboveDesired: .aboveDesired
            case .outdated: .outdated
            case .expired: .expired
            case .failed: .failed
            case .lost: .lost
            case .unhealthy, .healthCheck: .unhealthy
            case .replaced: .replaced
            case .deprecated: .deprecated
            case .inactive: .inactive
            case .pruned: .pruned
            case .noLongerWanted: .noLongerWanted
            case .released: .released
            case .leaseExpired: .leaseExpired
            case .revoked: .revoked
            case .claimed: .claimed
            case .orphaned: .orphaned
            case .starting: .starting
            case .handoverFailed: .handoverFailed
            }
    }

    package init(_ reason: StoreHold.Reason) {
        self =
            switch reason {
            case .restored: .storeRestored
            case .fresh: .storeFresh
            case .unconfirmed: .storeUnconfirmed
            }
    }
}
