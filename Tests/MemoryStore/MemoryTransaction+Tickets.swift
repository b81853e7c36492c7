internal import PrewarmCore
internal import PrewarmEngine

/// The queue of waiting claims, and their demand.
extension MemoryTransaction {
    /// Returns the tickets that fulfill a condition, in the order of the queue.
    private func tickets(where condition: (Ticket) -> Bool) -> [Ticket] {
        state.tickets.values.filter(condition).sorted { $0.comes(before: $1) }
    }

    func ticket(_ id: ClaimID) -> Ticket? { state.tickets[id] }
    func tickets() -> [Ticket] { tickets { _ in true } }
    func tickets(of preset: PresetKey) -> [Ticket] { tickets { $0.presets.contains(preset) } }
    func tickets(of owner: Owner) -> [Ticket] { tickets { $0.owner == owner } }
    func tickets(ofHoldersUnheardSince time: Timestamp) -> [Ticket] {
        tickets { ticket in ticket.expiresAt == nil && state.heartbeats[ticket.holder].map { $0 < time } ?? true }
    }

    func tickets(heldBy holder: String) -> [Ticket] { tickets { $0.holder == holder && $0.expiresAt == nil } }
    func demandingTickets(source: String) -> [Ticket] { tickets { $0.demand?.source == source } }

    func tickets(expiredBefore time: Timestamp) -> [Ticket] {
        tickets { ticket in ticket.expiresAt.map { $0 < time } ?? false }
    }

    func ticketCounts() -> [PresetKey: Int] {
        Dictionary(grouping: state.tickets.values, by: \.preset).mapValues(\.count)
    }

    func ticketCount(of owner: Owner?) -> Int { tickets { owner == nil || $0.owner == owner }.count }
    func ticketHolders() -> [String] { Array(Set(state.tickets.values.map(\.holder))) }

    func save(_ ticket: Ticket) {
        // A claim that goes on is counted once.
        if ticket.demand != nil { state.endedWaits[ticket.id] = nil }
        replace(ticket.id, by: ticket)
    }

    func forget(ticket id: ClaimID) { replace(id, by: nil) }

    /// Replaces a ticket. A pool is planned again when a claim begins or stops to wait for it.
    private func replace(_ id: ClaimID, by ticket: Ticket?) {
        let old = state.tickets[id]
        state.tickets[id] = ticket
        guard old?.demand != ticket?.demand else { return }
        unsettle(Set([old?.demand, ticket?.demand].compactMap(\.self)))
    }

    // MARK: Heartbeats

    func heartbeat(of holder: String) -> Timestamp? { state.heartbeats[holder] }
    func saveHeartbeat(of holder: String, at now: Timestamp) { state.heartbeats[holder] = now }

    func forgetHeartbeats(before time: Timestamp) {
        let holders = Set(tickets().map(\.holder))
        state.heartbeats = state.heartbeats.filter { $0.value >= time || holders.contains($0.key) }
    }

    // MARK: Ended waits

    /// The largest number of waits of one preset that are kept after their end.
    private static let mostEndedWaits = 1000

    func endedWaits(source: String, since time: Timestamp) -> [PresetKey: [WaitingDemand.Wait]] {
        let ended = state.endedWaits.values.filter { $0.preset.source == source && $0.wait.until > time }
        return Dictionary(grouping: ended, by: \.preset).mapValues { $0.map(\.wait) }
    }

    func saveEndedWait(_ wait: WaitingDemand.Wait, of preset: PresetKey, claim: ClaimID) {
        state.endedWaits = state.endedWaits.filter { $0.value.wait.until > wait.until - WaitingDemand.memory }
        state.endedWaits[claim] = MemoryState.EndedWait(preset: preset, wait: wait)
        let newest = state.endedWaits.filter { $0.value.preset == preset }
            .sorted { ($0.value.wait.until, $0.key) > ($1.value.wait.until, $1.key) }
        for (claim, _) in newest.dropFirst(Self.mostEndedWaits) { state.endedWaits[claim] = nil }
    }
}
