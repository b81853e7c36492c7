package import PrewarmCore

/// The numbers of a pool's workspaces over time: what was ready and claimed, and what its definition desires.
///
/// The past comes from the times of the workspaces in the store, so it survives a restart and needs no sampling.
package struct PoolHistory: Sendable {
    /// The times of one workspace.
    package struct Lifetime: Sendable {
        package let readyAt: Timestamp?
        package let claimedAt: Timestamp?
        /// The time at which the workspace left the pool or its owner; nil if it still exists.
        package let endedAt: Timestamp?

        package init(readyAt: Timestamp?, claimedAt: Timestamp?, endedAt: Timestamp?) {
            self.readyAt = readyAt
            self.claimedAt = claimedAt
            self.endedAt = endedAt
        }
    }

    /// A number from a time on.
    package struct Step: Hashable, Sendable {
        package let at: Timestamp
        package let count: Int

        package init(at: Timestamp, count: Int) {
            self.at = at
            self.count = count
        }
    }

    /// The length of the past and of the future in the plot.
    package static let span = Duration.seconds(86_400)

    /// The first time that ``ready`` and ``claimed`` cover.
    package let begin: Timestamp
    /// The number of ready, unclaimed workspaces, by time.
    package let ready: [Step]
    /// The number of claimed workspaces, by time.
    package let claimed: [Step]
    /// The desired number by the current definition, by time, over the past and the future.
    package let desired: [Step]

    /// - Parameters:
    ///   - lifetimes: The workspaces that existed after `begin`.
    ///   - begin: The first time of the past that the lifetimes cover.
    ///   - desired: The desired numbers, by time.
    package init(_ lifetimes: [Lifetime], begin: Timestamp, desired: [Step]) {
        self.begin = begin
        ready = Self.steps(
            lifetimes.compactMap { life in
                life.readyAt.map { (from: $0, to: life.claimedAt ?? life.endedAt) }
            }, begin: begin)
        claimed = Self.steps(
            lifetimes.compactMap { life in life.claimedAt.map { (from: $0, to: life.endedAt) } }, begin: begin)
        self.desired = desired
    }

    /// Returns the number of stays at each time at which it changes. For example, stays from 10:00 to 12:00 and from 11:00
    /// on give 1 at 10:00, 2 at 11:00 and 1 at 12:00.
    static func steps(_ stays: [(from: Timestamp, to: Timestamp?)], begin: Timestamp) -> [Step] {
        var changes: [Timestamp: Int] = [begin: 0]
        for stay in stays {
            let from = max(stay.from, begin)
            // A stay without a length, for example of a workspace that was created for its claim, changes nothing.
            if let end = stay.to, end <= from { continue }
            changes[from, default: 0] += 1
            if let end = stay.to { changes[end, default: 0] -= 1 }
        }
        var count = 0
        return changes.sorted { $0.key < $1.key }.map { time, change in
            count += change
            return Step(at: time, count: count)
        }
    }
}
