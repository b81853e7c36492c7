package import PrewarmCore
package import PrewarmEngine

/// A configured source.
package struct SourceDocument: ObjectDocument {
    package let name: String
    package let url: String
    package let revision: String?
    package let appliedAt: Timestamp?
    package let files: Int?
    package let replica: String?
    package let sharedOut: Bool?
    package let conditions: [ConditionDocument]
    package let hint: String?
    package let diagnostics: [DiagnosticDocument]
    package let daemon: SourceLoopDocument?

    package enum CodingKeys: String, DocumentKey {
        case name, url, revision, appliedAt, files, replica, sharedOut, conditions, hint, diagnostics, daemon

        package var meaning: String {
            switch self {
            case .name: "The name of the source."
            case .url: "The URL without user information."
            case .revision: "The applied revision."
            case .appliedAt: "The time at which it was applied."
            case .files: "The number of manifest files."
            case .replica: "The name of the daemon that reconciles the source."
            case .sharedOut: "True if several daemons share the sources."
            case .conditions: "The conditions of the source."
            case .hint: "The next step, if the source cannot be read."
            case .diagnostics: "The errors and warnings in the manifests, as far as the caller may see them."
            case .daemon: "The state of the loop of the daemon that answers."
            }
        }
    }

    /// An audience that does not see all presets gets no diagnostics.
    /// - Parameter daemon: The loop of the daemon of this process; nil for a command that works on the store directly.
    package init(_ source: SourceStatus, daemon: SourceLoopDocument? = nil, for audience: some Audience) {
        name = source.name
        url = source.url
        revision = source.record?.applied?.description
        appliedAt = source.record?.appliedAt
        files = source.record?.files
        replica = source.replica?.name
        sharedOut = source.replica?.isOneOfSeveral == true ? true : nil
        conditions = source.conditions(quotes: audience.seesAllPresets).map { ConditionDocument($0) }
        hint = source.record?.failure?.hint
        diagnostics = (audience.seesAllPresets ? source.diagnostics : []).shown.map { DiagnosticDocument($0) }
        self.daemon = daemon
    }

    /// True if the condition `Ready` is true.
    package var isReady: Bool { conditions[.ready].map { $0.status == .yes } ?? false }
}

/// The loop of a daemon for a source.
package struct SourceLoopDocument: ObjectDocument {
    package let lastTurnAt: Timestamp?
    package let lastPullAt: Timestamp?
    package let nextPullAt: Timestamp?
    package let webhooksArrive: Bool
    package let lastHandledRequest: String?
    package let problem: String?

    package enum CodingKeys: String, DocumentKey {
        case lastTurnAt, lastPullAt, nextPullAt, webhooksArrive, lastHandledRequest, problem

        package var meaning: String {
            switch self {
            case .lastTurnAt: "The time of the last reconciliation."
            case .lastPullAt: "The time at which the remote was asked last."
            case .nextPullAt: "The time at which it is asked next."
            case .webhooksArrive: "True if webhooks arrive, so that the remote is asked less often."
            case .lastHandledRequest: "The id of the last sync request that a pull of the source answered."
            case .problem: "What keeps the loop from working."
            }
        }
    }

    /// - Parameter pull: The requests to pull the source; nil if there were none.
    fileprivate init(_ loop: SourceLoop.Record.State, _ pull: PullRecord?) {
        lastTurnAt = loop.lastReconciledAt
        lastPullAt = loop.lastPullAt
        nextPullAt = loop.nextPullAt
        webhooksArrive = loop.isRelaxed
        lastHandledRequest = pull?.answeredRequest
        problem = loop.problem
    }
}

extension Daemon {
    /// Returns the documents of the loops, by source.
    package func sourceLoops() async throws -> [String: SourceLoopDocument] {
        let pulls = try await engine.store.read { try $0.pulls() }
        return Dictionary(
            uniqueKeysWithValues: loopStates.map { ($0.key, SourceLoopDocument($0.value, pulls[$0.key])) })
    }
}

