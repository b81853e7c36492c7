package import PrewarmCore

/// What is known of a source between two turns.
package struct SourceRecord: Hashable, Sendable {
    package let name: String
    /// As configured, without user information.
    package var url: String
    package var applied: Revision?
    package var appliedAt: Timestamp?
    /// A digest of everything besides the commit that a turn's result depends on: configuration, parser version.
    package var inputs: String
    /// Until when a turn has nothing to do while commit and inputs stay the same; nil: there is something to do.
    package var quietUntil: Timestamp?
    /// When ``quietUntil`` and the next changes of the settled pools were told. Where that is still to come, the clock was
    /// ahead then, and they are worth nothing.
    package var plannedAt: Timestamp?
    package var failure: SourceFailure?
    package var files: Int
    package var foreignDocuments: Int

    package init(
        name: String, url: String, applied: Revision? = nil, appliedAt: Timestamp? = nil, inputs: String = "",
        quietUntil: Timestamp? = nil, plannedAt: Timestamp? = nil, failure: SourceFailure? = nil, files: Int = 0,
        foreignDocuments: Int = 0
    ) {
        self.name = name
        self.url = url
        self.applied = applied
        self.appliedAt = appliedAt
        self.inputs = inputs
        self.quietUntil = quietUntil
        self.plannedAt = plannedAt
        self.failure = failure
        self.files = files
        self.foreignDocuments = foreignDocuments
    }
}

