package import PrewarmCore

extension EventReason {
    /// The kind of object that the event is usually about.
    package enum Subject: String, CaseIterable, Sendable {
        case source = "Sources and revisions"
        case git = "Sources that prewarm cannot read"
        case preset = "Presets"
        case workspace = "Workspaces"
        case provisioner = "Provisioners"
        case store = "The store"
    }

    package var subject: Subject {
        switch self {
        case .applied, .converged, .manifestsInvalid, .manifestsValid, .deletionsHeld, .holdEnded, .approved, .pinned,
            .unpinned, .suspended, .resumed, .recovered, .forgotten:
            .source
        case .unreachable, .authenticationFailed, .notARepository, .repositoryEmpty, .refNotFound, .pathNotFound,
            .refused, .tooLarge, .verificationFailed, .historyRewritten, .fetchFailed:
            .git
        case .atDesired, .stalled, .retried, .belowDesired, .waitingClaim, .aboveDesired, .outdated, .expired,
            .deprecated, .inactive, .pruned, .noLongerWanted, .handoverFailing, .handoverRecovered,
            .unhealthy, .replaced:
            .preset
        case .ready, .starting, .createFailed, .claimed, .claimedCold, .handoverFailed, .released, .deleted,
            .deleteFailed, .lost, .failed, .orphaned, .adopted, .expiring, .renewed, .leaseHeld, .leaseExpired,
            .revoked,
            .transferred:
            .workspace
        case .provisionerUnavailable, .provisionerAvailable, .listFailed, .listRecovered, .listSuspect, .unknownState:
            .provisioner
        case .storeRestored, .storeFresh, .storeUnconfirmed, .storeConfirmed, .storeApproved, .expiriesSuspect: .store
        }
    }

    /// One sentence that says when prewarm records the event.
    package var meaning: String {
        switch subject {
        case .source, .git: meaningOfSource
        case .preset: meaningOfPreset
        case .workspace: meaningOfWorkspace
        case .provisioner, .store: meaningOfOthers
        }
    }

    private var meaningOfSource: String {
        switch self {
        case .applied: "A new revision is applied."
        case .converged: "All pools of the source have converged to the applied revision."
        case .manifestsInvalid: "Manifests of the applied revision have errors."
        case .manifestsValid: "All manifests of the source are valid again."
        case .deletionsHeld: "The revision removes workspaces, and the deletions wait for an approval."
        case .holdEnded: "No deletion of the source waits for an approval any more."
        case .approved: "An operator approved the held deletions of a revision."
        case .pinned: "An operator pinned the source at a revision."
        case .unpinned: "The pin of the source ended."
        case .suspended: "An operator suspended a preset, a source or all sources."
        case .resumed: "An operator ended a suspension."
        case .recovered:
            "A problem ended: the repository can be read again, the preset is no longer stalled, or the provisioner lists "
                + "a claimed workspace as ready again."
        case .forgotten: "A removed preset or source has no workspaces left, so prewarm removed its records."
        case .unreachable: "The remote gave no answer, or not in time."
        case .authenticationFailed: "The remote refused the login, or asks for one."
        case .notARepository: "There is no git repository at the URL."
        case .repositoryEmpty: "The repository has no commit yet."
        case .refNotFound: "The repository does not have the `ref` of the source."
        case .pathNotFound: "The revision does not have the `path` of the source."
        case .refused:
            "The URL, a certificate or a host key is not allowed, or libgit2 cannot do what the remote needs."
        case .tooLarge: "The revision has too many files, or a pack or an object is beyond its limit."
        case .verificationFailed: "The commit or tag has no signature that `verify` accepts."
        case .historyRewritten:
            "The history of the revision does not contain the applied revision, for example after a forced push."
        case .fetchFailed: "The fetch failed for another reason."
        default: rawValue
        }
    }

