package import PrewarmCore
package import PrewarmEngine

/// Makes and takes back API tokens, each time with an entry in the audit log, in one transaction.
package struct AccessTokens: Sendable {
    private let store: any Store

    package init(_ store: any Store) {
        self.store = store
    }

    package struct Wish: Sendable {
        package let name: String
        package let role: Role
        /// Empty: all.
        package let presets: [String]
        /// Nil: until it is revoked.
        package let expiresAt: Timestamp?

        package init(name: String, role: Role, presets: [String] = [], expiresAt: Timestamp? = nil) {
            self.name = name
            self.role = role
            self.presets = presets
            self.expiresAt = expiresAt
        }
    }

    /// Longer names and more patterns are no one's.
    private static let nameLimit = 128
    private static let patternLimit = 100

    /// In the order of their names.
    package func list() async throws -> [AccessTokenRecord] {
        try await store.read { try $0.accessTokens() }
    }

    /// - Parameters:
    ///   - author: who is said to have made it; nil: `who`.
    ///   - who: who asks for it, as the audit log names them.
    ///   - from: from where.
    /// - Returns: the token, which nobody can be shown again, and what is kept of it.
    /// - Throws: ``Problem``, or a ``StoreError``.
    package func create(
        _ wish: Wish, author: String? = nil, by who: String, from: String = AuditEntry.local, now: Timestamp
    ) async throws -> (token: AccessToken, record: AccessTokenRecord) {
        if let problem = Self.problem(wish, now: now) { throw Problem("BadToken", status: 422, problem) }
        let token = AccessToken.random()
        let record = token.record(
            name: wish.name, role: wish.role, presets: wish.presets, createdAt: now, createdBy: author ?? who,
            expiresAt: wish.expiresAt)
        let scope = wish.presets.isEmpty ? "all presets" : wish.presets.joined(separator: ", ")
        let end = wish.expiresAt.map { "until \($0)" } ?? "until it is revoked"
        try await store.write { store in
            guard try store.insert(record) else { throw Problem(tokenNameTaken: wish.name) }
            try store.append(
                AuditEntry(
                    at: now, who: who, from: from, action: "create", object: "token", name: wish.name,
                    detail: "\(record.id): \(wish.role.rawValue) for \(scope), \(end)"))
        }
        return (token, record)
    }

    /// - Parameter nameOrID: a whole token is taken, too: whoever finds a leaked one has just that.
    package func revoke(
        _ nameOrID: String, by who: String, from: String = AuditEntry.local, now: Timestamp
    ) async throws -> AccessTokenRecord {
        let wanted = AccessToken(nameOrID)?.id ?? nameOrID
        return try await store.write { store in
            let tokens = try store.accessTokens()
            guard let found = tokens.first(where: { $0.name == wanted }) ?? tokens.first(where: { $0.id == wanted })
            else { throw Problem(unknownToken: wanted, known: tokens.map(\.name)) }
            _ = try store.forgetAccessToken(found.id)
            try store.append(
                AuditEntry(
                    at: now, who: who, from: from, action: "revoke", object: "token", name: found.name,
                    detail: found.id))
            return found
        }
    }

    private static func problem(_ wish: Wish, now: Timestamp) -> String? {
        let isName =
            (1...nameLimit).contains(wish.name.utf8.count)
            && wish.name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || "-_.@+".utf8.contains(byte)
            }
        guard isName else {
            return
                "\"\(wish.name.forMessage)\" is no name for a token: expected up to \(nameLimit) letters, digits and - _ . @ +"
        }
        guard wish.presets.count <= patternLimit else {
            return "there are \(wish.presets.count) patterns for presets, at most \(patternLimit) are allowed"
        }
        if let problem = wish.presets.compactMap(PresetScope.problem).first { return problem }
        guard let end = wish.expiresAt, end <= now else { return nil }
        return "the token would expire at \(end), which is over already"
    }
}

extension Problem {
    fileprivate init(tokenNameTaken name: String) {
        self.init(
            "TokenExists", status: 409, "there is a token \(name) already",
            hint: "choose another name, or take that one back: `prewarm token revoke \(name)`")
    }

    fileprivate init(unknownToken name: String, known: [String]) {
        self.init(
            "UnknownToken", status: 404, "there is no token \"\(name.forMessage)\"",
            hint: known.closest(to: name).map { "did you mean \"\($0)\"?" } ?? "see `prewarm token list`")
    }
}
