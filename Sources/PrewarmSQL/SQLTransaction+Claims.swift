internal import PrewarmCore
internal import PrewarmEngine

/// The records of claims with their leases.
extension SQLTransaction {
    private static let claimColumns = [
        "id", "owner", "owner_kind", "asked", "workspace", "result", "asked_at", "granted_at", "usable_at", "ended_at",
        "end_reason", "ended_by", "end_message", "lease_ttl", "lease_warn", "lease_grace", "lease_on_expiry",
        "lease_expires_at", "lease_ends_at", "lease_span", "lease_phase", "lease_hold_until", "lease_hold_reason",
        "lease_hold_by", "lease_suspected_at", "lease_look",
    ]
    static let selectClaims = select()

    /// Returns the beginning of a query for claims.
    /// - Parameter index: The index to read them from; empty to let SQLite choose.
    private static func select(index: String = "") -> String {
        """
        SELECT source, name, \(claimColumns.map { "c.\($0)" }.joined(separator: ", "))
        FROM claims AS c \(index) CROSS JOIN preset_keys ON preset_keys.id = c.preset
        """
    }

    private static let saveClaim = SQLText.save(
        into: "claims", (["preset"] + claimColumns).joined(separator: ", "), key: "id")

    func claim(_ id: ClaimID) throws -> Claim? {
        try statement("\(Self.selectClaims) WHERE c.id = ?").first(id, read: Self.claim) ?? nil
    }

    func claims(_ filter: ClaimFilter) throws -> [Claim] {
        var (conditions, values): ([String], [any SQLValue]) = (["true"], [])
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
        if filter.isLeased || filter.isExpiring { conditions.append("c.lease_look IS NOT NULL") }
        if filter.isExpiring { conditions.append("c.lease_phase = '\(ClaimLease.Phase.expiring.rawValue)'") }
        if let before = filter.before {
            conditions.append("c.id < ?")
            values.append(before)
        }
        values.append(filter.limit ?? .max)
        var claims: [Claim] = []
        let condition = conditions.joined(separator: " AND ")
        // Few of all claims run, so reading these and sorting them is faster than the order of the ids.
        let isOfLeases = filter.isLeased || filter.isExpiring
        let select = isOfLeases ? Self.select(index: "INDEXED BY claims_leased") : Self.selectClaims
        try statement("\(select) WHERE \(condition) ORDER BY c.id DESC LIMIT ?")
            .forEach(filteredBy: values) { columns in
                if let claim = Self.claim(&columns) { claims.append(claim) }
            }
        return claims
    }

    func claimResults(
        of preset: PresetKey?, since: Timestamp, limit: Int
    ) throws -> [PresetKey: [Claim.Result: Int]] {
        var results: [PresetKey: [Claim.Result: Int]] = [:]
        var values: [any SQLValue] = [IdentifierFactory.first(at: since), limit - 1]
        if let preset {
            guard let id = try presetID(preset) else { return [:] }
            values.append(id)
        }
        // The ids begin with the time of the claim. The index gives the newest claims of each preset, so that a busy pool
        // leaves room for a quiet one.
        try statement(
            """
            SELECT source, name, result, count(*) FROM preset_keys AS k
            CROSS JOIN claims INDEXED BY claims_of_preset ON claims.preset = k.id AND claims.id >= max(?, coalesce(
                (SELECT id FROM claims AS newest WHERE newest.preset = k.id ORDER BY id DESC LIMIT 1 OFFSET ?), ''))
            \(preset == nil ? "" : "WHERE k.id = ?") GROUP BY k.id, result
            """
        ).forEach(filteredBy: values) { columns in
            let key = PresetKey(source: columns.next(), name: columns.next())
            guard let result = Claim.Result(rawValue: columns.next()) else { return }
            results[key, default: [:]][result] = columns.next()
        }
        return results
    }

    // MARK: Usage

    func heldCount(of owner: Owner) throws -> Int {
        try statement("SELECT count(*) \(Self.held)").first(owner.name, owner.kindCode) { $0.next(Int.self) } ?? 0
    }

    func hasClaimed(_ owner: Owner) throws -> Bool {
        try statement("SELECT 1 FROM claims WHERE owner = ? AND owner_kind IS ? LIMIT 1")
            .first(owner.name, owner.kindCode) { $0.next(Int.self) } != nil
    }

    func heldWorkspaces(of owner: Owner, limit: Int) throws -> [Workspace] {
        let decoder = try WorkspaceDecoder(self)
        return try statement(
            "SELECT \(WorkspaceDecoder.columns) \(Self.held) ORDER BY claimed_at NULLS FIRST, id LIMIT ?"
        )
        .all(owner.name, owner.kindCode, limit, read: decoder.workspace).compactMap(\.self)
    }

