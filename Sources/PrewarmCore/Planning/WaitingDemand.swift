/// The claims that wait for a workspace of one preset, as a part of the number that its pool desires (rule 13 of
/// ``Planner``). Only a preset with `onEmpty: create` has such a demand.
package struct WaitingDemand: Hashable, Sendable {
    /// The time that a claim waited without getting a workspace.
    package struct Wait: Hashable, Sendable {
        package let since: Timestamp
        /// The time at which the claim stopped waiting, or stops if its process does not continue it.
        package let until: Timestamp

        package init(since: Timestamp, until: Timestamp) {
            self.since = since
            self.until = until
        }
    }

    /// The time for which a claim counts after it stopped waiting, so that a workspace that was begun for it is not deleted
    /// before its user asks again.
    package static let memory = Duration.seconds(300)

    /// The largest number of claims that waited at the same time within the last five minutes (``memory``).
    ///
    /// Claims that waited one after the other count once, so a client that asks again and again does not raise the number.
    /// Example: ada waited from 10:00 to 10:01, and bob waited from 10:02 to 10:03. At 10:04 the number is 1.
    package let count: Int
    /// The number of claims that wait now.
    package let waiting: Int
    /// The time at which the first wait is forgotten, so that ``count`` may fall without an event; nil if the number is fixed.
    package let changesAt: Timestamp?

    package init(count: Int, waiting: Int, changesAt: Timestamp? = nil) {
        self.count = count
        self.waiting = waiting
        self.changesAt = changesAt
    }

    /// Returns the demand of the waits; nil if no claim waits or waited within the last five minutes.
    package init?(_ waits: [Wait], at now: Timestamp) {
        let counted = waits.filter { wait in
            let end = wait.until + Self.memory
            return wait.since < wait.until && !end.hasCome(at: now, atMost: Self.memory + Ticket.absence)
        }
        guard let first = counted.map(\.until).min() else { return nil }
        count = Self.peak(of: counted)
        waiting = counted.count { $0.until > now }
        changesAt = first + Self.memory
    }

    /// Returns the largest number of waits at the same time. A wait that ends when another begins is not at the same time.
    private static func peak(of waits: [Wait]) -> Int {
        var steps: [(at: Timestamp, change: Int)] = []
        for wait in waits { steps += [(wait.since, 1), (wait.until, -1)] }
        var (current, peak) = (0, 0)
        for step in steps.sorted(by: { ($0.at, $0.change) < ($1.at, $1.change) }) {
            current += step.change
            peak = max(peak, current)
        }
        return peak
    }
}
