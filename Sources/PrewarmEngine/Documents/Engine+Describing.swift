package import PrewarmCore

/// The documents of `prewarm describe` and `prewarm logs`.
extension Engine {
    /// Returns the document of a preset: the fields of `get presets`, a summary in sentences, the workspaces and the
    /// last 20 events.
    /// - Throws: ``ClaimError/unknownPreset(_:known:invalid:)``
    package func describePreset(_ name: String, for audience: some Audience) async throws -> Value {
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
                try RecentClaims(of: preset.key, at: now, in: store).value(of: preset.key), try QueueLengths(in: store)
            )
        }
        let story = Story(
            audience: audience, status: status, report: report, zones: zones, now: now,
            waiting: queues.length(of: preset.key))
        return Value(status, for: audience).merging([
            "revision": report.revision.map { .string($0.description) },
            "ttl": preset.ttl.map { .string($0.prewarmText) },
            "lease": preset.lease.map { Value($0) },
            "strategy": .string(preset.strategy.text),
            "waiting": queues.value(of: preset.key),
            "recentClaims": recent,
            "story": .array(story.sentences.map { .string($0) }),
            "workspaces": .array(
                workspaces.compactMap { Value($0, ttl: preset.ttl, claim: claims[$0.id], for: audience) }),
            "events": .array(events.compactMap { Value($0, for: audience) }),
        ])
    }

    /// Returns the document of a workspace: the fields of `get workspaces`, the commit and the manifest that it was
    /// built from, and its operations.
    /// - Throws: ``ClaimError/unknownWorkspace(_:)``, also if the audience may not see the workspace.
    package func describeWorkspace(_ name: String, for audience: some Audience) async throws -> Value {
        try await store.read { store -> Value in
            guard let workspace = try store.workspace(name) else { throw ClaimError.unknownWorkspace(name) }
            let operations = try store.operations(OperationFilter(workspace: workspace.id)).map(\.operation)
            let preset = try store.presets(named: workspace.preset.description).first
            let revision = try store.revisions(source: workspace.preset.source, limit: 1000).first {
                $0.revision.description == workspace.revision
            }
            let claim = try store.claim(of: workspace)
            guard let document = Value(workspace, ttl: preset?.ttl, claim: claim, for: audience) else {
                throw ClaimError.unknownWorkspace(name)
            }
            return document.merging([
                "provisioner": .string(workspace.spec.provisioner),
                "isCurrent": preset.map { .bool($0.fingerprint == workspace.fingerprint) },
                "because": operations.last { $0.kind == .create }.map { .string($0.reason.rawValue) },
                "commit": revision.map {
                    .object(known: [
                        "subject": $0.subject.map { .string($0) }, "author": $0.author.map { .string($0) },
                    ])
                },
                "manifest": preset.map { .string("\($0.origin.file):\($0.origin.line)") },
                "operations": .array(operations.compactMap { Value($0, owner: workspace.owner, for: audience) }),
            ])
        }
    }

    /// Returns the document of an operation: the fields of `get operations` and the last 20 lines of its log.
    /// - Throws: ``Problem``, also if the audience may not see the workspace of the operation.
    package func describeOperation(_ id: String, for audience: some Audience) async throws -> Value {
        try await store.read { store -> Value in
            guard let operation = try store.operation(OperationID(id))?.operation,
                let document = Value(
                    operation, owner: try store.workspace(operation.workspace.rawValue)?.owner, for: audience)
            else {
                throw Problem(
                    "UnknownOperation", status: 404, "there is no operation \"\(id)\"",
                    hint: "see `prewarm get operations`")
            }
            let lines = try store.log(of: operation.id).last?.text.split(
                separator: "\n", omittingEmptySubsequences: false)
            let showsLog = audience.readsLogs(of: operation.preset)
            return document.merging([
                "workspaceName": .string(Workspace.name(preset: operation.preset.name, id: operation.workspace)),
                "logEnd": showsLog ? lines.map { .string($0.suffix(20).joined(separator: "\n")) } : nil,
            ])
        }
    }

    /// Returns the log of the provisioner by operation and attempt. For a workspace it contains all operations, the
    /// oldest first. The id of a workspace is also that of its create, which then is the only operation.
    /// - Parameter name: The id of an operation, or the id or name of a workspace.
    package func logs(
        of name: String, where isVisible: @escaping @Sendable (PresetKey) -> Bool = { _ in true }
    ) async throws -> Value {
        try await store.read { store -> Value in
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
            return .array(
                try records.map { record in
                    .object(known: [
                        "operation": .string(record.operation.id.rawValue),
                        "type": .string(record.operation.kind.rawValue),
                        "state": .string(record.operation.state.rawValue),
                        "error": record.operation.error.map { .string($0) },
                        "attempts": .array(
                            try store.log(of: record.operation.id).map { log in
                                .object(known: [
                                    "attempt": .int(log.attempt), "at": Value(log.at), "text": .string(log.text),
                                ])
                            }),
                    ])
                })
        }
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
