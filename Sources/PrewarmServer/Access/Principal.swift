package import PrewarmCore
package import PrewarmEngine

/// An authenticated caller with its role and its scope.
package struct Principal: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A caller with the API token of this id.
        case token(id: String)
        /// A caller with an OIDC token of this issuer.
        case oidc(issuer: String)
        /// The daemon's user with the local token, or a command that works on the store directly.
        case local
    }

    package let kind: Kind
    /// The name of the API token, the subject of the OIDC token, or the local user. It is the owner's name of the
    /// workspaces that the caller claims for itself.
    package let name: String
    package let role: Role
    /// The scope of the caller: the presets that it may see and change.
    package let presets: PresetScope
    /// The highest priority of the caller's claims in the queue, from 0 to 100.
    package let priority: Int

    package init(
        _ kind: Kind, name: String, role: Role, presets: PresetScope = .all, priority: Int = Ticket.standardPriority
    ) {
        self.priority = priority
        self.kind = kind
        self.name = name
        self.role = role
        self.presets = presets
    }

    /// Returns the operator that a local user is.
    package static func local(user: String) -> Principal {
        Principal(.local, name: user, role: .operator, priority: Ticket.priorities.upperBound)
    }

    /// The owner of workspaces that the caller claims for itself.
    package var owner: Owner {
        switch kind {
        case .token: Owner(.token, name)
        case .oidc(let issuer): Owner(.oidc(issuer: issuer), name)
        case .local: Owner(.text, name)
        }
    }

    /// Returns the owner that a text in a request names: the caller itself if it is the caller's name, otherwise an owner of
    /// that name.
    package func owner(named text: String) -> Owner {
        kind != .local && text == name ? owner : Owner(.text, text)
    }

    /// Says whether the caller is this owner. In claims from before prewarm recorded the kinds of owners, the recorded name
    /// is the first 200 characters of the subject.
    package func isOwner(_ other: Owner?) -> Bool {
        guard let other else { return false }
        if case .oidc = kind, other.kind == .unrecorded { return other.name == name.forMessage }
        return other == owner
    }

    /// The names of owners that may be the caller.
    package var ownNames: [String] { name == name.forMessage ? [name] : [name, name.forMessage] }

    /// Returns an idempotency key that belongs to this caller, so that callers with equal keys do not interfere.
    package func claimKey(_ text: String) -> ClaimKey {
        switch kind {
        case .token: ClaimKey(text, of: "token \(name)")
        case .oidc(let issuer): ClaimKey(text, of: "oidc \(issuer) \(name)")
        case .local: .local(text)
        }
    }

    /// The name of the caller in the audit log, for example `token ci`.
    package var auditName: String {
        switch kind {
        case .token: "token \(name)"
        case .oidc: "oidc \(name)"
        case .local: "local \(name)"
        }
    }
}

/// A set of presets, given by patterns of `preset` or `source/preset`.
package struct PresetScope: Hashable, Sendable {
    private let patterns: [(source: Glob?, name: Glob)]
    package let texts: [String]

    package static let all = PresetScope([])

    /// - Parameter texts: The patterns; an empty list stands for all presets.
    package init(_ texts: [String]) {
        self.texts = texts
        patterns = texts.map { text in
            guard let slash = text.firstIndex(of: "/") else { return (nil, Glob(text)) }
            return (Glob(String(text[..<slash])), Glob(String(text[text.index(after: slash)...])))
        }
    }

    package var isAll: Bool { patterns.isEmpty }

    package func contains(_ preset: PresetKey) -> Bool {
        isAll || patterns.contains { ($0.source?.matches(preset.source) ?? true) && $0.name.matches(preset.name) }
    }

    package static func == (left: PresetScope, right: PresetScope) -> Bool { left.texts == right.texts }
    package func hash(into hasher: inout Hasher) { hasher.combine(texts) }

    private static let form = try? Pattern("^[a-z0-9*?-]+(/[a-z0-9*?-]+)?$")

    /// Returns why a text is not a pattern of presets, or nil if it is one.
    package static func problem(_ text: String) -> String? {
        let isGood = text.utf8.count <= 128 && form?.matches(text) == true
        return isGood
            ? nil
            : "invalid preset pattern \"\(text.forMessage)\": it must be a lower-case name or source/name that may contain "
                + "* and ?, for example go-* or main/go-*"
    }
}
