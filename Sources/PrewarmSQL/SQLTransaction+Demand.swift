internal import PrewarmCore
internal import PrewarmEngine

/// The demand of waiting claims.
extension SQLTransaction {
    /// The largest number of waits of one preset that are kept after their end.
    private static let mostEndedWaits = 1000
    private static let saveEndedWait = SQLText.save(into: "ended_waits", "claim, preset, since, until", key: "claim")

    func demandingTickets(source: String) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE t.demand IS NOT NULL AND d.source = ?").all(source, read: Self.ticket)
            .compactMap(\.self)
    }

    func endedWaits(source: String, since time: Timestamp) throws -> [PresetKey: [WaitingDemand.Wait]] {
        var waits: [PresetKey: [WaitingDemand.Wait]] = [:]
        try statement(
            """
            SELECT name, since, until FROM ended_waits INDEXED BY ended_waits_by_end JOIN preset_keys ON id = preset
            WHERE until > ? AND source = ?
            """
        ).forEach(time, source) { columns in
            let preset = PresetKey(source: source, name: columns.next())
            waits[preset, default: []].append(WaitingDemand.Wait(since: columns.next(), until: columns.next()))
        }
        return waits
    }

    func saveEndedWait(_ wait: WaitingDemand.Wait, of preset: PresetKey, claim: ClaimID) throws {
        let id = try addedPresetID(preset)
        try statement("DELETE FROM ended_waits WHERE until <= ?").run(wait.until - WaitingDemand.memory)
        try statement(Self.saveEndedWait).run(claim, id, wait.since, wait.until)
        try statement(
            """
            DELETE FROM ended_waits WHERE preset = ?1 AND claim NOT IN (
                SELECT claim FROM ended_waits WHERE preset = ?1 ORDER BY until DESC, claim DESC LIMIT ?2)
            """
        ).run(id, Self.mostEndedWaits)
    }

    func startingForClaims(of preset: PresetKey, _ fingerprint: Fingerprint) throws -> Int {
        guard let id = try presetID(preset) else { return 0 }
        return try statement("SELECT count(*) FROM \(Self.startingForClaims)").first(id, fingerprint) { $0.next() } ?? 0
    }

    func claimStarting(_ claim: ClaimRequest) throws -> Workspace? {
        guard let preset = try presetID(claim.preset) else { return nil }
        let decoder = try WorkspaceDecoder(self)
        let claimed = try statement(
            """
            UPDATE workspaces SET state = \(WorkspaceState.claimed.code), owner = ?3, claimed_at = ?4, claim_key = ?5,
                owner_kind = ?6, claim_caller = ?7, claim = ?8
            WHERE id = (SELECT w.id FROM \(Self.startingForClaims) ORDER BY w.state DESC, w.id LIMIT 1)
            RETURNING \(WorkspaceDecoder.columns)
            """
        ).first(
            preset, claim.current, claim.owner.name, claim.now, claim.idempotencyKey?.text, claim.owner.kindCode,
            claim.idempotencyKey?.caller ?? "", claim.id, read: decoder.workspace)
        if claimed != nil { progress.note() }
        return claimed ?? nil
    }

    /// The workspaces of the preset ?1 with the fingerprint ?2 that are not ready yet and whose creates are for waiting claims.
    private static let startingForClaims = """
        workspaces AS w JOIN operations AS o ON o.workspace = w.id
        WHERE w.preset = ?1 AND w.fingerprint = ?2
            AND w.state IN (\(WorkspaceState.pending.code), \(WorkspaceState.creating.code))
            AND w.state <> \(WorkspaceState.deleted.code) AND o.kind = \(Operation.Kind.create.code)
            AND o.reason = '\(Reason.waitingClaim.rawValue)'
        """
}
