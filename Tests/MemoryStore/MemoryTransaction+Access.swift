internal import PrewarmCore
internal import PrewarmEngine

/// API tokens and the audit log.
extension MemoryTransaction {
    func accessTokens() -> [AccessTokenRecord] { state.tokens.values.sorted(on: \.name) }
    func accessToken(_ id: String) -> AccessTokenRecord? { state.tokens[id] }
    func hasAccessTokens() -> Bool { !state.tokens.isEmpty }

    func insert(_ token: AccessTokenRecord) -> Bool {
        guard !state.tokens.values.contains(where: { $0.id == token.id || $0.name == token.name }) else { return false }
        state.tokens[token.id] = token
        return true
    }

    func forgetAccessToken(_ id: String) -> Bool { state.tokens.removeValue(forKey: id) != nil }

    func noteUse(ofAccessToken id: String, at now: Timestamp) {
        guard let token = state.tokens[id] else { return }
        state.tokens[id]?.lastUsedAt = max(token.lastUsedAt ?? now, now)
    }

    func audit(before: Int64?, limit: Int) -> [AuditRecord] {
        Array(state.audit.reversed().filter { $0.sequence < before ?? .max }.prefix(max(limit, 0)))
    }

    func append(_ entry: AuditEntry) {
        state.lastAudit += 1
        state.audit.append(AuditRecord(sequence: state.lastAudit, entry: entry))
    }

    func forgetAudit(before: Timestamp) { state.audit.removeAll { $0.entry.at < before } }
}
