package import PrewarmCore

/// The queue of claims that wait for a workspace of a preset. A claim that can use several presets waits in all their queues.
///
/// ``ClaimOrder`` says which ready workspace is for which of them. So no claim passes a waiting one of the same or a higher
/// priority, and a claim that can take nothing delays no other.
extension Engine {
    /// The time after which a process that was not heard of no longer holds tickets.
    static let heartbeatLimit = Duration.seconds(15)
    /// The time between two heartbeats of a process that holds tickets.
    static let heartbeatPeriod = Duration.seconds(5)

    /// Adds a claim to the queues of its presets, or continues its place there. Claims that nothing continues any more take
    /// no place.
    /// - Parameter presets: The presets that the claim may get, the best first; at least one.
    /// - Returns: The preset whose desired number the claim raises while it waits; nil if it raises no number.
    /// - Throws: ``ClaimError/queueFull(_:limit:)``
    @discardableResult
    package func join(_ attempt: ClaimAttempt, of presets: [PresetKey], by owner: Owner) async throws -> PresetKey? {
        guard let first = presets.first else { return nil }
        let demand = try await store.read { try self.demand(of: presets, in: $0) }
        let ticket = Ticket(
            id: attempt.id, preset: first, others: Array(presets.dropFirst()), owner: owner,
            priority: attempt.priority, since: attempt.askedAt, holder: holder, demand: demand)
        do {
            try await add(ticket)
        } catch ClaimError.queueFull {
            // Looking for abandoned claims reads all queues, so it happens outside of the transaction that writes.
            try await endAbandonedWaits(keepsPlaces: false)
            try await add(ticket)
        }
        return demand
    }

    /// - Throws: ``ClaimError/queueFull(_:limit:)``
    private func add(_ ticket: Ticket) async throws {
        let now = now()
        try await store.write(.ofUser) { store in
            try store.saveHeartbeat(of: holder, at: now)
            try endExpired(at: now, in: store)
            if try store.ticket(ticket.id) == nil { try requirePlace(for: ticket.owner, in: store) }
            try store.save(ticket)
            if let demand = ticket.demand { try store.markDirty(source: demand.source) }
        }
    }

    /// Removes a claim from the queue.
    /// - Parameter absence: The time for which its place is kept for another request; nil to remove it at once.
    package func leave(_ id: ClaimID, keepingFor absence: Duration? = nil) async throws {
        let now = now()
        try await store.write { store in
            guard var ticket = try store.ticket(id), ticket.holder == holder else { return }
            guard let absence else { return try store.endWait(ticket, at: now) }
            ticket.expiresAt = now + absence
            try store.save(ticket)
        }
    }

    /// Removes a waiting claim at the request of its owner, and records that it got no workspace.
    /// - Returns: The ticket; nil if the claim does not wait.
    package func cancelWait(_ id: ClaimID) async throws -> Ticket? {
        let now = now()
        return try await store.write { store in
            guard let ticket = try store.ticket(id) else { return nil }
            try store.endWait(ticket, at: now)
            return ticket
        }
    }

    /// Records that this process still holds its tickets, and ends those that it no longer holds.
    /// - Parameter held: The claims for which requests of this process wait.
    package func beatForTickets(_ held: Set<ClaimID>) async throws {
        let now = now()
        try await store.write { store in
            try store.saveHeartbeat(of: holder, at: now)
            for ticket in try store.tickets(heldBy: holder) where !held.contains(ticket.id) {
                try store.endWait(ticket, at: now)
            }
            try endExpired(at: now, in: store)
            try endUnheard(at: now, in: store)
        }
    }

    /// Ends the claims that no request continued in time, and those of processes that have ended. The place of such a claim is
    /// kept for ``Ticket/absence`` after the last heartbeat, since its owner may ask again at another replica. It writes only
    /// if there are any.
    /// - Parameter keepsPlaces: If false, claims of ended processes end at once.
    package func endAbandonedWaits(keepsPlaces: Bool = true) async throws {
        let now = now()
        let dead = try await deadTicketHolders()
        let abandoned = try await store.read { store in
            try store.ticketCounts().keys.flatMap { preset in
                let alive = Set(try waiting(for: preset, without: dead, at: now, in: store).map(\.id))
                return try store.tickets(of: preset).filter {
                    try $0.preset == preset && !alive.contains($0.id) && $0.holder != holder
                        && (!keepsPlaces || isForgotten($0, at: now, in: store))
                }
            }
        }
        guard !abandoned.isEmpty else { return }
        try await store.write { store in
            for ticket in abandoned where try store.ticket(ticket.id) == ticket {
                try store.endWait(ticket, at: min(now, end(of: ticket, in: store)))
            }
        }
    }

    /// The time after which a claim ends whose process was not heard of. It is longer than ``heartbeatLimit``, so that a process
    /// that comes back soon goes on waiting.
    private static let silence = Duration.seconds(86_400)

    /// Returns true if no request asked for a claim for so long that its place is no longer kept.
    private func isForgotten(_ ticket: Ticket, at now: Timestamp, in store: any StoreReader) throws -> Bool {
        guard ticket.expiresAt == nil, let beat = try store.heartbeat(of: ticket.holder) else { return true }
        return (beat + Ticket.absence).hasCome(at: now, atMost: Ticket.absence)
    }

    /// Ends the claims that no request continued in time.
    private func endExpired(at now: Timestamp, in store: any StoreWriter) throws {
        for ticket in try store.tickets(expiredBefore: now) { try store.endWait(ticket, at: now) }
    }

