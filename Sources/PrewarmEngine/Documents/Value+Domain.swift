package import PrewarmCore

extension Value {
    /// The time in RFC 3339, in UTC.
    package init(_ time: Timestamp) { self = .string(time.description) }

    package static func strings(_ dictionary: [String: String]) -> Value {
        .object(dictionary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    package init(_ parameter: ParameterValue) {
        switch parameter {
        case .string(let value): self = .string(value)
        case .integer(let value): self = .int(Int(value))
        case .number(let value): self = .double(value)
        case .boolean(let value): self = .bool(value)
        case .secret(let name): self = .object(known: ["valueFrom": .object(known: ["secret": .string(name)])])
        }
    }

    package static func parameters(_ parameters: [String: ParameterValue]) -> Value {
        .object(parameters.sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) })
    }

    /// The document of a preset with the counts of its pool.
    package init(_ status: PresetStatus, for audience: some Audience) {
        let (preset, counts) = (status.preset, status.pool.counts)
        self = .object(known: [
            "name": .string(preset.key.name),
            "source": .string(preset.key.source),
            "file": .string(preset.origin.file),
            "line": .int(preset.origin.line),
            "template": .string(preset.spec.template),
            "version": .string(preset.spec.version),
            "provisioner": .string(preset.spec.provisioner),
            "parameters": .parameters(preset.spec.parameters),
            "labels": preset.labels.isEmpty ? nil : .strings(preset.labels),
            "annotations": preset.annotations.isEmpty ? nil : .strings(preset.annotations),
            "fingerprint": .string(preset.fingerprint.description),
            "desired": .int(counts.desired),
            "waitingClaims": counts.waiting > 0 ? .int(counts.waiting) : nil,
            "actual": .int(counts.actual),
            "eligible": .int(counts.eligible),
            "expired": .int(counts.expired),
            "outdated": .int(counts.outdated),
            "extraneous": .int(counts.extraneous),
            "starting": .int(counts.starting),
            // Programs rely on the key. prewarm does not stop workspaces.
            "stopping": .int(0),
            "deleting": .int(counts.deleting),
            "failed": .int(counts.failed),
            "claimed": .int(counts.claimed),
            "claimable": .int(counts.claimable),
            "unhealthy": counts.unhealthy > 0 ? .int(counts.unhealthy) : nil,
            "converged": .bool(status.pool.isConverged),
            "conditions": .array(status.conditions(for: audience).map { Value($0) }),
            "failure": Self.failure(of: status, for: audience),
        ])
    }

    /// Returns the failed builds of a preset that is stalled or backing off; nil for any other preset.
    private static func failure(of status: PresetStatus, for audience: some Audience) -> Value? {
        guard let failure = status.failure, status[.stalled] != nil || status[.backingOff] != nil else { return nil }
        let isShown = audience.readsLogs(of: status.preset.key)
        return .object(known: [
            "cause": .string(isShown ? failure.message.cause ?? Operation.withoutCause : Operation.withheldError),
            "builds": .int(failure.count), "nextTryAt": Value(failure.retryAt),
        ])
    }

    private init(_ condition: Condition) {
        self = .object(known: [
            "type": .string(condition.kind.rawValue),
            "status": .string(condition.status.rawValue),
            "reason": .string(condition.reason),
            "message": .string(condition.message),
            "since": condition.since.map { Value($0) },
        ])
    }

    package init(_ template: Template, source: String) {
        self = .object(known: [
            "name": .string(template.name),
            "source": .string(source),
            "file": .string(template.origin.file),
            "line": .int(template.origin.line),
            "labels": template.labels.isEmpty ? nil : .strings(template.labels),
            "annotations": template.annotations.isEmpty ? nil : .strings(template.annotations),
            "provisioner": template.provisioner.map { .string($0) },
            "activeVersion": template.activeVersion.map { .string($0) },
            "parameters": .array(template.parameters.map { Value($0) }),
            "claim": template.handover.map { Value($0) },
            "deprecated": .bool(template.deprecated != nil),
        ])
    }

    private init(_ handover: HandoverSpec) {
        self = .object(known: [
            "parameters": .array(
                handover.parameters.map { Value($0.rule).merging(["secret": $0.isSecret ? .bool(true) : nil]) }),
            "timeout": .string(handover.timeout.prewarmText),
            "onFailure": .string(handover.onFailure.rawValue),
        ])
    }

