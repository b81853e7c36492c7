internal import PrewarmCore
internal import PrewarmEngine

/// API tokens and the audit log.
extension SQLTransaction {
    private static let tokenColumns =
        "id, name, role, presets, digest, created_at, created_by, expires_at, last_used_at, priority"

    func accessTokens() throws -> [AccessTokenRecord] {
        try statement("SELECT \(Self.tokenColumns) FROM access_tokens ORDER BY name").all(read: Self.token)
            .compactMap(\.self)
    }

    func accessToken(_ id: String) throws -> AccessTokenRecord? {
        try statement("SELECT \(Self.tokenColumns) FROM access_tokens WHERE id = ?").first(id, read: Self.token)
            ?? nil
    }

    func hasAccessTokens() throws -> Bool {
        try statement("SELECT 1 FROM access_tokens LIMIT 1").first { _ in true } ?? false
    }

    /// Returns a token. Nil if its role is unknown, so that the token is invalid.
    private static func token(_ columns: inout Columns) -> AccessTokenRecord? {
        let (id, name) = (columns.next(String.self), columns.next(String.self))
        guard let role = Role(rawValue: columns.next()) else { return nil }
        let presets = columns.next(String.self).split(separator: "\n").map(String.init)
        let (digest, createdAt, createdBy) = (
            columns.next([UInt8].self), columns.next(Timestamp.self), columns.next(String.self)
        )
        let (expiresAt, lastUsedAt) = (columns.next(Timestamp?.self), columns.next(Timestamp?.self))
        return AccessTokenRecord(
            id: id, name: name, role: role, presets: presets, priority: columns.next(), digest: digest,
            createdAt: createdAt, createdBy: createdBy, expiresAt: expiresAt, lastUsedAt: lastUsedAt)
    }

    func insert(_ token: AccessTokenRecord) throws -> Bool {
        try statement(
            "INSERT INTO access_tokens (\(Self.tokenColumns)) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
        ).run(
            token.id, token.name, token.role.rawValue, token.presets.joined(separator: "\n"), token.digest,
            token.createdAt, token.createdBy, token.expiresAt, token.lastUsedAt, token.priority) == 1
    }

    func forgetAccessToken(_ id: String) throws -> Bool {
        try statement("DELETE FROM access_tokens WHERE id = ?").run(id) == 1
    }

    func noteUse(ofAccessToken id: String, at now: Timestamp) throws {
        try statement(
            "UPDATE access_tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)"
        ).run(id, now)
    }

    func audit(before: Int64?, limit: Int) throws -> [AuditRecord] {
        try statement(
            """
            SELECT sequence, at, who, origin, action, object, name, revision, detail FROM audit
            WHERE sequence < ? ORDER BY sequence DESC LIMIT ?
            """
        ).all(before ?? .max, max(limit, 0)) { columns in
            AuditRecord(
                sequence: columns.next(),
                entry: AuditEntry(
                    at: columns.next(), who: columns.next(), from: columns.next(), action: columns.next(),
                    object: columns.next(), name: columns.next(), revision: columns.next(), detail: columns.next()))
        }
    }

    func append(_ entry: AuditEntry) throws {
        try statement(
            """
            INSERT INTO audit (at, who, origin, action, object, name, revision, detail) VALUES (?,?,?,?,?,?,?,?)
            """
        ).run(
            entry.at, entry.who, entry.from, entry.action, entry.object, entry.name, entry.revision, entry.detail)
    }

    func forgetAudit(before: Timestamp) throws {
        try statement("DELETE FROM audit WHERE at < ?").run(before)
    }
}
