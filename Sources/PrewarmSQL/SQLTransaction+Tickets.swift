internal import PrewarmCore
internal import PrewarmEngine

/// The queue of waiting claims.
extension SQLTransaction {
    static let ticketSelect = """
        SELECT t.id, p.source, p.name, owner, owner_kind, priority, since, holder, expires_at, others, d.source, d.name
        FROM tickets AS t CROSS JOIN preset_keys AS p ON p.id = t.preset LEFT JOIN preset_keys AS d ON d.id = t.demand
        """

    private static let saveTicket = SQLText.save(
        into: "tickets", "id, preset, owner, owner_kind, priority, since, holder, expires_at, others, demand", key: "id"
    )
    private static let saveHeartbeat = SQLText.save(into: "heartbeats", "holder, at", key: "holder")

    func ticket(_ id: ClaimID) throws -> Ticket? {
        try statement("\(Self.ticketSelect) WHERE t.id = ?").first(id, read: Self.ticket) ?? nil
    }

    func tickets(of preset: PresetKey) throws -> [Ticket] {
        try statement(
            """
            \(Self.ticketSelect) WHERE t.id IN (
                SELECT id FROM tickets WHERE preset = ?
                UNION ALL SELECT id FROM tickets INDEXED BY tickets_of_several WHERE others <> '' AND instr(others, ?) > 0)
            ORDER BY priority DESC, since, t.id
            """
        ).all(presetID(preset) ?? -1, "\n\(preset)\n", read: Self.ticket).compactMap(\.self)
    }

    func tickets(of owner: Owner) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE owner = ? AND owner_kind IS ?")
            .all(owner.name, owner.kindCode, read: Self.ticket).compactMap(\.self)
    }

    func tickets() throws -> [Ticket] {
        try statement("\(Self.ticketSelect) ORDER BY priority DESC, since, t.id").all(read: Self.ticket)
            .compactMap(\.self)
    }

    func ticketCount(of owner: Owner?) throws -> Int {
        guard let owner else { return try statement("SELECT count(*) FROM tickets").first { $0.next(Int.self) } ?? 0 }
        return try statement("SELECT count(*) FROM tickets WHERE owner = ? AND owner_kind IS ?")
            .first(owner.name, owner.kindCode) { $0.next(Int.self) } ?? 0
    }

    func ticketCounts() throws -> [PresetKey: Int] {
        var counts: [PresetKey: Int] = [:]
        try statement(
            "SELECT source, name, count(*) FROM tickets AS t JOIN preset_keys ON preset_keys.id = t.preset GROUP BY preset_keys.id"
        ).forEach { columns in
            counts[PresetKey(source: columns.next(), name: columns.next())] = columns.next()
        }
        return counts
    }

    func tickets(expiredBefore time: Timestamp) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE expires_at < ?").all(time, read: Self.ticket).compactMap(\.self)
    }

    func tickets(ofHoldersUnheardSince time: Timestamp) throws -> [Ticket] {
        try statement(
            "\(Self.ticketSelect) WHERE expires_at IS NULL AND holder NOT IN (SELECT holder FROM heartbeats WHERE at >= ?)"
        ).all(time, read: Self.ticket).compactMap(\.self)
    }

    func tickets(heldBy holder: String) throws -> [Ticket] {
        try statement("\(Self.ticketSelect) WHERE holder = ? AND expires_at IS NULL").all(holder, read: Self.ticket)
            .compactMap(\.self)
    }

    func save(_ ticket: Ticket) throws {
        // A claim that goes on is counted once.
        if ticket.demand != nil { try statement("DELETE FROM ended_waits WHERE claim = ?").run(ticket.id) }
        try statement(Self.saveTicket).run(
            ticket.id, addedPresetID(ticket.preset), ticket.owner.name, ticket.owner.kindCode, ticket.priority,
            ticket.since, ticket.holder, ticket.expiresAt, Self.text(of: ticket.others),
            ticket.demand.map { try addedPresetID($0) })
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
        try statement(Self.saveHeartbeat).run(holder, now)
    }

    func forgetHeartbeats(before time: Timestamp) throws {
        try statement("DELETE FROM heartbeats WHERE at < ? AND holder NOT IN (SELECT holder FROM tickets)").run(time)
    }

    static func ticket(_ columns: inout Columns) -> Ticket? {
        let (id, preset) = (columns.next(ClaimID.self), PresetKey(source: columns.next(), name: columns.next()))
        guard let owner = Owner(name: columns.next(), kind: columns.next()) else { return nil }
        let (priority, since) = (columns.next(Int.self), columns.next(Timestamp.self))
        let (holder, expiresAt) = (columns.next(String.self), columns.next(Timestamp?.self))
        let others = presets(in: columns.next())
        let (source, name) = (columns.next(String?.self), columns.next(String?.self))
        let demand = source.flatMap { source in name.map { PresetKey(source: source, name: $0) } }
        return Ticket(
            id: id, preset: preset, others: others, owner: owner, priority: priority, since: since, holder: holder,
            demand: demand, expiresAt: expiresAt)
    }

    /// Returns the text of the column `others`: each preset as `source/name` on a line of its own, with a line feed also
    /// before the first one.
    private static func text(of presets: [PresetKey]) -> String {
        presets.isEmpty ? "" : "\n" + presets.map { "\($0)\n" }.joined()
    }

    private static func presets(in text: String) -> [PresetKey] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "/")
            return parts.count == 2 ? PresetKey(source: String(parts[0]), name: String(parts[1])) : nil
        }
    }
}
