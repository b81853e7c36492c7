/// A claim that waits in the queues of its presets until a workspace is ready. The ticket has the id of the claim.
///
/// Tickets of a higher priority come first, and tickets of the same priority in the order of their times.
package struct Ticket: Hashable, Sendable {
    package let id: ClaimID
    /// The preset that the claim would get if workspaces of all its presets became ready.
    package let preset: PresetKey
    /// The other presets that the claim may get, the best first. A claim that names a preset has none.
    package let others: [PresetKey]
    package let owner: Owner
    /// The priority, from 0 to 100.
    package let priority: Int
    /// The time at which the claim asked first.
    package let since: Timestamp
    /// The process that holds the request of the claim.
    package let holder: String
    /// The preset whose desired number the claim raises while it waits: the first of ``presets`` with `onEmpty: create`; nil if
    /// none has that.
    package let demand: PresetKey?
    /// The end of the ticket if no request continues the claim until then; nil while a request waits.
    package var expiresAt: Timestamp?

    package init(
        id: ClaimID, preset: PresetKey, others: [PresetKey] = [], owner: Owner, priority: Int = Ticket.standardPriority,
        since: Timestamp,
        holder: String, demand: PresetKey? = nil, expiresAt: Timestamp? = nil
    ) {
        self.demand = demand
        self.id = id
        self.preset = preset
        self.others = others
        self.owner = owner
        self.priority = priority
        self.since = since
        self.holder = holder
        self.expiresAt = expiresAt
    }

    /// The presets in whose queues the claim waits.
    package var presets: [PresetKey] { [preset] + others }

    package static let standardPriority = 50
    package static let priorities = 0...100
    /// The time for which a ticket outlives its request, so that another request can continue the claim.
    package static let absence = Duration.seconds(30)

    /// Returns true if the ticket comes before another claim. Of two claims with the same priority, the one that asked
    /// first comes first, and of two that asked at the same time the one with the smaller id.
    ///
    /// Example: a ticket of priority 50 that waits since 10:00 comes before one of priority 50 that waits since 10:01, and
    /// behind one of priority 60 that waits since 10:02.
    package func comes(before other: Ticket) -> Bool {
        if priority != other.priority { return priority > other.priority }
        return (since, id) < (other.since, other.id)
    }
}

/// The place of a waiting claim in the queue of one of its presets.
package struct TicketPlace: Hashable, Sendable {
    package let ticket: Ticket
    /// The place in the queue, from 1.
    package let position: Int
    /// The number of claims that wait for the preset.
    package let length: Int
    /// The number of workspaces of the pool that are starting.
    package let starting: Int
    /// The time at which a workspace is expected to be ready for the claim; nil if it is unknown.
    package let expectedAt: Timestamp?
    /// The reason why no workspace comes, for example an outage; nil if the pool is being filled.
    package let obstacle: String?

    /// - Parameters:
    ///   - buildTime: the time that recent builds of the preset took; nil if it is unknown.
    ///   - startedBefore: the ages of the builds that run.
    package init(
        ticket: Ticket, position: Int, length: Int, starting: Int, buildTime: Duration?, startedBefore: [Duration] = [],
        obstacle: String? = nil, at now: Timestamp
    ) {
        self.ticket = ticket
        self.position = position
        self.length = length
        self.starting = starting
        self.obstacle = obstacle
        let wait = buildTime.map { Self.wait(position, buildTime: $0, startedBefore) }
        expectedAt = obstacle == nil ? wait.map { now + $0 } : nil
    }

    /// Returns true if the claim probably gets a workspace of this queue before one of the other: if the pool is being filled,
    /// then by the expected time, then by the position.
    package func comes(before other: TicketPlace) -> Bool {
        if (obstacle == nil) != (other.obstacle == nil) { return obstacle == nil }
        if let expectedAt, let time = other.expectedAt, expectedAt != time { return expectedAt < time }
        if (expectedAt == nil) != (other.expectedAt == nil) { return expectedAt != nil }
        return position < other.position
    }

    /// Returns the rest of the build that this claim gets. A claim behind all running builds waits for further rounds of
    /// as many builds.
    ///
    /// Example: builds take 60 s, and two run since 40 s and 10 s. The first claim waits 20 s, the second 50 s. The third
    /// waits for the first build of the next round: 20 s + 60 s = 80 s.
    private static func wait(_ position: Int, buildTime: Duration, _ startedBefore: [Duration]) -> Duration {
        let rests = startedBefore.map { max(buildTime - $0, .zero) }.sorted()
        guard !rests.isEmpty else { return buildTime * position }
        let (round, place) = (position - 1).quotientAndRemainder(dividingBy: rests.count)
        return rests[place] + buildTime * round
    }
}
