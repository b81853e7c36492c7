import PrewarmCore

/// The demand of waiting claims: with `onEmpty: create`, each of them raises the desired number of one pool.
extension Engine {
    /// Returns the demand of waiting claims, by the presets of a source. A claim whose owner may get no workspace now does not
    /// count.
    func waitingDemand(
        source: String, at now: Timestamp, in store: any StoreReader
    ) throws -> [PresetKey: WaitingDemand] {
        let tickets = try store.demandingTickets(source: source)
        var waits = try store.endedWaits(source: source, since: now - WaitingDemand.memory)
        guard !tickets.isEmpty || !waits.isEmpty else { return [:] }
        for ticket in try usable(tickets, in: store) {
            guard let preset = ticket.demand else { continue }
            waits[preset, default: []].append(
                WaitingDemand.Wait(since: ticket.since, until: try end(of: ticket, in: store)))
        }
        return waits.compactMapValues { WaitingDemand($0, at: now) }
    }

    /// Returns the time at which a ticket ends if its process does not continue it.
    func end(of ticket: Ticket, in store: any StoreReader) throws -> Timestamp {
        if let end = ticket.expiresAt { return end }
        return (try store.heartbeat(of: ticket.holder) ?? ticket.since) + Self.heartbeatLimit
    }

    /// Returns the preset whose desired number a claim raises while it waits; nil if none of its presets has
    /// `onEmpty: create`.
    func demand(of presets: [PresetKey], in store: any StoreReader) throws -> PresetKey? {
        try presets.first { key in
            guard let preset = try store.presets([key])?.first else { return false }
            return preset.options.onEmpty == .create && preset.retirement == nil
        }
    }
}

extension StoreWriter {
    /// Removes a ticket whose claim got a workspace. If the workspace is not of the preset whose desired number the claim
    /// raised, the claim counts there as one that ended.
    func endWait(_ id: ClaimID, with preset: PresetKey, at now: Timestamp) throws {
        guard let ticket = try ticket(id) else { return }
        try forget(ticket: id)
        guard let demand = ticket.demand else { return }
        if demand != preset {
            try saveEndedWait(WaitingDemand.Wait(since: ticket.since, until: now), of: demand, claim: id)
        }
        try markDirty(source: demand.source)
    }
}
