/// The `policy.owners` of the configuration: the limits on what one owner may hold.
package struct OwnerPolicy: Hashable, Sendable {
    /// The limits of one owner.
    package struct Limits: Hashable, Sendable {
        /// The largest number of workspaces that the owner may hold; nil for no limit.
        package var claims: Int?
        /// The largest number of claims of the owner that may wait at the same time (default: 100).
        package var waiting: Int

        package init(claims: Int? = nil, waiting: Int = Limits.standardWaiting) {
            self.claims = claims
            self.waiting = waiting
        }

        package static let standardWaiting = 100
    }

    /// The kind of an owner in a rule.
    package enum Kind: String, CaseIterable, Sendable {
        case text, token, oidc
    }

    /// A rule for the owners whose names match a pattern. A limit that it leaves out is that of ``OwnerPolicy/standard``.
    package struct Rule: Hashable, Sendable {
        package let match: Glob
        /// The only kind of owners that the rule applies to; nil for all kinds.
        package let kind: Kind?
        package let claims: Int?
        package let waiting: Int?

        package init(match: Glob, kind: Kind? = nil, claims: Int? = nil, waiting: Int? = nil) {
            self.match = match
            self.kind = kind
            self.claims = claims
            self.waiting = waiting
        }

        func applies(to owner: Owner) -> Bool {
            (kind.map { $0 == owner.policyKind } ?? true) && match.matches(owner.name)
        }
    }

    /// The limits of owners that no rule matches.
    package var standard: Limits
    package var rules: [Rule]

    package init(standard: Limits = Limits(), rules: [Rule] = []) {
        self.standard = standard
        self.rules = rules
    }

    /// True if the number of workspaces of some owners is limited.
    package var limitsClaims: Bool { standard.claims != nil || rules.contains { $0.claims != nil } }

    /// Returns the limits of an owner. The first rule that matches applies.
    ///
    /// Example: with the default `claims: 3` and the rule `{match: "team-a/*", claims: 20}`, the owner `team-a/ada` may
    /// hold 20 workspaces, and the owner `bob` 3.
    package func limits(of owner: Owner) -> Limits {
        guard let rule = rules.first(where: { $0.applies(to: owner) }) else { return standard }
        return Limits(claims: rule.claims ?? standard.claims, waiting: rule.waiting ?? standard.waiting)
    }
}

extension Owner {
    /// The kind of the owner in rules. Claims from before prewarm recorded the kinds count as those of texts.
    fileprivate var policyKind: OwnerPolicy.Kind {
        switch kind {
        case .token: .token
        case .oidc: .oidc
        case .text, .unrecorded: .text
        }
    }
}