    private var meaningOfPreset: String {
        switch self {
        case .atDesired: "The pool was filled in a rollout: all desired workspaces are ready."
        case .stalled: "`failureLimit` builds in a row failed. prewarm builds one workspace an hour until one works."
        case .retried: "An operator ran `prewarm retry`: pauses after failures are over."
        case .belowDesired: "prewarm creates workspaces because the pool has fewer than desired."
        case .waitingClaim: "prewarm creates workspaces because claims wait for them (`onEmpty: create`)."
        case .aboveDesired: "prewarm deletes workspaces because the pool has more than desired."
        case .outdated: "prewarm deletes workspaces that were built from an older fingerprint."
        case .expired: "prewarm deletes workspaces that have been ready for longer than `ttl`, or soon will be."
        case .unhealthy: "prewarm deletes workspaces whose health checks failed."
        case .replaced: "An operator ran `prewarm replace`, or prewarm replaces workspaces for that reason."
        case .deprecated: "prewarm deletes the workspaces of a preset that is deprecated, or whose template is."
        case .inactive: "prewarm deletes the workspaces of a preset that has another version than `activeVersion`."
        case .pruned: "prewarm deletes the workspaces of a preset that was removed from git."
        case .handoverFailing: "`failureLimit` handovers of claimed workspaces in a row failed."
        case .handoverRecovered: "A handover succeeded after `failureLimit` failures in a row."
        case .noLongerWanted: "prewarm cancels creates or deletes workspaces that are starting and no longer needed."
        default: rawValue
        }
    }

    private var meaningOfWorkspace: String {
        switch self {
        case .ready: "The workspace is ready."
        case .starting: "The create answered that the workspace is starting, so prewarm inspects it until it is ready."
        case .createFailed: "The create of the workspace failed."
        case .claimed: "A user claimed the workspace."
        case .claimedCold: "A user claimed while no workspace was ready, so prewarm creates this one for the user."
        case .handoverFailed:
            "The handover to the owner failed or was interrupted, or the workspace is deleted for that."
        case .released: "The owner or an operator released the workspace."
        case .expiring: "The lease of the claim ends soon. `prewarm renew` extends it."
        case .renewed: "The lease of the claim was renewed."
        case .leaseHeld: "An operator held the claim of the workspace, or ended such a hold."
        case .leaseExpired: "The lease of the claim ended without a renewal."
        case .revoked: "An operator revoked the claim of the workspace."
        case .transferred: "The claim of the workspace has another owner."
        case .deleted: "The workspace is deleted."
        case .deleteFailed: "An attempt to delete the workspace failed. prewarm tries again."
        case .lost: "The provisioner no longer knows the workspace."
        case .failed:
            "The provisioner reports the workspace as failed, stopped or unhealthy, or it did not become ready."
        case .orphaned: "The provisioner lists the workspace, and the store does not know it."
        case .adopted: "An operator added an orphan to a pool."
        default: rawValue
        }
    }

    private var meaningOfOthers: String {
        switch self {
        case .provisionerUnavailable:
            "The provisioner reported an outage, or builds of several presets failed: its creates wait, except for a probe."
        case .provisionerAvailable: "A build of the provisioner worked again, so its creates start."
        case .listFailed: "The list of the provisioner failed, or none of its workspaces could be inspected."
        case .listRecovered: "The provisioner can list or inspect its workspaces again."
        case .listSuspect:
            "Most workspaces are missing or broken at once, so prewarm waits for another list before it replaces them."
        case .unknownState: "The list contains an unknown state. A workspace in this state counts as ready."
        case .storeRestored: "The store is a restored copy: claims are refused and deletions are held."
        case .storeFresh: "The store is new and another one was used before: orphans are not deleted."
        case .storeUnconfirmed:
            "The identity file of the store is missing: claims and deletions wait for a list of each provisioner."
        case .storeConfirmed:
            "Each provisioner was listed, and no list has a newer workspace: claims and deletions go on."
        case .expiriesSuspect: "Most leases would end at once, so prewarm waits for another round before it ends them."
        case .storeApproved: "An operator ended the hold of the store by `prewarm approve --restored`."
        default: rawValue
        }
    }
}

extension Reason {
    /// The sentence about actions and operations with the reason, for the reference.
    package var meaning: String {
        self == .healthCheck
            ? "prewarm inspects a workspace at an interval, because its provisioner cannot list."
            : EventReason(self).meaning
    }
}
