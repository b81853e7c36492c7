package import PrewarmCore
package import PrewarmEngine

/// The documents of `prewarm describe` and `prewarm logs`.
extension Engine {
    /// Returns the document of a preset: the fields of `get presets`, a summary in sentences, the workspaces and the
    /// last 20 events.
    /// - Throws: ``ClaimError/unknownPreset(_:known:invalid:)``
    package func describePreset(
        _ name: String, for audience: some Audience
    ) async throws -> PresetDescription {
        let preset = try await store.read { try self.preset(named: name, in: $0) }
        let report = try await assess(preset.key.source)
        guard let status = report.statuses.first(where: { $0.preset.key == preset.key }) else {
            throw ClaimError.unknownPreset(name, known: [])
        }
        let now = now()
        let (events, workspaces, claims, recent, queues) = try await store.read { store in
            let workspaces = try store.workspaces(WorkspaceFilter(preset: preset.key))
            return (
                try store.events(EventFilter(preset: preset.key, limit: 20)), workspaces,
                try store.claims(of: workspaces),
                try RecentClaims(of: preset.key, at: now, in: store).share(of: preset.key), try QueueLengths(in: store)
            )
        }
        let story = Story(
            audience: audience, status: status, report: report, zones: zones, now: now,
            waiting: queues.length(of: preset.key))
        return PresetDescription(
            PresetDocument(
                status, waiting: queues.waiting(of: preset.key), recentClaims: recent, for: audience),
            PresetDetails(
                revision: report.revision?.description, ttl: preset.ttl?.prewarmText,
                lease: preset.lease.map { LeasePolicyDocument($0) }, strategy: preset.strategy.text,
                story: story.sentences,
                workspaces: workspaces.compactMap {
                    WorkspaceDocument($0, ttl: preset.ttl, claim: claims[$0.id], for: audience)
                },
                events: events.compactMap { EventDocument($0, for: audience) }))
    }

    /// Returns the document of a workspace: the fields of `get workspaces`, the commit and the manifest that it was
    /// built from, and its operations.
    /// - Throws: ``ClaimError/unknownWorkspace(_:)``, also if the audience may not see the workspace.
    package func describeWorkspace(
        _ name: String, for audience: some Audience
    ) async throws -> WorkspaceDescription {
        try await store.read { store in
            guard let workspace = try store.workspace(name) else { throw ClaimError.unknownWorkspace(name) }
            let operations = try store.operations(OperationFilter(workspace: workspace.id)).map(\.operation)
            let preset = try store.presets(named: workspace.preset.description).first
            let revision = try store.revisions(source: workspace.preset.source, limit: 1000).first {
                $0.revision.description == workspace.revision
            }
            let claim = try store.claim(of: workspace)
            guard let document = WorkspaceDocument(workspace, ttl: preset?.ttl, claim: claim, for: audience) else {
                throw ClaimError.unknownWorkspace(name)
            }
            return WorkspaceDescription(
                document,
                WorkspaceDetails(
                    provisioner: workspace.spec.provisioner,
                    isCurrent: preset.map { $0.fingerprint == workspace.fingerprint },
                    because: operations.last { $0.kind == .create }.map(\.reason.rawValue),
                    commit: revision.map { CommitDocument(subject: $0.subject, author: $0.author) },
                    manifest: preset.map { "\($0.origin.file):\($0.origin.line)" },
                    operations: operations.compactMap {
                        OperationDocument($0, owner: workspace.owner, for: audience)
                    }))
        }
    }

    /// Returns the document of an operation: the fields of `get operations` and the last 20 lines of its log.
    /// - Throws: ``Problem``, also if the audience may not see the workspace of the operation.
    package func describeOperation(
        _ id: String, for audience: some Audience
    ) async throws -> OperationDescription {
        try await store.read { store in
            guard let operation = try store.operation(OperationID(id))?.operation,
                let document = OperationDocument(
                    operation, owner: try store.workspace(operation.workspace.rawValue)?.owner, for: audience)
            else {
                throw Problem(
                    "UnknownOperation", status: 404, "there is no operation \"\(id)\"",
                    hint: "see `prewarm get operations`")
            }
            let lines = try store.log(of: operation.id).last?.text.split(
                separator: "\n", omittingEmptySubsequences: false)
            let showsLog = audience.readsLogs(of: operation.preset)
            return OperationDescription(
                document,
                OperationDetails(
                    workspaceName: Workspace.name(preset: operation.preset.name, id: operation.workspace),
                    logEnd: showsLog ? lines.map { $0.suffix(20).joined(separator: "\n") } : nil))
        }
    }

    /// Returns the log of the provisioner by operation and attempt. For a workspace it contains all operations, the
    /// oldest first. The id of a workspace is also that of its create, which then is the only operation.
    /// - Parameter name: The id of an operation, or the id or name of a workspace.
    package func logs(
        of name: String, where isVisible: @escaping @Sendable (PresetKey) -> Bool = { _ in true }
    ) async throws -> [LogDocument] {
        try await store.read { store in
            var records: [OperationRecord] = []
            if let record = try store.operation(OperationID(name)), isVisible(record.operation.preset) {
                records = [record]
            } else if let workspace = try store.workspace(name), isVisible(workspace.preset) {
                records = try store.operations(OperationFilter(workspace: workspace.id)).reversed()
            }
            guard !records.isEmpty else {
                throw Problem(
                    "UnknownOperation", status: 404, "there is no operation or workspace \"\(name)\"",
                    hint: "see `prewarm get operations`")
            }
            return try records.map { record in
                LogDocument(
                    operation: record.operation.id.rawValue, type: Choice(record.operation.kind),
                    state: Choice(record.operation.state), error: record.operation.error,
                    attempts: try store.log(of: record.operation.id).map {
                        LogAttempt(attempt: $0.attempt, at: $0.at, text: $0.text)
                    })
            }
        }
    }

    /// Returns the document of `prewarm export`.
    package func export(for audience: some Audience) async throws -> ObservedDocument {
        let state = try await exported()
        return ObservedDocument(
            at: now(),
            workspaces: state.workspaces.compactMap {
                WorkspaceDocument($0, ttl: state.ttls[$0.preset] ?? nil, for: audience)
            },
            // An audience that may export sees the operations of every owner.
            operations: state.operations.compactMap { OperationDocument($0, owner: nil, for: audience) })
    }
}

extension RolloutStrategy {
    fileprivate var text: String {
        switch self {
        case .recreate: "Recreate"
        case .rollingUpdate(let surge, let unavailable):
            "RollingUpdate, maxSurge \(surge), maxUnavailable \(unavailable)"
        }
    }
}
