internal import PrewarmCore
internal import PrewarmEngine

/// The queue of pending operations (``QueuePlace``).
extension MemoryTransaction {
    func dueOperations(_ filter: DueFilter, now: Timestamp, limit: Int) throws -> [OperationRecord] {
        let isRestored = try restoredHold() != nil
        let byWorkspace = Dictionary(grouping: state.operations.values.map(\.operation).filter(\.isUnfinished)) {
            $0.workspace
        }
        let due = operations { record in
            let operation = record.operation
            return operation.state == .pending && isDue(operation, at: now)
                && matches(record, filter)
                // Only the process that holds the request of a claim has what its handover needs.
                && operation.kind != .claim
                // In a restored copy, a ready workspace may be claimed in reality, so no workspace is deleted.
                && !(operation.kind == .delete && isRestored)
                && (filter.workspace != nil || !isHeld(record, at: now))
                && !(byWorkspace[operation.workspace] ?? []).contains { $0.comes(before: operation) }
        }
        return Array(due.sorted(on: \.order).prefix(max(limit, 0)))
    }

    /// A time beyond the longest wait comes from a clock that was set back since then.
    private func isDue(_ operation: Operation, at now: Timestamp) -> Bool {
        operation.nextAttemptAt.hasCome(at: now, atMost: Operation.longestWait)
    }

    private func matches(_ record: OperationRecord, _ filter: DueFilter) -> Bool {
        let operation = record.operation
        return operation.provisioner == filter.provisioner
            && filter.laneClass.map { $0 == record.place.laneClass } ?? true
            && (operation.kind == .create || !filter.isOfCreates)
            && filter.workspace.map { $0 == operation.workspace } ?? true
            && filter.preset.map { isOperation(operation, ofLiveWorkspaceOf: $0) } ?? true
    }

    private func isOperation(_ operation: Operation, ofLiveWorkspaceOf preset: String) -> Bool {
        guard let workspace = state.workspaces[operation.workspace]?.workspace else { return false }
        return workspace.preset.name == preset && workspace.state != .deleted
    }

    /// Returns true if a suspension, or a failure of the preset, holds the operation.
    private func isHeld(_ record: OperationRecord, at now: Timestamp) -> Bool {
        let operation = record.operation
        let isRelease = operation.kind == .delete && [.released, .revoked].contains(operation.reason)
        let isSuspended = state.suspensions.values.contains {
            $0.isInForce(at: now) && $0.scope.covers(operation.preset)
        }
        return isSuspended && !isRelease || record.fillsPool && isBackingOff(operation.preset, at: now)
    }

    /// Returns true if the next try of a preset is not due yet, or is running.
    private func isBackingOff(_ preset: PresetKey, at now: Timestamp) -> Bool {
        guard let failure = state.failures[preset] else { return false }
        return !failure.mayRetry(at: now)
            || state.operations.values.map(\.operation).contains {
                $0.preset == preset && $0.kind == .create && $0.state == .running
            }
    }

    func nextLaneClass(of provisioner: String, after: LaneClass?) -> LaneClass? {
        operations { $0.operation.state == .pending && $0.operation.provisioner == provisioner }
            .map(\.place.laneClass).filter { laneClass in after.map { $0 < laneClass } ?? true }.min()
    }

    func nextAttempt(after time: Timestamp) -> Timestamp? {
        operations { $0.operation.state == .pending && $0.operation.nextAttemptAt > $0.operation.createdAt }
            .map(\.operation.nextAttemptAt).filter { $0 > time }.min()
    }

    // MARK: Changes of places

    func raiseDeletes(of scope: Suspension.Scope, provisioners: [String]) {
        let delete = LaneClass(.delete)
        changePending({ record in
            record.place.laneClass == delete && provisioners.contains(record.operation.provisioner)
                && scope.covers(record.operation.preset)
        }) { $0 = $0.moved(to: LaneClass(.deleteForRoom)) }
    }

    func setPriority(_ priority: Int, of preset: PresetKey) {
        let starting = Set(
            liveWorkspaces { $0.preset == preset && [.pending, .creating].contains($0.state) }
                .map { OperationID(making: $0.id) })
        changePending({ $0.fillsPool && starting.contains($0.operation.id) }) {
            $0 = $0.moved(to: LaneClass(.create, priority: priority))
        }
    }

    /// Returns the round of the first create of a group (``QueuePlace/firstRound(current:own:)``).
    func firstRound(of group: NewWorkspaces) -> Int {
        let pending = operations { $0.operation.state == .pending }
        let current = pending.filter {
            $0.operation.provisioner == group.spec.provisioner && $0.place.laneClass == group.laneClass
        }.map(\.place.round).min()
        let waiting = Set(
            liveWorkspaces { $0.preset == group.preset && $0.state == .pending }.map { OperationID(making: $0.id) })
        let own = pending.filter { waiting.contains($0.operation.id) }.map(\.place.round).max()
        return current == nil ? 0 : QueuePlace.firstRound(current: current, own: own)
    }
}

extension Operation {
    /// Returns true if another operation of the same workspace has to wait for this one. Deletes come last. A handover that
    /// waits comes before no other operation: it follows the create of its workspace.
    fileprivate func comes(before other: Operation) -> Bool {
        guard id != other.id else { return false }
        return state == .running
            || kind != .claim && (kind == .delete ? 1 : 0, id) < (other.kind == .delete ? 1 : 0, other.id)
    }
}

extension OperationRecord {
    /// The values by which operations start.
    fileprivate var order: QueueOrder {
        QueueOrder(laneClass: place.laneClass, round: place.round, id: operation.id)
    }

    /// True for creates that fill a pool, of any priority. No user waits for them.
    fileprivate var fillsPool: Bool { place.laneClass.lane == .create }

    /// Returns the record with another class in the queue and the same round.
    fileprivate func moved(to laneClass: LaneClass) -> OperationRecord {
        OperationRecord(operation, lease: lease, mark: mark, place: QueuePlace(laneClass, round: place.round))
    }
}

private struct QueueOrder: Comparable {
    let laneClass: LaneClass
    let round: Int
    let id: OperationID

    static func < (left: QueueOrder, right: QueueOrder) -> Bool {
        (left.laneClass, left.round, left.id) < (right.laneClass, right.round, right.id)
    }
}
