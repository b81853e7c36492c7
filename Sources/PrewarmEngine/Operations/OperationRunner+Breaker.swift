import PrewarmCore

/// The circuit breakers: the results of operations that change them, and the creates that they let start.
extension OperationRunner {
    /// Passes the result of an operation to the breaker of its provisioner.
    /// - Parameter isAbandoned: See ``ProvisionerReply/isAbandoned``.
    /// - Returns: True if a failed build counts against its preset; false if the provisioner is unavailable.
    func noteBreaker(
        _ settlement: Settlement, _ outcome: Outcome, isAbandoned: Bool, at now: Timestamp, in store: any StoreWriter
    ) throws -> Bool {
        let known: BreakerMachine.Event? = isAbandoned ? .abandoned(settlement.workspace.id) : nil
        guard let event = try known ?? breakerEvent(settlement, outcome, at: now, in: store) else { return true }
        let provisioner = settlement.operation.provisioner
        let before = try store.breaker(of: provisioner)
        var machine = BreakerMachine(before, concurrency: concurrency(of: provisioner))
        let effects = machine.handle(event, at: now)
        guard machine.state != before else { return before.phase == .closed }
        try store.save(machine.state)
        for effect in effects { try engine.carryOut(effect, of: machine.state, at: now, in: store) }
        return before.phase == .closed && machine.state.phase == .closed
    }

    private func breakerEvent(
        _ settlement: Settlement, _ outcome: Outcome, at now: Timestamp, in store: any StoreReader
    ) throws -> BreakerMachine.Event? {
        let workspace = settlement.workspace
        switch outcome {
        case .refused(let error): return .refused(error, workspace: workspace.id)
        case .tryLater(let message): return .refused(ProviderError(.transient, message), workspace: workspace.id)
        case .done, .starting, .lost, .broken, .failed: break
        }
        switch settlement.effect {
        case .worked: return .built(workspace.preset)
        case .failed(let message):
            let failure = BreakerFailure(
                preset: workspace.preset, fingerprint: workspace.fingerprint, at: now,
                isProven: try store.hasBuilt(workspace.fingerprint, of: workspace.preset),
                before: try store.failure(of: workspace.preset))
            return .failed(failure, message: message, workspace: workspace.id)
        case .none, .invalid: return nil
        }
    }

    private func concurrency(of provisioner: String) -> Int { engine.provisioners[provisioner]?.concurrency ?? 1 }

    // MARK: Start

    /// Returns the breaker of a provisioner with its rule for starting a create now.
    func gate(
        of provisioner: String, creates: Int, at now: Timestamp, in store: any StoreReader
    ) throws -> (machine: BreakerMachine, admission: BreakerMachine.Admission) {
        let breaker = try store.breaker(of: provisioner)
        let machine = BreakerMachine(breaker, concurrency: concurrency(of: provisioner))
        let isProbing = try breaker.probe.map { try isBeingBuilt($0, in: store) } ?? false
        return (machine, machine.admission(at: now, creates: creates, isProbing: isProbing))
    }

    /// Returns true while the create of a workspace runs, and afterwards until a workspace that is starting is ready.
    private func isBeingBuilt(_ id: WorkspaceID, in store: any StoreReader) throws -> Bool {
        switch try store.operation(OperationID(making: id))?.operation.state {
        case .running: return true
        case .succeeded:
            guard let workspace = try store.workspace(id.rawValue) else { return false }
            return workspace.state == .creating || workspace.isCold
        case .pending, .failed, .cancelled, nil: return false
        }
    }

    /// Returns the create that is tried next while a provisioner is unavailable; nil if none is due.
    func nextProbe(
        of provisioner: String, _ machine: BreakerMachine, at now: Timestamp, in store: any StoreReader
    ) throws -> OperationRecord? {
        let filter = DueFilter(
            provisioner: provisioner, preset: preset, workspace: workspace, isOfCreates: true)
        let due = try store.dueOperations(filter, now: now, limit: Self.probeCandidates)
        let order = machine.probeOrder(of: Set(due.map(\.operation.preset)))
        return order.first.flatMap { first in due.first { $0.operation.preset == first } }
    }

    /// The number of due creates among which a probe is chosen. The first ones are of different presets.
    private static let probeCandidates = 500

    /// Records that a create was started as a probe.
    func noteProbe(_ operation: Operation, at now: Timestamp, in store: any StoreWriter) throws {
        var machine = BreakerMachine(
            try store.breaker(of: operation.provisioner), concurrency: concurrency(of: operation.provisioner))
        _ = machine.handle(.probeStarted(operation.workspace, of: operation.preset), at: now)
        try store.save(machine.state)
    }
}

extension ProvisionerReply {
    /// True if the operation ended before the provisioner could answer, and not because of the provisioner: prewarm ended it,
    /// or the system gave no process.
    var isAbandoned: Bool {
        guard case .tryLater = outcome else { return false }
        return isUnanswered || isNotStarted
    }
}

extension StoreReader {
    /// Returns the failed builds in a row of a preset; nil if there are none.
    func failure(of preset: PresetKey) throws -> FailureRecord? {
        try failures(source: preset.source).first { $0.preset == preset }
    }
}
