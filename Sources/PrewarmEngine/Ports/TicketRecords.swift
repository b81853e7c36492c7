package import PrewarmCore

/// The reads of waiting claims.
package protocol TicketReader {
    func ticket(_ id: ClaimID) throws -> Ticket?
    /// Returns the tickets with a preset among their presets, in the order of the queue, also the ones whose process has ended.
    func tickets(of preset: PresetKey) throws -> [Ticket]
    /// Returns the tickets of an owner, also the ones whose process has ended, in any order.
    func tickets(of owner: Owner) throws -> [Ticket]
    /// Returns all tickets in the order of the queue, also the ones whose process has ended.
    func tickets() throws -> [Ticket]
    /// Returns the numbers of tickets by their first preset, also the ones whose process has ended.
    func ticketCounts() throws -> [PresetKey: Int]
    /// Returns the number of tickets of an owner, or of all owners if it is nil, also the ones whose process has ended.
    func ticketCount(of owner: Owner?) throws -> Int
    /// Returns the tickets that raise the desired number of a preset of a source (``Ticket/demand``), also the ones whose
    /// process has ended.
    func demandingTickets(source: String) throws -> [Ticket]
    /// Returns the waits of claims that raised the desired numbers of presets of a source and ended after a time without a
    /// workspace of that preset.
    func endedWaits(source: String, since time: Timestamp) throws -> [PresetKey: [WaitingDemand.Wait]]
    /// Returns the number of unclaimed workspaces of a preset that are not ready yet and are created because claims wait.
    func startingForClaims(of preset: PresetKey, _ fingerprint: Fingerprint) throws -> Int
    /// Returns the tickets that ended before a time because no request continued them.
    func tickets(expiredBefore time: Timestamp) throws -> [Ticket]
    /// Returns the tickets for which requests of processes wait that were not heard of since a time.
    func tickets(ofHoldersUnheardSince time: Timestamp) throws -> [Ticket]
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
    /// Saves the wait of a claim that ended without a workspace of the preset whose desired number it raised. Waits that no
    /// longer count are deleted, and of each preset only the newest 1,000 are kept. If the claim waits again, its ended wait is
    /// deleted.
    func saveEndedWait(_ wait: WaitingDemand.Wait, of preset: PresetKey, claim: ClaimID) throws
    /// Claims an unclaimed workspace that is not ready yet and is created because claims wait (``startingForClaims(of:_:)``),
    /// the one whose create began first. Nil if the preset has no such workspace.
    func claimStarting(_ claim: ClaimRequest) throws -> Workspace?
    /// Deletes a ticket, if there is one.
    func forget(ticket id: ClaimID) throws
    /// Records that a process holds tickets now.
    func saveHeartbeat(of holder: String, at now: Timestamp) throws
    /// Deletes the heartbeats of processes that hold no tickets and were last heard of before a time.
    func forgetHeartbeats(before time: Timestamp) throws
}
