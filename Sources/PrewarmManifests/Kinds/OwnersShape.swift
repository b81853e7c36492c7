import PrewarmCore

extension Shape {
    /// The value of `policy.owners`.
    static let owners = Shape.object(
        ObjectShape(
            "owners",
            [
                .optional(
                    "default", .object(ObjectShape("default", limits(claims: "no limit", waiting: nil))),
                    "The limits of owners that no rule matches."),
                .optional(
                    "rules", .list(.object(rule), minimum: 0),
                    "Limits for some owners. The first rule that matches an owner applies.", default: .list([])),
            ]))

    private static let rule = ObjectShape(
        "rule",
        [
            .required(
                "match", .text(.text("a pattern", maximum: 256)),
                """
                A pattern for the name of the owner: the text that a claim names, the name of a token, or the subject of an \
                OIDC token. * matches any text without a slash, ** matches any text, ? matches one character.
                """),
            .optional(
                "kind", .text(.choice(OwnerPolicy.Kind.allCases.map(\.rawValue))),
                """
                The only kind of owners that the rule applies to. `text` is an owner that an operator names, `token` a token \
                that claims for itself, and `oidc` the subject of an OIDC token (default: all kinds).
                """),
        ] + limits(claims: "that of default", waiting: "that of default"))

    /// - Parameters:
    ///   - claims: The text of the default of `claims`.
    ///   - waiting: The text of the default of `waiting`; nil for a fixed one.
    private static func limits(claims: String, waiting: String?) -> [ObjectShape.Key] {
        let sentence = "The maximum number of claims that may wait at the same time"
        return [
            .optional(
                "claims", .integer(0...1_000_000),
                "The maximum number of workspaces that the owner may hold (default: \(claims))."),
            .optional(
                "waiting", .integer(0...100_000), sentence + (waiting.map { " (default: \($0))." } ?? "."),
                default: waiting == nil ? .integer(OwnerPolicy.Limits.standardWaiting) : nil),
        ]
    }
}

extension OwnerPolicy {
    init(_ document: DocumentReader) {
        let written = document["default"]
        self.init(
            standard: Limits(
                claims: written?["claims"]?.integer, waiting: written?["waiting"]?.integer ?? Limits.standardWaiting),
            rules: document["rules"]?.elements.map { Rule($0) } ?? [])
    }
}

extension OwnerPolicy.Rule {
    fileprivate init(_ document: DocumentReader) {
        self.init(
            match: Glob(document["match"]?.text ?? ""),
            kind: document["kind"].flatMap { OwnerPolicy.Kind(rawValue: $0.text) },
            claims: document["claims"]?.integer, waiting: document["waiting"]?.integer)
    }
}