/// The daemon that answers.
package struct DaemonDocument: ObjectDocument {
    package let holder: String
    package let sequence: Int

    package enum CodingKeys: String, DocumentKey {
        case holder, sequence

        package var meaning: String {
            switch self {
            case .holder: "The host and the process."
            case .sequence: "The number of the newest event."
            }
        }
    }

    package init(_ daemon: Daemon) {
        holder = daemon.engine.holder
        sequence = Int(daemon.changes.sequence)
    }
}

/// An applied revision.
package struct RevisionDocument: ObjectDocument {
    package let source: String
    package let revision: String
    package let appliedAt: Timestamp
    package let author: String?
    package let subject: String?
    package let created: Int
    package let deleted: Int
    package let cancelled: Int
    package let convergedAt: Timestamp?
    package let changes: [DefinitionChangeDocument]
    package let moreChanges: Int?

    package enum CodingKeys: String, DocumentKey {
        case source, revision, appliedAt, author, subject, created, deleted, cancelled, convergedAt, changes,
            moreChanges

        package var meaning: String {
            switch self {
            case .source: "The name of the source."
            case .revision: "The revision, for example main@sha1:5394cb7f0d…"
            case .appliedAt: "The time at which it was applied."
            case .author: "The author of the commit."
            case .subject: "The first line of the message."
            case .created: "The number of workspaces that it created."
            case .deleted: "The number of workspaces that it deleted."
            case .cancelled: "The number of creates that it canceled."
            case .convergedAt: "The time at which all pools had converged on it."
            case .changes: "The changes of presets and templates."
            case .moreChanges: "The number of changes that are left out."
            }
        }
    }

    /// - Parameter templates: The names of the templates of the presets that the audience may see.
    package init(_ record: RevisionRecord, templates: Set<String>, for audience: some Audience) {
        let visible = audience.visible(record.changes.changes, source: record.source, templates: templates)
        // The number of hidden changes would reveal how many presets exist.
        let more = audience.seesAllPresets ? record.changes.more : 0
        source = record.source
        revision = record.revision.description
        appliedAt = record.appliedAt
        author = record.author
        subject = record.subject
        created = record.created
        deleted = record.deleted
        cancelled = record.cancelled
        convergedAt = record.convergedAt
        changes = visible.map { DefinitionChangeDocument($0, source: record.source) }
        moreChanges = more > 0 ? more : nil
    }
}

/// A preset or a template that a revision adds, changes or removes.
package struct DefinitionChangeDocument: ObjectDocument {
    package let object: Choice<DefinitionChange.Object>
    package let name: String
    package let source: String
    package let change: Choice<DefinitionChange.Kind>
    package let fields: [FieldChangeDocument]
    package let moreFields: Int?
    package let held: Bool?

    package enum CodingKeys: String, DocumentKey {
        case object, name, source, change, fields, moreFields, held

        package var meaning: String {
            switch self {
            case .object: "The kind of the definition."
            case .name: "The name of the definition."
            case .source: "The name of the source."
            case .change: "Whether it is added, changed or removed."
            case .fields: "The fields that differ."
            case .moreFields: "The number of fields that are left out."
            case .held: "True if the change waits for an approval."
            }
        }
    }

    init(_ change: DefinitionChange, source: String) {
        object = Choice(change.object)
        name = change.name
        self.source = source
        self.change = Choice(change.kind)
        fields = change.fields.map { FieldChangeDocument($0) }
        moreFields = change.moreFields > 0 ? change.moreFields : nil
        held = change.isHeld ? true : nil
    }
}

/// A field of a definition that differs.
package struct FieldChangeDocument: ObjectDocument {
    package let field: String
    package let old: String?
    package let new: String?

    package enum CodingKeys: String, DocumentKey {
        case field, old, new

        package var meaning: String {
            switch self {
            case .field: "The path of the field, as the manifest names it."
            case .old: "The earlier value; absent if the field was not set."
            case .new: "The new value; absent if the field is not set."
            }
        }
    }

    init(_ change: FieldChange) {
        field = change.field
        old = change.old
        new = change.new
    }
}