    private init(_ rule: ParameterRule) {
        self = .object(known: [
            "name": .string(rule.name),
            "type": .string(rule.kind.rawValue),
            "required": .bool(rule.isRequired),
            "enum": rule.allowed.map { .array($0.map { Value($0) }) },
            "minimum": rule.minimum.map { .double($0) },
            "maximum": rule.maximum.map { .double($0) },
            "pattern": rule.pattern.map { .string($0) },
            "default": rule.standard.map { Value($0) },
        ])
    }

    /// The document of a workspace; nil if the audience may not see it.
    /// - Parameter ttl: The ttl of the applied preset. A ready, unclaimed workspace expires this long after it became
    ///   ready.
    /// - Parameter claim: The record of the claim; nil if it is unknown, or if the workspace is not claimed.
    package init?(
        _ workspace: Workspace, ttl: Duration?, claim: Claim? = nil, for audience: some Audience
    ) {
        let view = audience.view(of: workspace.preset, owner: workspace.owner)
        guard view != .hidden else { return nil }
        let isWhole = view == .whole
        let lease = claim?.isHeld == true ? claim?.lease : nil
        let readyEnd = workspace.state == .ready ? ttl.flatMap { ttl in workspace.readyAt.map { $0 + ttl } } : nil
        let expiresAt = lease?.end ?? readyEnd
        self = .object(known: [
            "id": .string(workspace.id.rawValue),
            "name": .string(workspace.name),
            "preset": .string(workspace.preset.name),
            "source": .string(workspace.preset.source),
            "template": .string(workspace.spec.template),
            "version": .string(workspace.spec.version),
            "parameters": .parameters(workspace.spec.parameters),
            "fingerprint": .string(workspace.fingerprint.description),
            "state": .string(workspace.state.rawValue),
            "owner": workspace.owner.map { .string($0.name) },
            "ownerKind": workspace.owner?.kindText.map { .string($0) },
            "ownerIssuer": workspace.owner?.issuer.map { .string($0) },
            "createdAt": Value(workspace.createdAt),
            "readyAt": workspace.readyAt.map { Value($0) },
            "claimedAt": workspace.claimedAt.map { Value($0) },
            "handover": workspace.claimedAt == nil ? nil : .string(workspace.handover.rawValue),
            "expiresAt": expiresAt.map { Value($0) },
            "endpoint": isWhole ? workspace.endpoint.map { .string($0) } : nil,
            "metadata": isWhole ? .strings(workspace.metadata) : nil,
            "revision": workspace.revision.map { .string($0) },
            "claim": isWhole ? workspace.claim.map { .object(known: ["id": .string($0.rawValue)]) } : nil,
            "lease": lease.map { Value($0) },
        ])
    }

    /// The document of an operation; nil if the audience may not see its workspace.
    /// - Parameter owner: The owner of the workspace; nil if it is unclaimed.
    package init?(_ operation: Operation, owner: Owner?, for audience: some Audience) {
        guard audience.view(of: operation.preset, owner: owner) != .hidden else { return nil }
        let error = audience.readsLogs(of: operation.preset) ? operation.error : operation.errorWithoutLog
        self = .object(known: [
            "id": .string(operation.id.rawValue),
            "type": .string(operation.kind.rawValue),
            "workspace": .string(operation.workspace.rawValue),
            "preset": .string(operation.preset.name),
            "source": .string(operation.preset.source),
            "provisioner": .string(operation.provisioner),
            "reason": .string(operation.reason.rawValue),
            "state": .string(operation.state.rawValue),
            "attempt": .int(operation.attempt),
            "nextAttemptAt": operation.state == .pending ? Value(operation.nextAttemptAt) : nil,
            "error": error.map { .string($0) },
            "createdAt": Value(operation.createdAt),
            "startedAt": operation.startedAt.map { Value($0) },
            "finishedAt": operation.finishedAt.map { Value($0) },
        ])
    }

    /// The document of the store's identity and its hold.
    package init(_ store: StoreIdentity) {
        self = .object(known: [
            "identity": .string(store.id),
            "hold": store.hold.map { hold in
                .object(known: [
                    "reason": .string(hold.reason.rawValue), "message": .string(hold.sentence),
                    "hint": .string(hold.hint), "since": Value(hold.since),
                ])
            },
        ])
    }