/// Why the newest state of a source could not be had, and since when.
package struct SourceFailure: Hashable, Sendable {
    /// A ``GitFailure/Reason``.
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

/// The right to reconcile a source, or to run an operation, for a time.
package struct Lease: Hashable, Sendable {
    /// A ``Holder`` in its text form.
    package let holder: String
    /// Grows with each holder of a source: who has a smaller one has lost the lease.
    package let fence: Int64
    package let until: Timestamp

    package init(holder: String, fence: Int64, until: Timestamp) {
        self.holder = holder
        self.fence = fence
        self.until = until
    }
}

/// What a revision did.
package struct RevisionRecord: Hashable, Sendable {
    package let source: String
    package let revision: Revision
    package let appliedAt: Timestamp
    package let author: String?
    package let subject: String?
    /// When the commit was made, as it says itself.
    package let committedAt: Timestamp?
    package var created: Int
    package var deleted: Int
    package var cancelled: Int
    /// When every pool was for the first time as the revision says; nil: not yet, or another one came before.
    package var convergedAt: Timestamp?

    package init(
        source: String, revision: Revision, appliedAt: Timestamp, author: String? = nil, subject: String? = nil,
        committedAt: Timestamp? = nil, created: Int, deleted: Int, cancelled: Int, convergedAt: Timestamp? = nil
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
    }
}

package struct OperationRecord: Hashable, Sendable {
    package var operation: Operation
    /// While it runs.
    package var lease: Lease?
    /// What runs on this machine for it, once it does.
    package var mark: ProcessMark?
    /// The place in the queue that it was given when it was inserted.
    package let place: QueuePlace

    /// - Parameter place: by default the one of its kind and reason, without a priority.
    package init(
        _ operation: Operation, lease: Lease? = nil, mark: ProcessMark? = nil, place: QueuePlace? = nil
    ) {
        self.operation = operation
        self.lease = lease
        self.mark = mark
        self.place = place ?? QueuePlace(LaneClass(Lane(operation.kind, reason: operation.reason)))
    }
}

/// What a provisioner wrote in one attempt of an operation.
///
/// An operation may be retried for ever, so a store keeps the first attempts, where the trouble began, and the last ones.
package struct LogRecord: Hashable, Sendable {
    /// The number of attempts that are kept from the first on.
    package static let firstKept = 2
    /// The number of attempts that are kept up to the last one; fewer where they are larger than ``lastKeptSize``.
    package static let lastKept = 8
    /// In characters.
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

/// Something that happened, in the form of Kubernetes' events.
package struct Event: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let at: Timestamp
    package let kind: Kind
    package let reason: String
    /// `source`, `revision`, `preset`, `workspace` or `operation`.
    package let object: String
    package let name: String
    package let source: String?
    package let preset: String?
    /// One sentence for every reader. It holds no text of a provisioner.
    package let message: String
    /// The message with the text of the provisioner, for readers of logs; nil where there is none.
    package let detail: String?
    /// The owner of the workspace that the event is about; nil where nobody had claimed it, or where it is about
    /// something else.
    package let owner: Owner?

    package init(
        at: Timestamp, kind: Kind = .normal, reason: String, object: String, name: String, source: String? = nil,
        preset: String? = nil, message: String, detail: String? = nil, owner: Owner? = nil
    ) {
        self.at = at
        self.kind = kind
        self.reason = reason
        self.object = object
        self.name = name
        self.source = source
        self.preset = preset
        self.message = message
        self.detail = detail
        self.owner = owner
    }

    /// The message with the text of the provisioner where there is any.
    package var fullMessage: String { detail ?? message }
}

/// An idempotency key of a caller. The same text from another caller is another key.
package struct ClaimKey: Hashable, Sendable {
    /// The caller as ``Owner`` names it; empty in rows of versions that kept no callers.
    package let caller: String
    package let text: String

    package init(_ text: String, of caller: String) {
        self.caller = caller
        self.text = text
    }

    /// A key of the commands that work on the store directly.
    package static func local(_ text: String) -> ClaimKey { ClaimKey(text, of: "local") }

    /// The same text in a row of a version that kept no callers.
    package var withoutCaller: ClaimKey { ClaimKey(text, of: "") }
}

package struct ClaimRequest: Sendable {
    package let preset: PresetKey
    package let owner: Owner
    package let current: Fingerprint
    /// Instances that were ready then or before are expired; nil: none expires.
    package let readySince: Timestamp?
    /// Outdated ones may be handed out where no current one is ready.
    package let offersOutdated: Bool
    /// Expired ones may be handed out where nothing else is ready.
    package let offersExpired: Bool
    package let now: Timestamp
    package let idempotencyKey: ClaimKey?

    package init(
        preset: PresetKey, owner: Owner, current: Fingerprint, readySince: Timestamp?, offersOutdated: Bool = true,
        offersExpired: Bool = false, now: Timestamp, idempotencyKey: ClaimKey? = nil
    ) {
        self.preset = preset
        self.owner = owner
        self.current = current
        self.readySince = readySince
        self.offersOutdated = offersOutdated
        self.offersExpired = offersExpired
        self.now = now
        self.idempotencyKey = idempotencyKey
    }
}

package struct WorkspaceFilter: Sendable {
    package var source: String?
    package var preset: PresetKey?
    /// Empty: all but deleted ones.
    package var states: [WorkspaceState]
    /// Names of owners, of whatever kind; nil: owned or not.
    package var owners: [String]?
    /// Only those behind it.
    package var after: WorkspaceID?
    package var limit: Int?

    package init(
        source: String? = nil, preset: PresetKey? = nil, states: [WorkspaceState] = [], owners: [String]? = nil,
        after: WorkspaceID? = nil, limit: Int? = nil
    ) {
        self.source = source
        self.preset = preset
        self.states = states
        self.owners = owners
        self.after = after
        self.limit = limit
    }
}

/// Workspaces of one preset that are to be made, alike but for their ids: a plan can have a hundred thousand.
package struct NewWorkspaces: Sendable {
    package let ids: [WorkspaceID]
    package let preset: PresetKey
    package let spec: WorkspaceSpec
    package let fingerprint: Fingerprint
    /// The priority of their creates.
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

package struct OperationFilter: Sendable {
    /// Of the workspaces of this preset.
    package var preset: PresetKey?
    package var workspace: WorkspaceID?
    /// Empty: all.
    package var states: [Operation.State]
    /// Only those that are older.
    package var before: OperationID?
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

package struct DueFilter: Sendable {
    package let provisioner: String
    /// Of presets of this name, whatever their source.
    package let preset: String?
    package let workspace: WorkspaceID?
    /// Only those of this class; nil: of all.
    package let laneClass: LaneClass?

    package init(
        provisioner: String, preset: String? = nil, workspace: WorkspaceID? = nil, laneClass: LaneClass? = nil
    ) {
        self.provisioner = provisioner
        self.preset = preset
        self.workspace = workspace
        self.laneClass = laneClass
    }
}

package struct EventFilter: Sendable {
    package var preset: PresetKey?
    /// The newest so many.
    package var limit: Int?

    package init(preset: PresetKey? = nil, limit: Int? = nil) {
        self.preset = preset
        self.limit = limit
    }
}