    /// Ends the claims of processes that were not heard of for a long time.
    private func endUnheard(at now: Timestamp, in store: any StoreWriter) throws {
        let oldest = now - Self.silence
        for ticket in try store.tickets(ofHoldersUnheardSince: oldest) {
            try store.endWait(ticket, at: min(now, end(of: ticket, in: store)))
        }
        try store.forgetHeartbeats(before: oldest)
    }

    /// Returns the processes that hold tickets and are known to have ended. It looks at processes, so it must not run inside a
    /// transaction for which others wait.
    func deadTicketHolders() async throws -> Set<String> {
        let holders = try await store.read { try $0.ticketHolders() }
        return Set(holders.filter { $0 != holder && isDead($0) })
    }

    /// Returns the claims that wait for a preset, in the order of the queue. Claims of ended processes are left out.
    /// - Parameter dead: The processes that are known to have ended (``deadTicketHolders()``).
    func waiting(
        for preset: PresetKey, without dead: Set<String>?, at now: Timestamp, in store: any StoreReader
    ) throws -> [Ticket] {
        try alive(store.tickets(of: preset), without: dead, at: now, in: store)
    }

    /// Returns the tickets without those of ended processes and those that no request continued in time.
    /// - Parameter dead: The processes that are known to have ended; nil if nothing is known.
    /// - Throws: ``HoldersUnknown`` if it has to be known whether a process has ended.
    func alive(
        _ tickets: [Ticket], without dead: Set<String>?, at now: Timestamp, in store: any StoreReader
    ) throws -> [Ticket] {
        var known: [String: Bool] = [holder: true]
        return try tickets.filter { ticket in
            if let end = ticket.expiresAt { return !end.hasCome(at: now, atMost: Ticket.absence) }
            if let isAlive = known[ticket.holder] { return isAlive }
            guard let dead else { throw HoldersUnknown() }
            let beat = try store.heartbeat(of: ticket.holder)
            let isAlive =
                !dead.contains(ticket.holder) && beat.map { isHeard(ticket.holder, $0, at: now) } ?? false
            known[ticket.holder] = isAlive
            return isAlive
        }
    }

    /// Returns true if a process that holds tickets was heard of in time.
    /// - Parameter beat: The time of its last heartbeat.
    private func isHeard(_ holder: String, _ beat: Timestamp, at now: Timestamp) -> Bool {
        let renewal = Renewal(object: "tickets of \(holder)", period: Self.heartbeatPeriod)
        let seemsEnded = isSilent(renewal, holder, beat)
        return !(seemsEnded && (beat + Self.heartbeatLimit).hasCome(at: now, atMost: Self.heartbeatLimit))
    }

    /// Returns the place of a waiting claim; nil if it does not wait, or if the reader may not see it. A claim that waits for
    /// several presets has the place in the queue in which it probably gets a workspace first, among those of presets that the
    /// reader may see.
    /// - Parameter audience: The reader of the place.
    package func place(of id: ClaimID, for audience: some Audience = LocalAudience()) async throws -> TicketPlace? {
        let (now, dead) = (now(), try await deadTicketHolders())
        return try await store.read { store in
            guard let ticket = try store.ticket(id) else { return nil }
            return try audience.presets(of: ticket)
                .compactMap { try place(of: ticket, in: $0, without: dead, at: now, store) }
                .min { $0.comes(before: $1) }
        }
    }

    private func place(
        of ticket: Ticket, in preset: PresetKey, without dead: Set<String>, at now: Timestamp, _ store: any StoreReader
    ) throws -> TicketPlace? {
        let queue = try waiting(for: preset, without: dead, at: now, in: store)
        guard let index = queue.firstIndex(where: { $0.id == ticket.id }) else { return nil }
        let filter = WorkspaceFilter(preset: preset, states: [.pending, .creating], limit: 100)
        let starting = try store.workspaces(filter)
        let builds = starting.filter { $0.state == .creating }.map { now - $0.createdAt }
        let conditions = try store.conditions(of: [preset])[preset] ?? []
        return TicketPlace(
            ticket: ticket, position: index + 1, length: queue.count, starting: starting.count,
            buildTime: try store.buildTimes(of: [preset])[preset], startedBefore: builds,
            obstacle: conditions.lazy.compactMap(\.obstacle).first, at: now)
    }
}

/// The error of a transaction that needs to know which processes have ended (``Engine/deadTicketHolders()``).
struct HoldersUnknown: Error {}

extension Condition {
    /// The reason of the condition why no workspace of its preset comes, without the text of a provisioner; nil if the
    /// condition is no such reason.
    fileprivate var obstacle: String? {
        switch kind {
        case .suspended: "the preset is suspended"
        case .provisionerUnavailable: "the provisioner is unavailable"
        case .stalled: "the builds of the preset fail"
        case .backingOff: "a build failed, and prewarm waits before the next try"
        case .limited: message
        default: nil
        }
    }
}

extension StoreWriter {
    /// Ends a waiting claim that got no workspace.
    func endWait(_ ticket: Ticket, at now: Timestamp) throws {
        try forget(ticket: ticket.id)
        let end = min(now, ticket.expiresAt ?? now)
        if let demand = ticket.demand {
            try saveEndedWait(WaitingDemand.Wait(since: ticket.since, until: end), of: demand, claim: ticket.id)
            try markDirty(source: demand.source)
        }
        if let known = try claim(ticket.id), known.result != .missed { return }
        try save(
            Claim(
                id: ticket.id, preset: ticket.preset, owner: ticket.owner, result: .missed, askedAt: ticket.since,
                endedAt: end))
    }
}