    /// The document of an event; nil if the audience may not see it.
    package init?(_ event: Event, for audience: some Audience) {
        guard audience.view(of: event) != .hidden else { return nil }
        let key = event.source.flatMap { source in event.preset.map { PresetKey(source: source, name: $0) } }
        self = .object(known: [
            "at": Value(event.at),
            "type": .string(event.kind.rawValue),
            "reason": .string(event.reason),
            "object": .string("\(event.object)/\(event.name)"),
            "source": event.source.map { .string($0) },
            "preset": event.preset.map { .string($0) },
            "message": .string(audience.readsLogs(of: key) ? event.fullMessage : event.message),
        ])
    }

    /// The document of a source with its conditions. An audience that does not see all presets gets no diagnostics.
    package init(_ source: SourceStatus, for audience: some Audience) {
        let diagnostics = audience.seesAllPresets ? source.diagnostics : []
        self = .object(known: [
            "name": .string(source.name),
            "url": .string(source.url),
            "revision": source.record?.applied.map { .string($0.description) },
            "appliedAt": source.record?.appliedAt.map { Value($0) },
            "files": source.record.map { .int($0.files) },
            "replica": source.replica.map { .string($0.name) },
            "sharedOut": source.replica?.isOneOfSeveral == true ? .bool(true) : nil,
            "conditions": .array(source.conditions(quotes: audience.seesAllPresets).map { Value($0) }),
            "hint": source.record?.failure?.hint.map { .string($0) },
            "diagnostics": .array(diagnostics.shown.map { Value($0) }),
        ])
    }

    package init(_ diagnostic: Diagnostic) {
        self = .object(known: [
            "severity": .string(diagnostic.severity == .error ? "error" : "warning"),
            "file": .string(diagnostic.file),
            "line": diagnostic.position.map { .int($0.line) },
            "column": diagnostic.position.map { .int($0.column) },
            "message": .string(diagnostic.message),
            "hint": diagnostic.hint.map { .string($0) },
            "excerpt": diagnostic.excerpt.map { .string($0) },
        ])
    }

    /// The document of an orphan. An orphan has no preset, so it is nil if the audience may not see all presets.
    package init?(_ orphan: Orphan, for audience: some Audience) {
        guard audience.seesAllPresets, audience.view(of: .orphans, owner: nil) != .hidden else { return nil }
        // The state is text of the provisioner, which not every audience may read.
        let state = audience.readsLogs(of: nil) ? orphan.state : nil
        self = .object(known: [
            "id": .string(orphan.id.rawValue),
            "provisioner": .string(orphan.provisioner),
            "state": state.map { .string($0) },
            "since": Value(orphan.since),
            "store": orphan.store.map { .string($0) },
        ])
    }

    /// The document of an applied revision.
    /// - Parameter templates: The names of the templates of the presets that the audience may see.
    package init(_ revision: RevisionRecord, templates: Set<String>, for audience: some Audience) {
        let changes = audience.visible(revision.changes.changes, source: revision.source, templates: templates)
        // The number of hidden changes would reveal how many presets exist.
        let more = audience.seesAllPresets ? revision.changes.more : 0
        self = .object(known: [
            "source": .string(revision.source),
            "revision": .string(revision.revision.description),
            "appliedAt": Value(revision.appliedAt),
            "author": revision.author.map { .string($0) },
            "subject": revision.subject.map { .string($0) },
            "created": .int(revision.created),
            "deleted": .int(revision.deleted),
            "cancelled": .int(revision.cancelled),
            "convergedAt": revision.convergedAt.map { Value($0) },
            "changes": .array(changes.map { Value($0, source: revision.source) }),
            "moreChanges": more > 0 ? .int(more) : nil,
        ])
    }
}

extension Owner {
    /// The text `token` or `oidc`; nil for an owner that is a plain text.
    var kindText: String? {
        switch kind {
        case .token: "token"
        case .oidc: "oidc"
        case .text, .unrecorded: nil
        }
    }

    var issuer: String? { if case .oidc(let issuer) = kind { issuer } else { nil } }
}
