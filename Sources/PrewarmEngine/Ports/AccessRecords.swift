package import PrewarmCore

/// An API token as the store keeps it: what it may do, and its secret as a digest only.
package struct AccessTokenRecord: Hashable, Sendable {
    /// The part of the token that is no secret; unique.
    package let id: String
    /// For people; unique among the tokens that there are.
    package let name: String
    package let role: Role
    /// Which presets it is about, as globs over `preset` or `source/preset`; empty: all.
    package let presets: [String]
    /// SHA-256 of the secret part: 32 bytes.
    package let digest: [UInt8]
    package let createdAt: Timestamp
    package let createdBy: String
    /// Nil: it is good until it is revoked.
    package let expiresAt: Timestamp?
    /// Up to ``coarseness`` older than the last use.
    package var lastUsedAt: Timestamp?

    /// How exactly the last use is known, so that not every request is a write.
    package static let coarseness = Duration.seconds(3600)

    package init(
        id: String, name: String, role: Role, presets: [String] = [], digest: [UInt8], createdAt: Timestamp,
        createdBy: String, expiresAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.presets = presets
        self.digest = digest
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }

    package func isExpired(at now: Timestamp) -> Bool {
        expiresAt.map { $0 <= now } ?? false
    }

    /// Whether the last use that is known is so old that this one should be written down.
    package func isUseWorthNoting(at now: Timestamp) -> Bool {
        lastUsedAt.map { ($0 + Self.coarseness).hasCome(at: now, atMost: Self.coarseness) } ?? true
    }
}

/// One change that somebody made: who, from where, what.
package struct AuditEntry: Hashable, Sendable {
    package let at: Timestamp
    /// `token ci`, `oidc repo:example/presets:ref:refs/heads/main`, or the user of a command.
    package let who: String
    /// The address of the client, or ``local``.
    package let from: String
    /// An imperative: `claim`, `approve`, `suspend`, `create`.
    package let action: String
    /// `source`, `preset`, `workspace`, `operation`, `token`.
    package let object: String
    package let name: String
    /// The revision that was in force, or that it was about.
    package let revision: String?
    /// More for people; never a secret.
    package let detail: String?

    /// Where commands come from that work on the store directly.
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

/// An entry and its place in the log.
package struct AuditRecord: Hashable, Sendable {
    /// Grows with each entry; a page ends at one, and the next begins before it.
    package let sequence: Int64
    package let entry: AuditEntry

    package init(sequence: Int64, entry: AuditEntry) {
        self.sequence = sequence
        self.entry = entry
    }
}
