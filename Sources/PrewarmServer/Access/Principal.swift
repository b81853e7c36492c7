package import PrewarmCore
package import PrewarmEngine

/// Who asks, and what it may be about.
package struct Principal: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// By an API token of this id.
        case token(id: String)
        /// By a token of this issuer.
        case oidc(issuer: String)
        /// The user who runs the daemon, by the local token, or the command that works on the store directly.
        case local
    }

    package let kind: Kind
    /// A token's name, the subject of an OIDC token, or a local user. Whose name workspaces are that it claims.
    package let name: String
    package let role: Role
    package let presets: PresetScope

    package init(_ kind: Kind, name: String, role: Role, presets: PresetScope = .all) {
        self.kind = kind
        self.name = name
        self.role = role
        self.presets = presets
    }

    package static func local(user: String) -> Principal { Principal(.local, name: user, role: .operator) }

    /// The owner of what it claims for itself.
    package var owner: Owner {
        switch kind {
        case .token: Owner(.token, name)
        case .oidc(let issuer): Owner(.oidc(issuer: issuer), name)
        case .local: Owner(.text, name)
        }
    }

    /// The owner that a caller means by a text: itself, or the text.
    package func owner(named text: String) -> Owner {
        kind != .local && text == name ? owner : Owner(.text, text)
    }

    /// Whether a workspace is its own. Claims that were made before prewarm recorded the kinds of owners belong to the
    /// subject whose first 200 characters are the recorded name.
    package func isOwner(_ other: Owner?) -> Bool {
        guard let other else { return false }
        if case .oidc = kind, other.kind == .unrecorded { return other.name == name.forMessage }
        return other == owner
    }

    /// The names of owners that may be its own.
    package var ownNames: [String] { name == name.forMessage ? [name] : [name, name.forMessage] }

    /// Who uses an idempotency key.
    package func claimKey(_ text: String) -> ClaimKey {
        switch kind {
        case .token: ClaimKey(text, of: "token \(name)")
        case .oidc(let issuer): ClaimKey(text, of: "oidc \(issuer) \(name)")
        case .local: .local(text)
        }
    }

    /// As the audit log calls it.
    package var auditName: String {
        switch kind {
        case .token: "token \(name)"
        case .oidc: "oidc \(name)"
        case .local: "local \(name)"
        }
    }
}

/// Which presets somebody may ask about: globs over `preset`, or `source/preset`.
package struct PresetScope: Hashable, Sendable {
    private let patterns: [(source: Glob?, name: Glob)]
    package let texts: [String]

    package static let all = PresetScope([])

    /// - Parameter texts: none: all presets.
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

    /// Why a text is no pattern for presets; nil where it is one.
    package static func problem(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isGood =
            parts.count <= 2 && text.utf8.count <= 128
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (97...122).contains(byte) || (48...57).contains(byte) || "*?-".utf8.contains(byte)
                    }
            }
        return isGood ? nil : "\"\(text.forMessage)\" is no pattern for presets: expected go-* or source/go-*"
    }
}
