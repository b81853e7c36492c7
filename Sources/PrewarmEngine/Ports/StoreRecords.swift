package import PrewarmCore

/// The stored state of a source between two reconciliations.
package struct SourceRecord: Hashable, Sendable {
    package let name: String
    /// The configured URL without user information.
    package var url: String
    /// The applied revision; nil before the first one.
    package var applied: Revision?
    package var appliedAt: Timestamp?
    /// The time of the last reconciliation that read the remote without an error; nil if it is unknown. It may be up to
    /// ``successPeriod`` older than that, so that a reconciliation without changes costs no write.
    package var succeededAt: Timestamp?
    /// The inputs of a plan besides the commit: the configuration and the parser version. Empty makes the next
    /// reconciliation read all manifests.
    package var inputs: String
    /// The time until which a reconciliation has nothing to do while the commit and the inputs stay the same; nil if there
    /// is something to do now.
    package var quietUntil: Timestamp?
    /// The time of the last plan, at which ``quietUntil`` and the next changes of the settled pools were set. If it is in
    /// the future, the clock was ahead then, and these times do not count.
    package var plannedAt: Timestamp?
    /// The reason why the last pull failed; nil if it succeeded.
    package var failure: SourceFailure?
    /// The number of `.yaml` and `.yml` files of the applied revision.
    package var files: Int
    /// The number of YAML documents that are not manifests of prewarm.
    package var foreignDocuments: Int
    /// The number of times at which the source was marked as changed (``StoreWriter/markDirty(source:)``).
    package var changes: Int
    /// The number of plans that were recorded for the source.
    package var plans: Int

    package init(
        name: String, url: String, applied: Revision? = nil, appliedAt: Timestamp? = nil,
        succeededAt: Timestamp? = nil, inputs: String = "", quietUntil: Timestamp? = nil, plannedAt: Timestamp? = nil,
        failure: SourceFailure? = nil, files: Int = 0, foreignDocuments: Int = 0, changes: Int = 0, plans: Int = 0
    ) {
        self.name = name
        self.url = url
        self.applied = applied
        self.appliedAt = appliedAt
        self.succeededAt = succeededAt
        self.inputs = inputs
        self.quietUntil = quietUntil
        self.plannedAt = plannedAt
        self.failure = failure
        self.files = files
        self.foreignDocuments = foreignDocuments
        self.changes = changes
        self.plans = plans
    }
}

extension SourceRecord {
    /// The time after which a further success is stored even if nothing else changed.
    package static let successPeriod = Duration.seconds(300)

    /// Returns true if a success now has to be stored. A stored success in the future comes from a clock that was set back
    /// since.
    func isSuccessNews(at now: Timestamp) -> Bool {
        guard let succeededAt else { return true }
        return (succeededAt + Self.successPeriod).hasCome(at: now, atMost: Self.successPeriod)
    }
}

/// The reason why a source cannot be read, with the time since when.
package struct SourceFailure: Hashable, Sendable {
    /// The raw value of a ``GitFailure/Reason``.
    package let reason: String
    package let message: String
    package let hint: String?
    package let since: Timestamp

    package init(reason: String, message: String, hint: String?, since: Timestamp) {
        self.reason = reason
        self.message = message
        self.hint = hint
        self.since = since
    }
}

/// A lease: the right to reconcile a source, or to run an operation, for a limited time.
package struct Lease: Hashable, Sendable {
    /// The process that holds the lease: a ``Holder`` in its text form.
    package let holder: String
    /// A number that grows each time the lease is taken. A process with a smaller number has lost the lease.
    package let fence: Int64
    package let until: Timestamp

    package init(holder: String, fence: Int64, until: Timestamp) {
        self.holder = holder
        self.fence = fence
        self.until = until
    }
}

