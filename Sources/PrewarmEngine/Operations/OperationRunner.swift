package import PrewarmCore

/// The runner of due operations. For each one it records the start, calls the provisioner and records the outcome
/// (DESIGN.md §4).
///
/// Each step is committed before the next one, so that another process can continue if this one is killed.
package struct OperationRunner: Sendable {
    let engine: Engine
    /// The name of the only preset whose operations are run; nil for all.
    let preset: String?
    /// The only workspace whose operations are run; nil for all.
    let workspace: WorkspaceID?
    let observe: @Sendable (Progress) -> Void

    /// The steps of operations that are reported while they run.
    package enum Progress: Sendable {
        case started(Operation)
        case settled(Operation, Workspace)
    }

    package init(
        _ engine: Engine, preset: String? = nil, workspace: WorkspaceID? = nil,
        observe: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.engine = engine
        self.preset = preset
        self.workspace = workspace
        self.observe = observe
    }

    /// The result of a run.
    package struct Report: Sendable {
        /// The number of operations that succeeded.
        package var succeeded = 0
        /// The operations that failed, and deletes whose attempt failed.
        package var failed: [Operation] = []
        /// The operations whose last attempt got no process from the system. They are tried again later.
        package var notStarted: [OperationID: Operation] = [:]
        /// The provisioners of pending operations that are not in the configuration.
        package var unknownProvisioners: Set<String> = []

        package init() {}
    }

    func unknownProvisioners() async throws -> Set<String> {
        let pending = try await store.read { try $0.operations(OperationFilter(states: [.pending], limit: 1000)) }
        return Set(pending.map(\.operation.provisioner)).subtracting(engine.provisioners.keys)
    }

    struct Settled: Sendable {
        let operation: Operation
        let workspace: Workspace
        /// See ``ProvisionerReply/isNotStarted``.
        let isNotStarted: Bool
    }

    // MARK: Act

    /// Calls the provisioner for an operation and records the outcome. Returns nil if another process has taken over the
    /// operation, or if the configuration does not name its provisioner.
    func perform(_ record: OperationRecord) async throws -> Settled? {
        let operation = record.operation
        observe(.started(operation))
        guard let workspace = try await store.read({ try $0.workspace(operation.workspace.rawValue) }) else {
            return try await settle(record, reply: ProvisionerReply(outcome: .lost))
        }
        guard let provisioner = engine.provisioners[operation.provisioner],
            let kind = ProvisionerOperation(rawValue: operation.kind.rawValue)
        else { return nil }
        let (labels, identity) = try await store.read { store in
            (try store.presets(named: operation.preset.description).first?.labels ?? [:], try store.identity().id)
        }
        let request = ProvisionerRequest(
            id: operation.id, operation: kind, attempt: operation.attempt, workspace: workspace, labels: labels,
            secrets: secrets(of: workspace, for: operation.provisioner), store: identity)
        RunningOperations.begin(record)
        defer { RunningOperations.end(record) }
        let lease = OperationLease(engine, of: operation.id, fence: record.lease?.fence ?? 0, provisioner)
        let answered = await lease.hold {
            await perform(request, by: provisioner) { mark in
                try await store.write { store in
                    guard var current = try leased(record, in: store) else {
                        throw ReconcileError.leaseLost(source: record.operation.preset.source)
                    }
                    current.mark = mark
                    try store.update(current)
                }
            }
        }
        guard let reply = answered, !Task.isCancelled else {
            // An interrupted operation, and one whose lease ended, is not a failure: it is repeated. If another process has taken
            // it over, this changes nothing.
            await Task { try? await giveBack(record) }.value
            try Task.checkCancellation()
            return nil
        }
        return try await settle(record, reply: reply)
    }

    private func secrets(of workspace: Workspace, for provisioner: String) -> [String: String] {
        var secrets: [String: String] = [:]
        for case .secret(let name) in workspace.spec.parameters.values {
            secrets[name] = engine.secret(name, provisioner)
        }
        return secrets
    }

    // MARK: Record

    private func settle(_ record: OperationRecord, reply: ProvisionerReply) async throws -> Settled? {
        if record.operation.reason == .healthCheck { return try await settleCheck(record, reply: reply) }
        let now = engine.now()
        let settled: Settled? = try await store.write { store in
            guard let current = try leased(record, in: store),
                let workspace = try store.workspace(record.operation.workspace.rawValue)
            else { return nil }
            let outcome = self.outcome(
                of: reply, kind: record.operation.kind, provisioner: record.operation.provisioner)
            let readyTimeout =
                record.operation.kind == .inspect
                ? try store.presets(named: workspace.preset.description).first?.readyTimeout : nil
            let create =
                record.operation.kind == .delete
                ? try store.operation(OperationID(making: workspace.id))?.operation : nil
            let settlement = Settlement.settle(
                current.operation, of: workspace, outcome: outcome, now: now, isUnanswered: reply.isUnanswered,
                readyTimeout: readyTimeout, create: create)
            try store.update(OperationRecord(settlement.operation))
            if settlement.workspace != workspace {
                _ = try store.update(settlement.workspace, from: [workspace.state])
                try store.recordSettlement(settlement.workspace, after: workspace, at: now)
            }
            if let activeAt = reply.activeAt { try store.noteActivity([workspace.id: activeAt], at: now) }
            if !reply.log.isEmpty {
                try store.append(
                    LogRecord(
                        operation: current.operation.id, attempt: current.operation.attempt, at: now,
                        text: engine.masked(reply.log)))
            }
            try follow(settlement, outcome, isAbandoned: reply.isAbandoned, now: now, in: store)
            try store.markDirty(source: workspace.preset.source)
            return Settled(
                operation: settlement.operation, workspace: settlement.workspace, isNotStarted: reply.isNotStarted)
        }
        if let operation = settled?.operation, let startedAt = operation.startedAt {
            engine.observe(.operation(operation, duration: now - startedAt))
        }
        if let settled { noteUsable(settled, at: now) }
        return settled
    }

    /// Returns the outcome with configuration values masked. The answer `starting` becomes a failure if the provisioner
    /// cannot inspect, since prewarm could not ask whether the workspace is ready.
    private func outcome(of reply: ProvisionerReply, kind: Operation.Kind, provisioner: String) -> Outcome {
        guard case .starting = reply.outcome, kind == .create,
            engine.provisioners[provisioner]?.operations.contains(.inspect) != true
        else { return engine.withMaskedText(reply.outcome) }
        return .failed(
            "the provisioner answered \"starting\", but `inspect` is not among its operations, so prewarm cannot ask "
                + "whether the workspace is ready")
    }

    private func follow(
        _ settlement: Settlement, _ outcome: Outcome, isAbandoned: Bool, now: Timestamp, in store: any StoreWriter
    ) throws {
        let (operation, workspace) = (settlement.operation, settlement.workspace)
        let isCounted = try noteBreaker(settlement, outcome, isAbandoned: isAbandoned, at: now, in: store)
        try note(settlement, isCounted: isCounted, at: now, in: store)
        if let inspectAt = settlement.inspectAt {
            var identifiers = engine.identifiers(at: now)
            try store.insert([
                Operation(
                    id: OperationID(identifiers.next()), kind: .inspect, workspace: workspace.id,
                    preset: workspace.preset, provisioner: operation.provisioner, reason: .starting,
                    nextAttemptAt: inspectAt, createdAt: now)
            ])
        }
        if let event = Event(settlement, at: now) { try store.append([event]) }
    }

    // MARK: Recover

    /// Returns the operations of ended processes to the queue. It ends the child processes that they left running, all at
    /// the same time. Each operation can run again as soon as its own child processes have ended.
    package func recover() async throws {
        let (running, handovers) = try await store.read { store in
            let running = try store.operations(OperationFilter(states: [.running]))
            return (running.filter { $0.operation.kind != .claim }, try store.handovers())
        }
        try await endHandovers(of: handovers)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for record in running where !isLeased(record) {
                group.addTask {
                    await endProcess(of: record)
                    try await giveBack(record)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Ends the child process that an ended process left running for an operation, if it ran on this machine.
    func endProcess(of record: OperationRecord) async {
        guard let mark = record.mark, let provisioner = engine.provisioners[record.operation.provisioner],
            record.lease.flatMap({ Holder($0.holder) })?.isElsewhere != true
        else { return }
        await provisioner.end(mark)
    }

    /// Returns an operation without an answer to the queue. A create whose workspace is being deleted is canceled instead.
    private func giveBack(_ record: OperationRecord) async throws {
        let now = engine.now()
        try await store.write { store in
            guard var current = try leased(record, in: store), let lease = current.lease,
                lease.holder == engine.holder || !isLeased(record)
            else { return }
            let (kind, id) = (current.operation.kind, current.operation.workspace.rawValue)
            let isUnwanted = try kind == .create && store.workspace(id)?.state == .deleting
            current.operation.state = isUnwanted ? .cancelled : .pending
            current.operation.finishedAt = isUnwanted ? now : nil
            current.operation.nextAttemptAt = min(current.operation.nextAttemptAt, now)
            current.operation.unansweredAt = now
            current.lease = nil
            current.mark = nil
            try store.update(current)
        }
    }

    var store: any Store { engine.store }
}

extension OperationRunner.Report {
    mutating func note(_ operation: Operation, isNotStarted: Bool) {
        // The answer of a check is not the result of the run.
        if operation.reason == .healthCheck { return }
        notStarted[operation.id] = isNotStarted && operation.state == .pending ? operation : nil
        switch operation.state {
        case .succeeded: succeeded += 1
        case .failed: failed.append(operation)
        case .pending where operation.error != nil && operation.kind == .delete: failed.append(operation)
        default: break
        }
    }
}

extension Event {
    /// The event of an operation that ended; nil for routine operations, for example an inspect of a ready workspace.
    init?(_ settlement: Settlement, at now: Timestamp) {
        let (operation, workspace) = (settlement.operation, settlement.workspace)
        let reason: EventReason
        var kind = Kind.normal
        let message: String
        var detail: String?
        switch (operation.kind, operation.state) {
        case (.create, .succeeded), (.inspect, .succeeded):
            switch workspace.state {
            case .lost:
                (reason, kind) = (.lost, .warning)
                message = "the provisioner reports that the workspace no longer exists"
            case .failed, .unhealthy:
                (reason, kind) = (.failed, .warning)
                message = "the provisioner reports it as broken; \(Operation.withheldError)"
                detail = operation.error
            // An inspection of a workspace that was ready before needs no event.
            case _ where settlement.effect != .worked: return nil
            case .claimed: (reason, message) = (.ready, "the workspace is ready for its owner")
            default: (reason, message) = (.ready, "the workspace is ready to be claimed")
            }
        case (.create, .failed), (.inspect, .failed):
            (reason, kind) = (.createFailed, .warning)
            (message, detail) = (operation.errorWithoutLog ?? "the create failed", operation.error)
        case (.delete, .succeeded):
            (reason, message) = (.deleted, "the workspace is deleted")
        case (.delete, .pending) where operation.error != nil:
            (reason, kind) = (.deleteFailed, .warning)
            (message, detail) = ("the delete failed; \(Operation.withheldError)", operation.error)
        default: return nil
        }
        self.init(
            at: now, kind: kind, reason: reason, object: "workspace", name: workspace.name,
            source: workspace.preset.source, preset: workspace.preset.name, message: message, detail: detail,
            owner: workspace.owner)
    }
}
