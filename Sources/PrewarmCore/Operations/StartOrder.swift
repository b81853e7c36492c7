/// A waiting operation that may start now.
package struct WaitingOperation: Hashable, Sendable {
    package let id: OperationID
    package let place: QueuePlace
    /// The time since which the operation can start.
    package let dueAt: Timestamp

    package init(id: OperationID, place: QueuePlace, dueAt: Timestamp) {
        self.id = id
        self.place = place
        self.dueAt = dueAt
    }
}

/// The rule by which a provisioner's next operation is chosen.
///
/// The most urgent class starts first, within a class the lowest round, within a round the lowest id, which is the
/// oldest. So that no class starves, each fourth start goes to an operation that waits for more than five minutes, the
/// oldest first. Reserved slots stay free for the lanes for which users wait. One handover may run beyond all slots.
///
/// Example: there are four slots, and one is reserved. 100 creates and 20 deletes wait: three creates run. A user
/// claims from an empty pool: that create starts at once in the fourth slot. After five minutes each fourth start is
/// a delete, although creates wait.
package struct StartOrder: Hashable, Sendable {
    /// The number of slots: the operations that may run at the same time.
    package let concurrency: Int
    /// The number of slots for the lanes for which users wait, from 0 to ``concurrency`` − 1.
    package let reserve: Int

    /// The time after which a waiting operation counts as overdue.
    package static let patience = Duration.seconds(300)
    /// The share of starts for overdue operations: one of four.
    package static let overdueShare = 4

    package init(concurrency: Int, reserve: Int) {
        self.concurrency = concurrency
        self.reserve = min(max(reserve, 0), max(concurrency - 1, 0))
    }

    /// Returns the default number of reserved slots: 1, or 0 if there is only one slot.
    package static func standardReserve(concurrency: Int) -> Int { concurrency > 1 ? 1 : 0 }

    /// Returns true if a slot is free for an operation of the lane.
    /// - Parameter running: the lanes of the operations that run.
    package func hasSlot(for lane: Lane, running: [Lane]) -> Bool {
        let handovers = running.count { $0 == .handover }
        if lane == .handover, handovers == 0 { return running.count <= concurrency }
        // The first handover takes no slot of the others.
        let used = running.count - min(handovers, 1)
        guard used < concurrency else { return false }
        return lane.isForPeople || running.count { !$0.isForPeople } < concurrency - reserve
    }

    /// Returns true if the next start may go to an overdue operation. Then ``next(among:running:starts:at:)`` needs
    /// the first operation of each class.
    package func considersAge(starts: Int) -> Bool { starts % Self.overdueShare == Self.overdueShare - 1 }

    /// Returns the operation that starts next; nil if no slot is free for any of the waiting ones.
    /// - Parameters:
    ///   - waiting: at least the first operation of each class. Further ones do not change the result.
    ///   - running: the lanes of the operations that run.
    ///   - starts: the number of operations that were started before.
    package func next(
        among waiting: [WaitingOperation], running: [Lane], starts: Int, at now: Timestamp
    ) -> WaitingOperation? {
        let startable = waiting.filter { hasSlot(for: $0.place.laneClass.lane, running: running) }
        if considersAge(starts: starts) {
            let classes = Dictionary(grouping: startable, by: \.place.laneClass).values
            let overdue = classes.compactMap { $0.min(by: isBefore) }.filter { $0.dueAt + Self.patience <= now }
            if let oldest = overdue.min(by: { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }) { return oldest }
        }
        return startable.min(by: isBefore)
    }

    private func isBefore(_ left: WaitingOperation, _ right: WaitingOperation) -> Bool {
        (left.place.laneClass, left.place.round, left.id) < (right.place.laneClass, right.place.round, right.id)
    }
}
