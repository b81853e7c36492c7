package import PrewarmCore

/// An API token in the store, with the digest of its secret.
package struct AccessTokenRecord: Hashable, Sendable {
    /// The public part of the token, which is unique.
    package let id: String
    /// A name for people, unique among the existing tokens.
    package let name: String
    package let role: Role
    /// The presets that the token gives access to, as globs over `preset` or `source/preset`; empty for all.
    package let presets: [String]
    /// The highest priority of the token's claims in the queue, from 0 to 100.
    package let priority: Int
    /// The SHA-256 digest of the secret part: 32 bytes.
    package let digest: [UInt8]
    package let createdAt: Timestamp
    package let createdBy: String
    /// The end of the token; nil if it is valid until it is revoked.
    package let expiresAt: Timestamp?
    /// The time of the last use, up to ``coarseness`` too old; nil if the token was never used.
    package var lastUsedAt: Timestamp?

    /// The precision of ``lastUsedAt``: one hour, so that not every request writes to the store.
    package static let coarseness = Duration.seconds(3600)

    package init(
        id: String, name: String, role: Role, presets: [String] = [], priority: Int = Ticket.standardPriority,
        digest: [UInt8],
        createdAt: Timestamp, createdBy: String, expiresAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.presets = presets
        self.priority = priority
        self.digest = digest
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }

    package func isExpired(at now: Timestamp) -> Bool {
        expiresAt.map { $0 <= now } ?? false
    }

    /// Returns true if the recorded last use is so old that a use at `now` should be recorded.
    package func isUseWorthNoting(at now: Timestamp) -> Bool {
        lastUsedAt.map { ($0 + Self.coarseness).hasCome(at: now, atMost: Self.coarseness) } ?? true
    }
}

/// An entry of the audit log: a change with its author.
package struct AuditEntry: Hashable, Sendable {
    package let at: Timestamp
    /// The author: `token ci`, `oidc repo:example/presets:ref:refs/heads/main`, or the user of a command.
    package let who: String
    /// The address of the client, or ``local``.
    package let from: String
    /// The action as an imperative: `claim`, `approve`, `suspend`, `create`.
    package let action: String
    /// The kind of the object: `source`, `preset`, `workspace`, `operation` or `token`.
    package let object: String
    package let name: String
    /// The revision that was applied at that time, or that the action is about.
    package let revision: String?
    /// Further text for people, without secrets.
    package let detail: String?

    /// The value of ``from`` for commands that work on the store directly.
    package static let local = "local"

    package init(
        at: Timestamp, who: String, from: String = AuditEntry.local, action: String, object: String, name: String,
        revision: String? = nil, detail: String? = nil
    ) {
        self.at = at
        self.who = who
        self.from = from
        self.action = action
        self.object = object
        self.name = name
        self.revision = revision
        self.detail = detail
    }
}

/// An entry of the audit log with its number.
package struct AuditRecord: Hashable, Sendable {
    /// The number of the entry, which grows with each entry. The next page of a list begins before the last one of a page.
    package let sequence: Int64
    package let entry: AuditEntry

    package init(sequence: Int64, entry: AuditEntry) {
        self.sequence = sequence
        self.entry = entry
    }
}