    private static let held = """
        FROM workspaces INDEXED BY workspaces_held
        WHERE owner = ? AND (owner_kind IS NULL OR owner_kind = ?)
        AND state = \(WorkspaceState.claimed.code) AND state <> \(WorkspaceState.deleted.code)
        """

    func save(_ claim: Claim) throws {
        progress.note()
        var lease = claim.lease
        if claim.endedAt != nil { lease?.endWithClaim() }
        try statement(Self.saveClaim).run(
            addedPresetID(claim.preset), claim.id, claim.owner.name, claim.owner.kindCode, claim.asked,
            claim.workspace, claim.result.rawValue, claim.askedAt, claim.grantedAt, claim.usableAt, claim.endedAt,
            claim.endReason?.rawValue, claim.endedBy, claim.endMessage, lease?.ttl.wholeMilliseconds,
            lease?.warn.wholeMilliseconds, lease?.grace.wholeMilliseconds, lease?.onExpiry.rawValue, lease?.expiresAt,
            lease?.endsAt, lease?.span.wholeMilliseconds, lease?.phase.rawValue, lease?.hold?.until,
            lease?.hold?.reason, lease?.hold?.by, lease?.suspectedAt, lease?.lookAt)
    }

    func forgetClaims(endedBefore: Timestamp) throws {
        try statement("DELETE FROM claims WHERE ended_at < ?").run(endedBefore)
    }

    func idleTimes(since: Timestamp, at now: Timestamp) throws -> [PresetKey: Duration] {
        var times: [PresetKey: Duration] = [:]
        try statement(
            """
            SELECT source, name, CAST(sum(max(until - max(ready_at, ?1), 0)) AS BIGINT) FROM (
                SELECT preset, ready_at, coalesce(
                    claimed_at, CASE WHEN state = \(WorkspaceState.ready.code) THEN ?2 END,
                    (SELECT min(created_at) FROM operations INDEXED BY operations_of_workspace
                        WHERE workspace = workspaces.id AND workspace <> operations.id
                        AND kind = \(Operation.Kind.delete.code)), ready_at) AS until
                FROM workspaces WHERE ready_at IS NOT NULL) AS idle
            CROSS JOIN preset_keys ON preset_keys.id = preset GROUP BY preset_keys.id
            """
        ).forEach(since, now) { columns in
            let key = PresetKey(source: columns.next(), name: columns.next())
            times[key] = .milliseconds(columns.next(Int64.self))
        }
        return times
    }

    // MARK: Rows

    /// Reads the record of a claim. Nil if a newer version of prewarm wrote its result.
    static func claim(_ columns: inout Columns) -> Claim? {
        let preset = PresetKey(source: columns.next(), name: columns.next())
        let id = columns.next(ClaimID.self)
        let owner = Owner(name: columns.next(), kind: columns.next())
        let (asked, workspace) = (columns.next(String?.self), columns.next(WorkspaceID?.self))
        guard let result = Claim.Result(rawValue: columns.next()), let owner else { return nil }
        return Claim(
            id: id, preset: preset, owner: owner, asked: asked, workspace: workspace, result: result,
            askedAt: columns.next(), grantedAt: columns.next(), usableAt: columns.next(), endedAt: columns.next(),
            endReason: columns.next(String?.self).flatMap { Claim.EndReason(rawValue: $0) }, endedBy: columns.next(),
            endMessage: columns.next(), lease: lease(&columns))
    }

    /// Reads the lease of a claim. Nil if it has none, or if a newer version of prewarm wrote it.
    private static func lease(_ columns: inout Columns) -> ClaimLease? {
        guard let ttl = columns.next(Int64?.self) else { return nil }
        let (warn, grace) = (columns.next(Int64.self), columns.next(Int64.self))
        guard let onExpiry = LeasePolicy.OnExpiry(rawValue: columns.next()) else { return nil }
        let (expiresAt, endsAt) = (columns.next(Timestamp.self), columns.next(Timestamp?.self))
        let span = columns.next(Int64.self)
        guard let phase = ClaimLease.Phase(rawValue: columns.next()) else { return nil }
        let (until, reason, by) = (
            columns.next(Timestamp?.self), columns.next(String?.self), columns.next(String?.self)
        )
        return ClaimLease(
            ttl: .milliseconds(ttl), warn: .milliseconds(warn), grace: .milliseconds(grace), onExpiry: onExpiry,
            expiresAt: expiresAt, endsAt: endsAt, span: .milliseconds(span), phase: phase,
            hold: until.map { ClaimLease.Hold(until: $0, reason: reason ?? "", by: by ?? "") },
            suspectedAt: columns.next(), lookAt: columns.next())
    }
}
