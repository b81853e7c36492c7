package import PrewarmCore
import ServiceLifecycle

/// A handover that this process carries out, because it alone has the secrets of the claim.
package struct Handover: Sendable {
    let engine: Engine
    let operation: OperationID
    /// The workspace at the claim.
    package let workspace: Workspace
    let terms: HandoverTerms
    /// True if this process also creates the workspace, because no daemon does.
    let createsWorkspace: Bool
    /// The time of the request.
    let askedAt: Timestamp
    /// The change of the owner that follows a successful handover; nil if the handover is for the owner of the workspace.
    var transfer: ClaimTransfer?

    /// Carries out the handover to its end. If the task is canceled, the handover is interrupted, and its workspace is
    /// deleted.
    package func run() async -> HandoverResult {
        RunningOperations.begin(operation, of: engine.holder)
        defer { RunningOperations.end(operation, of: engine.holder) }
        // The lease is renewed also while the handover waits for a slot. If it is lost, another process interrupts the handover.
        let lease = OperationLease(engine, of: operation, fence: 0, engine.provisioners[provisionerName])
        let result = await lease.hold { await carryOut() } ?? .interrupted(workspace)
        observe(result)
        return result
    }

    private func carryOut() async -> HandoverResult {
        do {
            guard try await waitUntilCreated() else { return .ended(workspace) }
            var deadline: Instant?
            while true {
                guard let record = try await start() else { return .ended(workspace) }
                // The time runs from the first start, not while the handover waits for a slot.
                let now = engine.clock.instant()
                let end = deadline ?? now + terms.spec.timeout
                deadline = end
                let reply = try await perform(record, timeout: end - now)
                try Task.checkCancellation()
                let settled = try await settle(record, reply, left: end - engine.clock.instant())
                guard case .retry(let delay) = settled?.effect else {
                    return HandoverResult(settled, reply, workspace)
                }
                try await engine.clock.sleep(for: delay)
            }
        } catch {
            // A canceled task cannot write, so another one does.
            await Task { try? await interrupt() }.value
            return .interrupted(workspace)
        }
    }

    private var provisionerName: String { workspace.spec.provisioner }
    var store: any Store { engine.store }

    // MARK: Create

    /// Waits until the workspace of a claim on an empty pool is created. Returns false if it failed, or if the claim ended.
    private func waitUntilCreated() async throws -> Bool {
        while true {
            let id = workspace.id
            guard let found = try await store.read({ try $0.workspace(id.rawValue) }), found.state == .claimed else {
                try await cancel()
                return false
            }
            if found.readyAt != nil { return true }
            // A daemon that stops starts no create any more, so the handover of this claim could not begin.
            if !createsWorkspace, Task.isShuttingDownGracefully, try await !isBeingCreated() {
                throw CancellationError()
            }
            if createsWorkspace { _ = try await OperationRunner(engine, workspace: id).run() }
            try await engine.clock.sleep(for: .milliseconds(100))
        }
    }

    /// Returns true if the create of the workspace runs.
    private func isBeingCreated() async throws -> Bool {
        let create = OperationID(making: workspace.id)
        return try await store.read { try $0.operation(create)?.operation.state == .running }
    }

    private func cancel() async throws {
        let now = engine.now()
        try await store.write(.ofUser) { store in
            guard var record = try own(in: store) else { return }
            record.operation.state = .cancelled
            record.operation.finishedAt = now
            record.lease = nil
            try store.update(record)
        }
    }

    // MARK: Start

    /// Waits for a slot of the provisioner, and records the start. Returns nil if the claim has ended.
    private func start() async throws -> OperationRecord? {
        while true {
            guard try await waitUntilAlone() else { return nil }
            switch try await startInTurn() {
            case .started(let record): return record
            case .ended: return nil
            case .full, .busy: break
            }
        }
    }

    /// Waits until no other operation of the workspace runs. The handover stays out of the line meanwhile, so that it delays no
    /// other. Returns false if the claim has ended, for example because its workspace is being deleted.
    private func waitUntilAlone() async throws -> Bool {
        let (id, runner) = (workspace.id, OperationRunner(engine))
        // The attempts of ended processes that were returned to the queue.
        var recovered: [OperationID: Int] = [:]
        while true {
            let (isOurs, others): (Bool, [OperationRecord]) = try await store.read { store in
                (try isOwn(in: store), try store.operations(OperationFilter(workspace: id, states: [.running])))
            }
            guard isOurs else { return false }
            if others.isEmpty { return true }
            // An operation of a process that has ended runs no more, but has to be returned to the queue.
            let ended = others.filter { !runner.isLeased($0) }.map(\.operation)
            if ended.contains(where: { recovered[$0.id] != $0.attempt }) {
                for operation in ended { recovered[operation.id] = operation.attempt }
                try await runner.recover()
            }
            try await engine.clock.sleep(for: .milliseconds(20))
        }
    }

    private func startInTurn() async throws -> Start {
        try await engine.handovers.inTurn(at: provisionerName, on: engine.clock) {
            while true {
                // Looking first saves writes while the slots are in use.
                if try await store.read({ try !isOwn(in: $0) || hasSlot(in: $0) }) {
                    let start = try await tryStart()
                    guard case .full = start else { return start }
                }
                try await engine.clock.sleep(for: .milliseconds(20))
            }
        }
    }

    private enum Start: Sendable {
        case started(OperationRecord)
        /// All slots of the provisioner are in use.
        case full
        /// Another operation of the workspace runs.
        case busy
        /// The claim has ended.
        case ended
    }

    private func tryStart() async throws -> Start {
        let now = engine.now()
        return try await store.write(.ofUser) { store in
            guard try isOwn(in: store), var record = try own(in: store) else { return .ended }
            guard try isAlone(in: store) else { return .busy }
            guard try hasSlot(in: store) else { return .full }
            record.operation.state = .running
            record.operation.attempt += 1
            record.operation.startedAt = now
            record.lease = lease(at: now)
            try store.update(record)
            return .started(record)
        }
    }

    /// Returns true if no other operation of the workspace runs, for example an inspect.
    private func isAlone(in store: any StoreReader) throws -> Bool {
        try store.operations(OperationFilter(workspace: workspace.id, states: [.running])).isEmpty
    }

    private func hasSlot(in store: any StoreReader) throws -> Bool {
        guard let provisioner = engine.provisioners[provisionerName] else { return true }
        let running = try store.operations(OperationFilter(states: [.running])).lazy
            .filter { $0.operation.provisioner == provisionerName }.map(\.place.laneClass.lane)
        return StartOrder(concurrency: provisioner.concurrency, reserve: provisioner.reserve)
            .hasSlot(for: .handover, running: Array(running))
    }

    // MARK: Act

    private func perform(_ record: OperationRecord, timeout: Duration) async throws -> ProvisionerReply {
        guard let provisioner = engine.provisioners[provisionerName] else {
            return ProvisionerReply(outcome: .failed("the configuration no longer has the provisioner"))
        }
        let id = workspace.id.rawValue
        let (current, labels, identity, claim) = try await store.read { store -> HandoverInput in
            var found = try store.workspace(id) ?? workspace
            if let transfer { found.owner = transfer.owner }
            let labels = try store.presets(named: workspace.preset.description).first?.labels ?? [:]
            return (found, labels, try store.identity().id, try claimDetails(found, in: store))
        }
        let request = ProvisionerRequest(
            id: operation, operation: .claim, attempt: record.operation.attempt, workspace: current, labels: labels,
            secrets: engine.secrets(of: current, for: provisionerName), store: identity, claim: claim,
            timeout: max(timeout, .milliseconds(100)))
        return await OperationRunner(engine).perform(request, by: provisioner) { mark in
            try await store.write(.ofUser) { store in
                guard var current = try own(in: store) else {
                    throw ReconcileError.leaseLost(source: workspace.preset.source)
                }
                current.mark = mark
                try store.update(current)
            }
        }
    }

    private typealias HandoverInput = (Workspace, [String: String], String, ClaimDetails)

    // MARK: Record

    private func settle(
        _ record: OperationRecord, _ reply: ProvisionerReply, left: Duration
    ) async throws -> HandoverSettlement? {
        let now = engine.now()
        return try await store.write(.ofUser) { store -> HandoverSettlement? in
            guard let current = try own(in: store), let found = try store.workspace(workspace.id.rawValue) else {
                return nil
            }
            let outcome = try transfer?.outcome(reply.outcome, of: found, engine, in: store) ?? reply.outcome
            let settlement = HandoverSettlement.settle(
                current.operation, of: found, outcome: engine.withMaskedText(outcome), policy: terms.spec.onFailure,
                left: left, now: now)
            if !reply.log.isEmpty {
                try store.append(
                    LogRecord(
                        operation: operation, attempt: current.operation.attempt, at: now,
                        text: engine.masked(reply.log)))
            }
            try engine.record(settlement, of: found, lease: lease(at: now), at: now, in: store)
            if settlement.effect == .done { try transfer?.record(of: settlement.workspace, at: now, in: store) }
            return settlement
        }
    }

    /// Records that the handover does not take place or was cut off. Its workspace is deleted.
    func interrupt() async throws {
        try await store.write(.ofUser) { store in
            guard let record = try own(in: store) else { return }
            try engine.interrupt(record, in: store)
        }
    }

    // MARK: Lease

    /// Returns the record of the operation if it has not ended and this process holds it.
    private func own(in store: any StoreReader) throws -> OperationRecord? {
        guard let record = try store.operation(operation), !record.operation.state.isFinal,
            record.lease?.holder == engine.holder
        else { return nil }
        return record
    }

    /// Returns true if this process still has to hand over the claimed workspace.
    private func isOwn(in store: any StoreReader) throws -> Bool {
        try own(in: store) != nil && store.workspace(workspace.id.rawValue)?.state == .claimed
    }

    private func lease(at now: Timestamp) -> Lease { engine.handoverLease(at: now) }
}

extension Engine {
    func handoverLease(at now: Timestamp) -> Lease {
        Lease(holder: holder, fence: 0, until: now + OperationRunner.leaseTime)
    }

    /// Returns the values of the secrets that the parameters of a workspace name.
    func secrets(of workspace: Workspace, for provisioner: String) -> [String: String] {
        var secrets: [String: String] = [:]
        for case .secret(let name) in workspace.spec.parameters.values { secrets[name] = secret(name, provisioner) }
        return secrets
    }

    /// Returns an outcome with the values of the configuration's variables masked.
    func withMaskedText(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .failed(let message): .failed(masked(message))
        case .tryLater(let message): .tryLater(masked(message))
        case .broken(let message): .broken(masked(message))
        case .refused(let error): .refused(error.with(message: masked(error.message)))
        case .done, .starting, .lost: outcome
        }
    }
}

extension Operation.State {
    /// True if no further attempt follows.
    var isFinal: Bool { self != .pending && self != .running }
}
