package import PrewarmCore
package import PrewarmEngine

/// The API tokens of a store. Each change writes an entry to the audit log in the same transaction.
package struct AccessTokens: Sendable {
    private let store: any Store

    package init(_ store: any Store) {
        self.store = store
    }

    /// The properties of a token to create.
    package struct Wish: Sendable {
        package let name: String
        package let role: Role
        /// The patterns of presets in the token's scope; all presets if it is empty.
        package let presets: [String]
        /// The highest priority of the token's claims in the queue, from 0 to 100.
        package let priority: Int
        /// The time at which the token expires; nil if it never expires.
        package let expiresAt: Timestamp?

        package init(
            name: String, role: Role, presets: [String] = [], priority: Int = Ticket.standardPriority,
            expiresAt: Timestamp? = nil
        ) {
            self.priority = priority
            self.name = name
            self.role = role
            self.presets = presets
            self.expiresAt = expiresAt
        }
    }

    /// The greatest length of a name, in bytes.
    private static let nameLimit = 128
    /// The greatest number of patterns of presets.
    private static let patternLimit = 100

    /// Returns the records of all tokens, by name.
    package func list() async throws -> [AccessTokenRecord] {
        try await store.read { try $0.accessTokens() }
    }

    /// Creates a token.
    ///
    /// - Parameters:
    ///   - author: The author to record with the token; nil stands for `who`.
    ///   - who: The caller, by its name in the audit log.
    ///   - from: The address of the caller, or `local`.
    ///   - needsOperator: If true, the first token of the store has to be an operator's for all presets. Otherwise no
    ///     token could administer the API. A caller that is itself an operator over the network passes false.
    /// - Returns: The token, whose secret cannot be read again, and its record.
    /// - Throws: ``Problem`` if a property is invalid or the name is taken, or a ``StoreError``.
    package func create(
        _ wish: Wish, author: String? = nil, by who: String, from: String = AuditEntry.local,
        needsOperator: Bool = false, now: Timestamp
    ) async throws -> (token: AccessToken, record: AccessTokenRecord) {
        if let problem = Self.problem(wish, now: now) { throw Problem("BadToken", status: 422, problem) }
        let token = AccessToken.random()
        let record = token.record(
            name: wish.name, role: wish.role, presets: wish.presets, priority: wish.priority, createdAt: now,
            createdBy: author ?? who,
            expiresAt: wish.expiresAt)
        let scope = wish.presets.isEmpty ? "all presets" : wish.presets.joined(separator: ", ")
        let end = wish.expiresAt.map { "until \($0)" } ?? "until it is revoked"
        try await store.write { store in
            if needsOperator, wish.role != .operator || !wish.presets.isEmpty, try !store.hasAccessTokens() {
                throw Problem(firstToken: wish)
            }
            guard try store.insert(record) else { throw Problem(tokenNameTaken: wish.name) }
            try store.append(
                AuditEntry(
                    at: now, who: who, from: from, action: "create", object: "token", name: wish.name,
                    detail: "\(record.id): \(wish.role.rawValue) for \(scope), \(end)"))
        }
        return (token, record)
    }

    /// Deletes a token, which is refused from then on.
    ///
    /// - Parameter nameOrID: The name or the id of the token, or the token itself. Someone who finds a leaked token has
    ///   only the token.
    /// - Returns: The record of the deleted token.
    /// - Throws: ``Problem`` if there is no such token, or a ``StoreError``.
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

    /// Returns what is wrong with the properties of a token, or nil if they are valid.
    private static func problem(_ wish: Wish, now: Timestamp) -> String? {
        let isName =
            (1...nameLimit).contains(wish.name.utf8.count)
            && wish.name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || "-_.@+".utf8.contains(byte)
            }
        guard isName else {
            return
                "invalid token name \"\(wish.name.forMessage)\": it must be 1 to \(nameLimit) letters, digits and - _ . @ +"
        }
        guard wish.presets.count <= patternLimit else {
            return "invalid presets: at most \(patternLimit) patterns are allowed; there are \(wish.presets.count)"
        }
        if let problem = wish.presets.compactMap(PresetScope.problem).first { return problem }
        guard let end = wish.expiresAt, end <= now else { return nil }
        return "invalid expiry time: \(end) has passed; it is \(now) now"
    }
}

extension Problem {
    fileprivate init(tokenNameTaken name: String) {
        self.init(
            "TokenExists", status: 409, "cannot create the token \(name): a token of this name exists",
            hint: "choose another name, or revoke the existing token first: `prewarm token revoke \(name)`")
    }

    fileprivate init(firstToken wish: AccessTokens.Wish) {
        let kind = wish.role == .operator ? "it is limited to some presets" : "its role is \(wish.role.rawValue)"
        self.init(
            "NoOperator", status: 409,
            "cannot create the token \(wish.name): the first token has to be an operator's, and \(kind). Without one, "
                + "only the daemon's user on its machine could administer the API",
            hint: "create an operator's token first: `prewarm token create ops --role operator`")
    }

    fileprivate init(unknownToken name: String, known: [String]) {
        self.init(
            "UnknownToken", status: 404, "there is no token \"\(name.forMessage)\"",
            hint: known.closest(to: name).map { "did you mean \"\($0)\"?" } ?? "see `prewarm token list`")
    }
}
