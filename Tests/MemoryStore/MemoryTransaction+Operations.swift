internal import PrewarmCore
internal import PrewarmEngine

/// Operations and their logs.
extension MemoryTransaction {
    /// Returns the operations that fulfill a condition, in any order.
    func operations(where condition: (OperationRecord) -> Bool) -> [OperationRecord] {
        state.operations.values.filter(condition)
    }

    func operation(_ id: OperationID) -> OperationRecord? { state.operations[id] }

    func operations(_ filter: OperationFilter) -> [OperationRecord] {
        let found = operations { record in
            let operation = record.operation
            return (filter.states.isEmpty || filter.states.contains(operation.state))
                && filter.workspace.map { $0 == operation.workspace } ?? true
                && filter.preset.map { $0 == state.workspaces[operation.workspace]?.workspace.preset } ?? true
                && filter.before.map { operation.id < $0 } ?? true
        }
        return Array(found.sorted { $0.operation.id > $1.operation.id }.prefix(filter.limit ?? .max))
    }

    func insert(_ operations: [Operation]) throws {
        for operation in operations { try insert(operation, of: OperationRecord(operation).place.laneClass) }
    }

    /// Inserts an operation with its place in the queue.
    func insert(_ operation: Operation, round: Int = 0, of laneClass: LaneClass) throws {
        guard state.operations[operation.id] == nil else { throw StoreError.taken(operation.id) }
        state.operations[operation.id] = OperationRecord(operation, place: QueuePlace(laneClass, round: round))
        noteProgress()
    }

    func update(_ record: OperationRecord) {
        guard let old = state.operations[record.operation.id] else { return }
        var operation = old.operation
        operation.state = record.operation.state
        operation.attempt = record.operation.attempt
        operation.nextAttemptAt = record.operation.nextAttemptAt
        operation.error = record.operation.error
        operation.startedAt = record.operation.startedAt
        operation.finishedAt = record.operation.finishedAt
        state.operations[operation.id] = OperationRecord(
            operation, lease: record.lease, mark: record.mark, place: old.place)
        noteProgress()
    }

    func forget(operation: OperationID) {
        state.operations[operation] = nil
        noteProgress()
    }

    func cancelOperations(of workspaces: [WorkspaceID], now: Timestamp) {
        let ids = Set(workspaces)
        changePending({ ids.contains($0.operation.workspace) }) { record in
            record.operation.state = .cancelled
            record.operation.finishedAt = now
        }
    }

    func makeDue(provisioner: String, at now: Timestamp) {
        changePending({ $0.operation.provisioner == provisioner && $0.operation.nextAttemptAt > now }) {
            $0.operation.nextAttemptAt = now
        }
    }

    /// Changes the pending operations that fulfill a condition.
    func changePending(_ condition: (OperationRecord) -> Bool, _ change: (inout OperationRecord) -> Void) {
        for var record in operations(where: { $0.operation.state == .pending && condition($0) }) {
            change(&record)
            state.operations[record.operation.id] = record
        }
    }

    func handovers() -> [OperationRecord] {
        operations { $0.operation.kind == .claim && $0.operation.isUnfinished }.sorted(on: \.operation.id)
    }

    func unfinishedOperations(now: Timestamp) -> OperationTallies {
        var tallies = OperationTallies()
        for state in [Operation.State.pending, .running] {
            // In the order in which the SQL stores number the kinds.
            for kind in [Operation.Kind.create, .delete, .start, .stop, .claim, .inspect] {
                let count = operations { $0.operation.state == state && $0.operation.kind == kind }.count
                if count > 0 { tallies.groups.append(.init(kind: kind, state: state, count: count)) }
            }
        }
        tallies.oldestDueAt = operations { $0.operation.state == .pending && $0.operation.nextAttemptAt <= now }
            .map(\.operation.nextAttemptAt).min()
        return tallies
    }

    // MARK: Logs

    func log(of operation: OperationID) -> [LogRecord] { state.logs[operation] ?? [] }

    func append(_ log: LogRecord) {
        var logs = state.logs[log.operation] ?? []
        logs.insert(log, at: logs.firstIndex { $0.attempt > log.attempt } ?? logs.endIndex)
        let first = logs.filter { $0.attempt <= LogRecord.firstKept }
        var (last, size): ([LogRecord], Int) = ([], 0)
        for (number, log) in logs.dropFirst(first.count).reversed().enumerated() {
            size += log.text.unicodeScalars.count
            if number == 0 || number < LogRecord.lastKept && size <= LogRecord.lastKeptSize { last.append(log) }
        }
        state.logs[log.operation] = first + last.reversed()
    }
}

extension Operation {
    var isUnfinished: Bool { state == .pending || state == .running }
}
