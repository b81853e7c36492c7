internal import PrewarmCore
internal import PrewarmEngine

/// The records of claims.
extension SQLiteTransaction {
    private static let claimColumns = """
        id, owner, owner_kind, workspace, result, asked_at, granted_at, usable_at, ended_at, end_reason, ended_by
        """

    func claim(_ id: ClaimID) throws -> Claim? {
        try statement("SELECT source, name, \(Self.prefixed) FROM \(Self.claimTable) WHERE c.id = ?")
            .first(id, read: Self.claim) ?? nil
    }

    func claims(_ filter: ClaimFilter) throws -> [Claim] {
        var (conditions, values): ([String], [any SQLiteValue]) = (["true"], [])
        if let preset = filter.preset {
            guard let id = try presetID(preset) else { return [] }
            conditions.append("c.preset = ?")
            values.append(id)
        }
        if let owners = filter.owners {
            conditions.append("c.owner IN (\(owners.map { _ in "?" }.joined(separator: ",")))")
            values += owners
        }
        if let since = filter.since {
            conditions.append("c.asked_at >= ?")
            values.append(since)
        }
        if filter.isHeld { conditions.append("c.granted_at IS NOT NULL AND c.ended_at IS NULL") }
        if let before = filter.before {
            conditions.append("c.id < ?")
            values.append(before)
        }
        values.append(filter.limit ?? -1)
        var claims: [Claim] = []
        try statement(
            """
            SELECT source, name, \(Self.prefixed) FROM \(Self.claimTable)
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY c.id DESC LIMIT ?
            """
        ).forEach(filteredBy: values) { columns in
            if let claim = Self.claim(&columns) { claims.append(claim) }
        }
        return claims
    }

    func save(_ claim: Claim) throws {
        progress.note()
        try statement(
            """
            INSERT OR REPLACE INTO claims (preset, \(Self.claimColumns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
            """
        ).run(
            addedPresetID(claim.preset), claim.id, claim.owner.name, claim.owner.kindCode, claim.workspace,
            claim.result.rawValue, claim.askedAt, claim.grantedAt, claim.usableAt, claim.endedAt,
            claim.endReason?.rawValue, claim.endedBy)
    }

    func forgetClaims(endedBefore: Timestamp) throws {
        try statement("DELETE FROM claims WHERE ended_at < ?").run(endedBefore)
    }

    private static let claimTable = "claims AS c CROSS JOIN preset_keys ON preset_keys.id = c.preset"
    private static let prefixed = claimColumns.split(separator: ",").map { "c." + $0.filter { $0 != " " } }
        .joined(separator: ", ")

    /// Reads the record of a claim. Nil if a newer version of prewarm wrote its result.
    private static func claim(_ columns: inout Columns) -> Claim? {
        let preset = PresetKey(source: columns.next(), name: columns.next())
        let id = columns.next(ClaimID.self)
        let owner = Owner(name: columns.next(), kind: columns.next())
        let workspace = columns.next(WorkspaceID?.self)
        guard let result = Claim.Result(rawValue: columns.next()), let owner else { return nil }
        return Claim(
            id: id, preset: preset, owner: owner, workspace: workspace, result: result, askedAt: columns.next(),
            grantedAt: columns.next(), usableAt: columns.next(), endedAt: columns.next(),
            endReason: columns.next(String?.self).flatMap { Claim.EndReason(rawValue: $0) }, endedBy: columns.next())
    }
}
