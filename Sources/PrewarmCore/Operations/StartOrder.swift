/// An operation that could start now.
package struct WaitingOperation: Hashable, Sendable {
    package let id: OperationID
    package let place: QueuePlace
    /// Since when it could have been started.
    package let dueAt: Timestamp

    package init(id: OperationID, place: QueuePlace, dueAt: Timestamp) {
        self.id = id
        self.place = place
        self.dueAt = dueAt
    }
}

/// Chooses the operation of a provisioner that starts next.
///
/// The most urgent class comes first, in a class the lowest round, in a round the oldest. So that no class starves, each
/// fourth start goes to the operation that is due for the longest time, where that is more than five minutes. Reserved
/// slots stay free for the lanes that somebody waits for.
///
/// Example: four slots, one of them reserved. 100 creates and 20 deletes wait: three creates run. A user claims from
/// an empty pool: that create starts at once, in the fourth slot. After five minutes, each fourth start is a delete,
/// although creates wait.
package struct StartOrder: Hashable, Sendable {
    /// How many operations may run at once.
    package let concurrency: Int
    /// How many of these slots serve only the lanes that somebody waits for.
    package let reserve: Int

    /// After this time an operation counts as overdue.
    package static let patience = Duration.seconds(300)
    /// One of so many starts is for an overdue operation.
    package static let overdueShare = 4

    package init(concurrency: Int, reserve: Int) {
        self.concurrency = concurrency
        self.reserve = min(max(reserve, 0), max(concurrency - 1, 0))
    }

    /// The number of slots that are reserved where the configuration says nothing.
    package static func standardReserve(concurrency: Int) -> Int { concurrency > 1 ? 1 : 0 }

    /// Whether an operation of the lane could start.
    /// - Parameter running: the lanes of the operations that run.
    package func hasSlot(for lane: Lane, running: [Lane]) -> Bool {
        guard running.count < concurrency else { return false }
        return lane.isForPeople || running.count { !$0.isForPeople } < concurrency - reserve
    }

    /// Whether the next start may be that of an overdue operation, so that the first one of each class has to be known.
    package func considersAge(starts: Int) -> Bool { starts % Self.overdueShare == Self.overdueShare - 1 }

    /// Returns the operation that starts next; nil where no slot is free for any of them.
    /// - Parameters:
    ///   - waiting: at least the first operation of each class; more of them change nothing.
    ///   - running: the lanes of the operations that run.
    ///   - starts: how many were started before.
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
