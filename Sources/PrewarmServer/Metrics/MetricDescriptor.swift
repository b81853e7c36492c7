/// One metric family: what it is called, what it says, and the names of its labels.
struct MetricDescriptor: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    let name: String
    let kind: Kind
    /// One sentence that says when it moves.
    let help: String
    let labels: [String]
    /// Upper bounds in seconds, growing, without infinity.
    var buckets: [Double] = []

    static func counter(_ name: String, _ labels: [String] = [], _ help: String) -> Self {
        Self(name: name, kind: .counter, help: help, labels: labels)
    }

    static func gauge(_ name: String, _ labels: [String] = [], _ help: String) -> Self {
        Self(name: name, kind: .gauge, help: help, labels: labels)
    }

    static func histogram(_ name: String, _ labels: [String] = [], buckets: [Double], _ help: String) -> Self {
        Self(name: name, kind: .histogram, help: help, labels: labels, buckets: buckets)
    }
}

/// The metrics of prewarm. Labels are names from the configuration, names of presets, and enumerations: never a
/// revision, an owner, a path or an error's text, which have no end.
extension MetricDescriptor {
    /// From the answer of an index to a claim that waits for another process.
    private static let claimBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    /// From a turn with nothing new to a build of half an hour.
    private static let turnBuckets = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900, 1800]

    // MARK: State, as it is at the scrape

    static let buildInfo = gauge("prewarm_build_info", ["version"], "1; the version that runs.")
    static let sourceInfo = gauge(
        "prewarm_source_info", ["source", "ref", "ready", "suspended"],
        "1 for each source; ready says whether its newest revision could be read.")
    static let sourceLastSuccess = gauge(
        "prewarm_source_last_success_timestamp_seconds", ["source"],
        "When the source was last read and planned without an error.")
    static let sourceRevisionTime = gauge(
        "prewarm_source_revision_timestamp_seconds", ["source"], "When the commit in force was made.")
    static let manifests = gauge(
        "prewarm_manifests", ["source", "state"],
        "Manifest files that are valid or invalid, and YAML documents of other programs that are ignored.")
    static let presetInstances = gauge(
        "prewarm_preset_instances", ["source", "preset", "state"],
        "Workspaces of a preset by state; desired is what its manifest asks for now, eligible those of the current version "
            + "that are not expired, claimable also older ones that a claim may get.")
    static let presetCondition = gauge(
        "prewarm_preset_condition", ["source", "preset", "type"],
        "1 for each condition that a preset has; Ready only where every series is asked for.")
    static let deletionsHeld = gauge(
        "prewarm_deletions_held", ["source"], "Deletions that wait for somebody's approval.")
    static let operations = gauge("prewarm_operations", ["type", "state"], "Operations that are pending or running.")
    static let oldestPending = gauge(
        "prewarm_operation_oldest_pending_seconds", "For how long the oldest operation that could run has waited.")
    static let brokenClaims = gauge(
        "prewarm_claimed_broken", ["provisioner"],
        "Claimed workspaces that the provisioner's last list lacks or calls stopped, failed or unhealthy.")
    static let leaseHeld = gauge(
        "prewarm_lease_held", ["source"],
        "1 while this process reads the source as a whole, and nobody else reconciles it.")

    // MARK: Events, counted since the start of the process

    static let reconciles = counter(
        "prewarm_reconcile_total", ["source", "result"], "Turns that ended; skipped ones were another process's.")
    static let reconcileDuration = histogram(
        "prewarm_reconcile_duration_seconds", ["source"], buckets: turnBuckets, "How long turns took.")
    static let gitRequests = counter(
        "prewarm_git_requests_total", ["source", "kind", "result"], "Requests to remotes that ended.")
    static let gitDuration = histogram(
        "prewarm_git_request_duration_seconds", ["source", "kind"], buckets: turnBuckets,
        "How long requests to remotes took.")
    static let parseCache = counter(
        "prewarm_parse_cache_total", ["result"], "Manifest files of new revisions that were known, and that were not.")
    static let planActions = counter(
        "prewarm_plan_actions_total", ["action", "reason"], "Actions that turns decided.")
    static let operationDuration = histogram(
        "prewarm_operation_duration_seconds", ["type", "provisioner", "result"], buckets: turnBuckets,
        "How long attempts of operations took.")
    static let claims = counter(
        "prewarm_claims_total", ["source", "preset", "result"],
        "Claims that were answered at once, after a wait, with a workspace that is still to be made, or with nothing.")
    static let claimDuration = histogram(
        "prewarm_claim_duration_seconds", buckets: claimBuckets, "How long claims took, with their wait.")
    static let webhookDeliveries = counter(
        "prewarm_webhook_deliveries_total", ["kind", "result"], "Requests to webhook receivers.")
    static let commitToReady = histogram(
        "prewarm_commit_to_ready_seconds", ["source"], buckets: turnBuckets,
        "From the moment a revision was applied until every pool was as it says.")
    static let notifications = counter(
        "prewarm_notifications_total", ["sink", "result"],
        "Notifications that were delivered, put off to another attempt, or dropped.")
}

extension MetricDescriptor {
    private static func gauge(_ name: String, _ help: String) -> Self { gauge(name, [], help) }

    private static func histogram(_ name: String, buckets: [Double], _ help: String) -> Self {
        histogram(name, [], buckets: buckets, help)
    }
}
