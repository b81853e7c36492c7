internal import PrewarmCore
internal import PrewarmEngine

/// Everything that a store keeps. A copy is cheap until it changes.
struct MemoryState: Sendable {
    /// The applied definition of a preset with the standing of its pool.
    struct Pool: Sendable {
        var preset: Preset
        var standing: PoolStanding
        var buildTime: Duration?
    }

    /// A workspace with the values that only its claim needs.
    struct Row: Sendable {
        var workspace: Workspace
        var claimKey: ClaimKey?
        var claimParameters: [String: ParameterValue] = [:]
    }

    /// The last list of a provisioner.
    struct List: Sendable {
        var listing: Listing
        var failure: ListFailure?
        /// The time of the last answer; nil if the provisioner never reported activity.
        var heardAt: Timestamp?
        var isWanted = false
    }

    struct EndedWait: Sendable {
        let preset: PresetKey
        let wait: WaitingDemand.Wait
    }

    struct ParseResult: Sendable {
        let parserVersion: Int
        let bytes: [UInt8]
        let savedAt: Timestamp
    }

    // MARK: The store itself

    let identity: String
    var counter: Int64 = 0
    var newest = WorkspaceID("")
    var hold: StoreHold?

    // MARK: Sources

    var sources: [String: SourceRecord] = [:]
    /// The leases of sources, which outlive their sources, because a fence must not start again.
    var leases: [String: Lease] = [:]
    var templates: [String: [Template]] = [:]
    var diagnostics: [String: [Diagnostic]] = [:]
    var guards: [String: GuardRecord] = [:]
    var pins: [String: Pin] = [:]
    var suspensions: [Suspension.Scope: Suspension] = [:]
    /// The revisions of all sources, the oldest first.
    var revisions: [RevisionRecord] = []

    // MARK: Presets

    var pools: [PresetKey: Pool] = [:]
    var conditions: [PresetKey: [Condition]] = [:]
    var failures: [PresetKey: FailureRecord] = [:]
    var handoverFailures: [PresetKey: HandoverFailures] = [:]

    // MARK: Workspaces and operations

    var workspaces: [WorkspaceID: Row] = [:]
    /// The workspaces that an operator wants to have replaced, with the preset of the request.
    var replacements: [WorkspaceID: PresetKey] = [:]
    var checks: [WorkspaceID: Check] = [:]
    var operations: [OperationID: OperationRecord] = [:]
    /// The logs of operations, in the order of their attempts.
    var logs: [OperationID: [LogRecord]] = [:]

    // MARK: Provisioners

    var lists: [String: List] = [:]
    var suspects: [String: [Suspect]] = [:]
    var breakers: [String: Breaker] = [:]

    // MARK: Claims

    var claims: [ClaimID: Claim] = [:]
    var leaseClock: LeaseClock?
    var tickets: [ClaimID: Ticket] = [:]
    var heartbeats: [String: Timestamp] = [:]
    var endedWaits: [ClaimID: EndedWait] = [:]

    // MARK: Replicas

    var replicas: [String: ReplicaRecord] = [:]
    var pulls: [String: PullRecord] = [:]
    var syncRequests: [String: SyncRequestRecord] = [:]

    // MARK: History and access

    /// The events, the oldest first.
    var events: [SequencedEvent] = []
    var lastEvent: Int64 = 0
    var sinks: [String: SinkRecord] = [:]
    var tokens: [String: AccessTokenRecord] = [:]
    /// The audit log, the oldest entry first.
    var audit: [AuditRecord] = []
    var lastAudit: Int64 = 0
    var parsed: [String: ParseResult] = [:]
    /// The time before which history was last deleted; nil if it never was.
    var forgottenBefore: Timestamp?

    init(identity: String) { self.identity = identity }
}
