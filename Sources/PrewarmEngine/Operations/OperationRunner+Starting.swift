import PrewarmCore

/// The choice of due operations, and the record of their start before the provisioner is called (DESIGN.md §4).
extension OperationRunner {
    /// Takes due operations while slots are free, the most urgent first. Slots that other processes use count.
    /// - Parameters:
    ///   - running: The number of operations of each provisioner that this process runs.
    ///   - starts: The number of operations that were started before.
    func lease(running: [String: Int], starts: Int) async throws -> [OperationRecord] {
        let now = engine.now()
        let names = engine.provisioners.filter { running[$0.key] ?? 0 < $0.value.concurrency }.keys.sorted()
        let hasDue = try await store.read { store in
            let used = try usedSlots(in: store)
            return try names.contains { try next(of: $0, used, starts: starts, at: now, in: store) != nil }
        }
        guard hasDue else { return [] }
        return try await store.write { store in
            var used = try usedSlots(in: store)
            var leased: [OperationRecord] = []
            for name in names {
                while let record = try next(of: name, used, starts: starts + leased.count, at: now, in: store) {
                    let creates = used[name]?.creates ?? 0
                    let gate = try gate(of: name, creates: creates, at: now, in: store)
                    leased.append(try start(record, at: now, in: store))
                    if record.operation.kind == .create, gate.admission == .probe {
                        try noteProbe(record.operation, at: now, in: store)
                    }
                    used[name, default: Slots()].add(record)
                }
            }
            return leased
        }
    }

    /// The operations of one provisioner that run.
    private struct Slots {
        var lanes: [Lane] = []
        /// The number of creates among them.
        var creates = 0

        mutating func add(_ record: OperationRecord) {
            lanes.append(record.place.laneClass.lane)
            if record.operation.kind == .create { creates += 1 }
        }
    }

    private func usedSlots(in store: any StoreReader) throws -> [String: Slots] {
        var slots: [String: Slots] = [:]
        for record in try store.operations(OperationFilter(states: [.running])) {
            slots[record.operation.provisioner, default: Slots()].add(record)
        }
        return slots
    }

    private func next(
        of provisioner: String, _ used: [String: Slots], starts: Int, at now: Timestamp, in store: any StoreReader
    ) throws -> OperationRecord? {
        guard let settings = engine.provisioners[provisioner] else { return nil }
        let order = StartOrder(concurrency: settings.concurrency, reserve: settings.reserve)
        let slots = used[provisioner] ?? Slots()
        let running = slots.lanes
        let (machine, admission) = try gate(of: provisioner, creates: slots.creates, at: now, in: store)
        var firsts: [OperationRecord] = []
        if admission == .probe, order.hasSlot(for: .create, running: running),
            let probe = try nextProbe(of: provisioner, machine, at: now, in: store)
        {
            firsts.append(probe)
        }
        var laneClass = try store.nextLaneClass(of: provisioner, after: nil)
        while let current = laneClass, order.hasSlot(for: current.lane, running: running) {
            if admission == .free || !current.lane.isOfCreates {
                let filter = DueFilter(
                    provisioner: provisioner, preset: preset, workspace: workspace, laneClass: current)
                let due = try store.dueOperations(filter, now: now, limit: 1)
                firsts += due
                if !due.isEmpty, !order.considersAge(starts: starts) { break }
            }
            laneClass = try store.nextLaneClass(of: provisioner, after: current)
        }
        let chosen = order.next(among: firsts.map(\.waiting), running: running, starts: starts, at: now)
        return firsts.first { $0.operation.id == chosen?.id }
    }

    private func start(
        _ record: OperationRecord, at now: Timestamp, in store: any StoreWriter
    ) throws -> OperationRecord {
        var record = record
        record.operation.state = .running
        record.operation.attempt += 1
        record.operation.startedAt = now
        record.lease = Lease(
            holder: engine.holder, fence: Int64(record.operation.attempt), until: now + Self.leaseTime)
        record.mark = nil
        try store.update(record)
        if record.operation.kind == .create {
            _ = try store.move([record.operation.workspace], from: [.pending], to: .creating)
        }
        return record
    }
}

extension OperationRecord {
    fileprivate var waiting: WaitingOperation {
        WaitingOperation(id: operation.id, place: place, dueAt: operation.nextAttemptAt)
    }
}
