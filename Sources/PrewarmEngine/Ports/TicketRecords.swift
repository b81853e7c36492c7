package import PrewarmCore

/// The reads of waiting claims.
package protocol TicketReader {
    func ticket(_ id: ClaimID) throws -> Ticket?
    /// Returns the tickets with a preset among their presets, in the order of the queue, also the ones whose process has ended.
    func tickets(of preset: PresetKey) throws -> [Ticket]
    /// Returns the numbers of tickets by their first preset, also the ones whose process has ended.
    func ticketCounts() throws -> [PresetKey: Int]
    /// Returns the number of tickets of an owner, or of all owners if it is nil, also the ones whose process has ended.
    func ticketCount(of owner: Owner?) throws -> Int
    /// Returns the tickets that ended before a time because no request continued them.
    func tickets(expiredBefore time: Timestamp) throws -> [Ticket]
    /// Returns the tickets for which requests of a process wait.
    func tickets(heldBy holder: String) throws -> [Ticket]
    /// Returns the processes that hold tickets, in any order.
    func ticketHolders() throws -> [String]
    /// Returns the time at which a process last reported that it holds tickets; nil if it never did.
    func heartbeat(of holder: String) throws -> Timestamp?
}

/// The writes of waiting claims.
package protocol TicketWriter: TicketReader {
    /// Saves a ticket, which replaces an earlier one with the same id.
    func save(_ ticket: Ticket) throws
    /// Deletes a ticket, if there is one.
    func forget(ticket id: ClaimID) throws
    /// Records that a process holds tickets now.
    func saveHeartbeat(of holder: String, at now: Timestamp) throws
    /// Deletes the heartbeats and the tickets of processes that were last heard of before a time.
    func forgetHeartbeats(before time: Timestamp) throws
}