/// An applied revision with the numbers of its actions.
package struct RevisionRecord: Hashable, Sendable {
    package let source: String
    package let revision: Revision
    package let appliedAt: Timestamp
    package let author: String?
    package let subject: String?
    /// The time of the commit according to its author.
    package let committedAt: Timestamp?
    package var created: Int
    package var deleted: Int
    package var cancelled: Int
    /// The time at which every pool had converged to the revision for the first time; nil if that did not happen yet, or
    /// not before the next revision.
    package var convergedAt: Timestamp?
    /// The changes of definitions since the revision that was applied before.
    package var changes: DefinitionChanges

    package init(
        source: String, revision: Revision, appliedAt: Timestamp, author: String? = nil, subject: String? = nil,
        committedAt: Timestamp? = nil, created: Int, deleted: Int, cancelled: Int, convergedAt: Timestamp? = nil,
        changes: DefinitionChanges = DefinitionChanges()
    ) {
        self.source = source
        self.revision = revision
        self.appliedAt = appliedAt
        self.author = author
        self.subject = subject
        self.committedAt = committedAt
        self.created = created
        self.deleted = deleted
        self.cancelled = cancelled
        self.convergedAt = convergedAt
        self.changes = changes
    }
}

/// An operation with its lease, its process and its place in the queue.
package struct OperationRecord: Hashable, Sendable {
    package var operation: Operation
    /// The lease of the process that runs the operation; nil if it is not running.
    package var lease: Lease?
    /// The process group that runs on this machine for the operation; nil if no process runs.
    package var mark: ProcessMark?
    /// The place in the queue, which is given when the operation is inserted.
    package let place: QueuePlace

    /// - Parameter place: The place in the queue (default: the place of its kind and reason, without a priority).
    package init(
        _ operation: Operation, lease: Lease? = nil, mark: ProcessMark? = nil, place: QueuePlace? = nil
    ) {
        self.operation = operation
        self.lease = lease
        self.mark = mark
        self.place = place ?? QueuePlace(LaneClass(Lane(operation.kind, reason: operation.reason)))
    }
}

/// The log of the provisioner from one attempt of an operation.
///
/// An operation may be retried without end, so a store keeps only the first and the last attempts. For example, it keeps
/// the attempts 1, 2 and 13 to 20 of 20.
package struct LogRecord: Hashable, Sendable {
    /// The number of first attempts that are kept.
    package static let firstKept = 2
    /// The number of last attempts that are kept; fewer if they are larger than ``lastKeptSize`` together.
    package static let lastKept = 8
    /// The largest size of the last attempts together, in characters.
    package static let lastKeptSize = 1 << 19

    package let operation: OperationID
    package let attempt: Int
    package let at: Timestamp
    package let text: String

    package init(operation: OperationID, attempt: Int, at: Timestamp, text: String) {
        self.operation = operation
        self.attempt = attempt
        self.at = at
        self.text = text
    }
}

/// An event, in the form of Kubernetes' events.
package struct Event: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let at: Timestamp
    package let kind: Kind
    /// One word for programs, for example `CreateFailed`. It is the text of an ``EventReason``, unless another version of
    /// prewarm stored the event.
    package let reason: String
    /// The kind of the object: `source`, `revision`, `preset`, `workspace`, `operation`, `provisioner` or `store`.
    package let object: String
    /// The name of the object.
    package let name: String
    package let source: String?
    package let preset: String?
    /// One sentence for every reader. It contains no text of a provisioner.
    package let message: String
    /// The message with the text of the provisioner, for readers who may read logs; nil if the message is complete.
    package let detail: String?
    /// The owner of the workspace that the event is about; nil if it was unclaimed, or if the event is about another
    /// object.
    package let owner: Owner?
    /// The workspace that its owner can use from now on; nil for other events.
    package let claimed: ClaimedWorkspace?

    package init(
        at: Timestamp, kind: Kind = .normal, reason: EventReason, object: String, name: String, source: String? = nil,
        preset: String? = nil, message: String, detail: String? = nil, owner: Owner? = nil,
        claimed: ClaimedWorkspace? = nil
    ) {
        self.init(
            at: at, kind: kind, storedReason: reason.rawValue, object: object, name: name, source: source,
            preset: preset, message: message, detail: detail, owner: owner, claimed: claimed)
    }

    /// Makes an event with a reason that this version may not know.
    package init(
        at: Timestamp, kind: Kind = .normal, storedReason: String, object: String, name: String, source: String? = nil,
        preset: String? = nil, message: String, detail: String? = nil, owner: Owner? = nil,
        claimed: ClaimedWorkspace? = nil
    ) {
        self.claimed = claimed
        self.at = at
        self.kind = kind
        self.reason = storedReason
        self.object = object
        self.name = name
        self.source = source
        self.preset = preset
        self.message = message
        self.detail = detail
        self.owner = owner
    }

    /// The message with the text of the provisioner, if there is one.
    package var fullMessage: String { detail ?? message }
}

