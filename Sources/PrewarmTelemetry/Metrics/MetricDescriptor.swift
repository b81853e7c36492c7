/// A metric family: its name, its help text and the names of its labels.
package struct MetricDescriptor: Sendable {
    /// The kind of a metric in Prometheus' text format.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package let name: String
    package let kind: Kind
    /// The text of the `# HELP` line: what the metric measures, and when it changes.
    package let help: String
    package let labels: [String]
    /// The upper bounds of a histogram's buckets in seconds, in ascending order, without infinity.
    package private(set) var buckets: [Double] = []

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

/// The metrics of prewarm.
///
/// A label holds a name from the configuration, the name of a preset, or a value of an enumeration. It never holds a
/// revision, an owner, a path or an error message, because their number is unbounded.
extension MetricDescriptor {
    /// The buckets for claims: from one indexed read (0.5 ms) to a claim that waits for another process (2.5 s).
    private static let claimBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    /// The buckets for the time until a claimed workspace is usable: from no handover (5 ms) to a build of 30 minutes.
    private static let usableBuckets = [0.005, 0.05, 0.25, 1, 5, 15, 60, 300, 1800]
    /// The buckets for longer work: from a reconciliation without changes (10 ms) to a build of 30 minutes.
    private static let durationBuckets = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900, 1800]

    // MARK: State at the time of the scrape

    static let buildInfo = gauge(
        "prewarm_build_info", ["version"], "1. The label version is the version of prewarm that runs.")
    static let sourceInfo = gauge(
        "prewarm_source_info", ["source", "ref", "ready", "suspended"],
        "1 for each source. The label ready says whether prewarm could read the newest revision of the source.")
    static let sourceLastSuccess = gauge(
        "prewarm_source_last_success_timestamp_seconds", ["source"],
        "The time of the last reconciliation that read the repository of the source without an error, in seconds since "
            + "1970.")
    static let sourceRevisionTime = gauge(
        "prewarm_source_revision_timestamp_seconds", ["source"],
        "The commit time of the applied revision, in seconds since 1970.")
    static let manifests = gauge(
        "prewarm_manifests", ["source", "state"],
        "The number of valid and of invalid manifest files, and of YAML documents that are ignored because they belong to "
            + "other programs.")
    static let presetInstances = gauge(
        "prewarm_preset_instances", ["source", "preset", "state"],
        "The number of workspaces of a preset by state. desired: how many should be ready now. eligible: ready, of the "
            + "current version and not expired. claimable: eligible workspaces and outdated ones that a claim may get.")
    static let presetCondition = gauge(
        "prewarm_preset_condition", ["source", "preset", "type"],
        "1 for each condition of a preset that is true. Ready appears only with metrics.perPreset: all.")
    static let deletionsHeld = gauge(
        "prewarm_deletions_held", ["source"],
        "The number of deletions that wait for `prewarm approve`.")
    static let operations = gauge(
        "prewarm_operations", ["type", "state"], "The number of pending and of running operations.")
    static let oldestPending = gauge(
        "prewarm_operation_oldest_pending_seconds",
        "How long the oldest operation that is due has waited for a worker. 0 if none is due.")
    static let brokenClaims = gauge(
        "prewarm_claimed_broken", ["provisioner"],
        "The number of claimed workspaces that the last list of the provisioner does not contain, or reports as stopped, "
            + "failed or unhealthy.")
    static let claimsWaiting = gauge(
        "prewarm_claims_waiting", ["source", "preset"],
        "The number of claims that wait for a workspace of the preset. A preset without such claims has no series.")
    static let provisionerAvailable = gauge(
        "prewarm_provisioner_available", ["provisioner"],
        "1 while creates of the provisioner start, 0 while they wait because the provisioner does not work.")
    static let leaseHeld = gauge(
        "prewarm_lease_held", ["source"],
        "1 while this replica reconciles the source, otherwise 0. The sum over all replicas is 1.")
    static let replicas = gauge(
        "prewarm_replicas", "The number of daemons on the store that sent a heartbeat lately, this one included.")
    static let databaseConnections = gauge(
        "prewarm_database_connections", "The number of open connections to PostgreSQL.")
    static let databaseWaiting = gauge(
        "prewarm_database_waiting", "The number of requests that wait for PostgreSQL or for a connection to it.")
    static let databaseListening = gauge(
        "prewarm_database_listening",
        "1 while hints of other replicas arrive at once, 0 while this replica only polls, for example behind PgBouncer."
    )

    // MARK: Events since the start of the process

    static let takeovers = counter(
        "prewarm_lease_takeovers_total", ["source"],
        "The number of times at which this replica took over a source that its last replica did not release.")
    static let databaseConnects = counter(
        "prewarm_database_connects_total", ["result"], "The number of tries to connect to PostgreSQL.")
    static let databaseRetries = counter(
        "prewarm_database_retries_total", ["cause"],
        "The number of repeated transactions, by the first two characters of the SQLSTATE. connection: the connection broke."
    )
    static let databaseClockJumps = counter(
        "prewarm_database_clock_jumps_total", [],
        "The number of times at which the clock of the PostgreSQL server jumped by more than a second.")

    static let reconciles = counter(
        "prewarm_reconcile_total", ["source", "result"],
        "The number of finished reconciliations. skipped: another process holds the lease on the source.")
    static let reconcileDuration = histogram(
        "prewarm_reconcile_duration_seconds", ["source"], buckets: durationBuckets,
        "The duration of reconciliations.")
    static let gitRequests = counter(
        "prewarm_git_requests_total", ["source", "kind", "result"], "The number of finished requests to git remotes.")
    static let gitDuration = histogram(
        "prewarm_git_request_duration_seconds", ["source", "kind"], buckets: durationBuckets,
        "The duration of requests to git remotes.")
    static let parseCache = counter(
        "prewarm_parse_cache_total", ["result"],
        "The number of manifest files of new revisions. hit: parsed before. miss: parsed now.")
    static let planActions = counter(
        "prewarm_plan_actions_total", ["action", "reason"], "The number of planned actions.")
    static let operationDuration = histogram(
        "prewarm_operation_duration_seconds", ["type", "provisioner", "result"], buckets: durationBuckets,
        "The duration of attempts at operations.")
    static let claims = counter(
        "prewarm_claims_total", ["source", "preset", "result"],
        "The number of claims. hit: got a workspace at once. waited: got one after a wait. cold: no workspace was ready, so "
            + "prewarm creates one for the claim. empty: got none. failed: got none, because the handovers failed.")
    static let claimUsable = histogram(
        "prewarm_claim_usable_seconds", ["source", "preset"], buckets: usableBuckets,
        "The time from a claim until its owner can use the workspace: until it is ready, created or handed over.")
    static let handovers = counter(
        "prewarm_handovers_total", ["source", "preset", "result"],
        "The number of handovers of claimed workspaces to their owners. done: succeeded. failed: failed or timed out. "
            + "interrupted: prewarm ended.")
    static let claimDuration = histogram(
        "prewarm_claim_duration_seconds", buckets: claimBuckets, "The duration of claims, including their wait.")
    static let claimEnds = counter(
        "prewarm_claim_ends_total", ["source", "preset", "reason"],
        "The number of granted claims that ended. Released: by the owner or an operator. Expired: the lease ended. Revoked: "
            + "by an operator. Failed and Lost: the workspace that was created for the claim failed or was lost.")
    static let webhookDeliveries = counter(
        "prewarm_webhook_deliveries_total", ["kind", "result"], "The number of requests to webhook endpoints.")
    static let commitToReady = histogram(
        "prewarm_commit_to_ready_seconds", ["source"], buckets: durationBuckets,
        "The time from the moment a revision was applied until every pool matched it.")
    static let notifications = counter(
        "prewarm_notifications_total", ["sink", "result"],
        "The number of attempts to send a notification. delivered: accepted by the receiver. delayed: failed and tried "
            + "again. dropped: refused by the receiver or a day old.")
}

extension MetricDescriptor {
    /// All metrics, in the order of the reference page.
    package static let all: [MetricDescriptor] = [
        .buildInfo, .sourceInfo, .sourceLastSuccess, .sourceRevisionTime, .manifests, .presetInstances,
        .presetCondition, .deletionsHeld, .operations, .oldestPending, .brokenClaims, .claimsWaiting,
        .provisionerAvailable, .leaseHeld, .replicas, .databaseConnections, .databaseWaiting, .databaseListening,
        .takeovers, .databaseConnects, .databaseRetries, .databaseClockJumps,
        .reconciles, .reconcileDuration, .gitRequests, .gitDuration, .parseCache, .planActions, .operationDuration,
        .claims,
        .claimDuration, .claimUsable, .handovers, .claimEnds, .webhookDeliveries, .commitToReady, .notifications,
    ]
}

extension MetricDescriptor {
    private static func gauge(_ name: String, _ help: String) -> Self { gauge(name, [], help) }

    private static func histogram(_ name: String, buckets: [Double], _ help: String) -> Self {
        histogram(name, [], buckets: buckets, help)
    }
}
