internal import PrewarmCore
internal import PrewarmEngine

/// The queue of waiting claims.
extension SQLiteTransaction {
    private static let ticketSelect = """
        SELECT t.id, source, name, owner, owner_kind, priority, since, holder, expires_at
        FROM tickets AS t CROSS JOIN preset_keys ON preset_keys.id = t.preset
        """

    func ticket(_ id: ClaimID) throws -> Ticket? {
        try statement("\(Self.ticketSelect) WHERE t.id = ?").first(id, read: Self.ticket) ?? nil
    }

    func tickets(of preset: PresetKey) throws -> [Ticket] {
        guard let id = try presetID(preset) else { return [] }
        return try statement("\(Self.ticketSelect) WHERE t.preset = ? ORDER BY priority DESC, since, t.id")
            .all(id, read: Self.ticket).compactMap(\.self)
    }

    func ticketCounts() throws -> [PresetKey: Int] {
        var counts: [PresetKey: Int] = [:]
        try statement(
            "SELECT source, name, count(*) FROM tickets AS t JOIN preset_keys ON preset_keys.id = t.preset GROUP BY t.preset"
        ).forEach { columns in
            counts[PresetKey(source: columns.next(), name: columns.next())] = columns.next()
        }
        return counts
    }

    func tickets(expiredBefore time: Timestamp) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE expires_at < ?").all(time, read: Self.ticket).compactMap(\.self)
    }

    func tickets(heldBy holder: String) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE holder = ? AND expires_at IS NULL").all(holder, read: Self.ticket)
            .compactMap(\.self)
    }

    func save(_ ticket: Ticket) throws {
        try statement(
            """
            INSERT OR REPLACE INTO tickets (id, preset, owner, owner_kind, priority, since, holder, expires_at)
            VALUES (?,?,?,?,?,?,?,?)
            """
        ).run(
            ticket.id, addedPresetID(ticket.preset), ticket.owner.name, ticket.owner.kindCode, ticket.priority,
            ticket.since, ticket.holder, ticket.expiresAt)
    }

    func forget(ticket id: ClaimID) throws {
        try statement("DELETE FROM tickets WHERE id = ?").run(id)
    }

    func ticketHolders() throws -> [String] {
        try statement("SELECT DISTINCT holder FROM tickets").all { $0.next() }
    }

    func heartbeat(of holder: String) throws -> Timestamp? {
        try statement("SELECT at FROM heartbeats WHERE holder = ?").first(holder) { $0.next() }
    }

    func saveHeartbeat(of holder: String, at now: Timestamp) throws {
        try statement("INSERT OR REPLACE INTO heartbeats (holder, at) VALUES (?,?)").run(holder, now)
    }

    func forgetHeartbeats(before time: Timestamp) throws {
        try statement("DELETE FROM heartbeats WHERE at < ?").run(time)
        try statement(
            "DELETE FROM tickets WHERE expires_at IS NULL AND holder NOT IN (SELECT holder FROM heartbeats)"
        ).run()
    }

    private static func ticket(_ columns: inout Columns) -> Ticket? {
        let (id, preset) = (columns.next(ClaimID.self), PresetKey(source: columns.next(), name: columns.next()))
        guard let owner = Owner(name: columns.next(), kind: columns.next()) else { return nil }
        return Ticket(
            id: id, preset: preset, owner: owner, priority: columns.next(), since: columns.next(),
            holder: columns.next(), expiresAt: columns.next())
    }
}