/// An idempotency key of a caller. The same text from another caller is a different key.
package struct ClaimKey: Hashable, Sendable {
    /// The caller as ``Owner`` names it; empty in rows of older versions, which did not store it.
    package let caller: String
    package let text: String

    package init(_ text: String, of caller: String) {
        self.caller = caller
        self.text = text
    }

    /// Returns the key of a command that works on the store directly.
    package static func local(_ text: String) -> ClaimKey { ClaimKey(text, of: "local") }

    /// The same text in a row of an older version, which did not store the caller.
    package var withoutCaller: ClaimKey { ClaimKey(text, of: "") }
}

/// A filter for workspaces. Each property that is set restricts the result.
package struct WorkspaceFilter: Sendable {
    package var source: String?
    package var preset: PresetKey?
    /// The states; empty for all states except `deleted`.
    package var states: [WorkspaceState]
    /// The names of owners of any kind; nil for claimed and unclaimed workspaces.
    package var owners: [String]?
    /// Only the workspace that was claimed with this key.
    package var claimKey: ClaimKey?
    /// Only workspaces with a larger id.
    package var after: WorkspaceID?
    /// The largest number of results.
    package var limit: Int?

    package init(
        source: String? = nil, preset: PresetKey? = nil, states: [WorkspaceState] = [], owners: [String]? = nil,
        claimKey: ClaimKey? = nil, after: WorkspaceID? = nil, limit: Int? = nil
    ) {
        self.claimKey = claimKey
        self.source = source
        self.preset = preset
        self.states = states
        self.owners = owners
        self.after = after
        self.limit = limit
    }
}

/// New workspaces of one preset. They differ only in their ids, so they share the other values: a plan can have a hundred
/// thousand.
package struct NewWorkspaces: Sendable {
    package let ids: [WorkspaceID]
    package let preset: PresetKey
    package let spec: WorkspaceSpec
    package let fingerprint: Fingerprint
    /// The priority of their create operations.
    package let priority: Int
    package let revision: String?
    package let reason: Reason
    package let createdAt: Timestamp

    package init(
        ids: [WorkspaceID], of preset: Preset, revision: String?, reason: Reason, createdAt: Timestamp
    ) {
        self.ids = ids
        self.preset = preset.key
        spec = preset.spec
        fingerprint = preset.fingerprint
        priority = preset.options.priority
        self.revision = revision
        self.reason = reason
        self.createdAt = createdAt
    }
}

/// A filter for operations. Each property that is set restricts the result.
package struct OperationFilter: Sendable {
    /// Only operations of workspaces of this preset.
    package var preset: PresetKey?
    package var workspace: WorkspaceID?
    /// The states; empty for all.
    package var states: [Operation.State]
    /// Only operations that are older than this one.
    package var before: OperationID?
    /// The largest number of results.
    package var limit: Int?

    package init(
        preset: PresetKey? = nil, workspace: WorkspaceID? = nil, states: [Operation.State] = [],
        before: OperationID? = nil, limit: Int? = nil
    ) {
        self.before = before
        self.preset = preset
        self.workspace = workspace
        self.states = states
        self.limit = limit
    }
}

/// A filter for due operations of one provisioner.
package struct DueFilter: Sendable {
    package let provisioner: String
    /// The name of a preset, in any source; nil for all presets.
    package let preset: String?
    /// The only workspace; nil for all.
    package let workspace: WorkspaceID?
    /// The only class in the queue; nil for all.
    package let laneClass: LaneClass?
    /// True for creates only, of any class.
    package let isOfCreates: Bool

    package init(
        provisioner: String, preset: String? = nil, workspace: WorkspaceID? = nil, laneClass: LaneClass? = nil,
        isOfCreates: Bool = false
    ) {
        self.isOfCreates = isOfCreates
        self.provisioner = provisioner
        self.preset = preset
        self.workspace = workspace
        self.laneClass = laneClass
    }
}

/// A filter for events.
package struct EventFilter: Sendable {
    package var preset: PresetKey?
    /// The largest number of events. The newest ones are returned.
    package var limit: Int?

    package init(preset: PresetKey? = nil, limit: Int? = nil) {
        self.preset = preset
        self.limit = limit
    }
}
