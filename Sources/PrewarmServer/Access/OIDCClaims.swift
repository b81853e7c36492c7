import PrewarmAPI
internal import PrewarmCore
internal import PrewarmEngine

/// The claims of an OIDC token.
struct OIDCClaims: Sendable {
    private var values: [String: Value]

    /// - Parameter payload: The payload of a token. Returns nil if it is not a JSON object.
    init?(payload: Value) {
        guard case .object(let pairs) = payload else { return nil }
        values = Dictionary(pairs.map { ($0.key, $0.value) }) { first, _ in first }
    }

    /// Returns the texts of a claim that patterns are matched with: each element of a list, and numbers and booleans as
    /// text.
    func texts(_ name: String) -> [String] { values[name]?.claimTexts ?? [] }

    /// Returns a claim that is a text, otherwise nil.
    func text(_ name: String) -> String? { values[name]?.string }

    /// The claims without the email address unless the issuer says that it has verified it. At some issuers, people can enter
    /// the address of another person. Some issuers send `email_verified` as a text.
    var withoutUnverifiedEmail: OIDCClaims {
        texts("email_verified") == ["true"] ? self : without("email")
    }

    /// Returns the claims without one.
    func without(_ name: String) -> OIDCClaims {
        var copy = self
        copy.values[name] = nil
        return copy
    }

    /// Returns the claims together with those of these names that only the document has.
    func adding(_ names: Set<String>, of document: Value) -> OIDCClaims {
        var copy = self
        for (name, value) in document.pairs where names.contains(name) && copy.values[name] == nil {
            copy.values[name] = value
        }
        return copy
    }

    func contains(_ name: String) -> Bool { values[name] != nil }

    /// Returns the time of a claim that is a NumericDate (RFC 7519, section 2), otherwise nil.
    func time(_ name: String) -> Timestamp? {
        let seconds: Double
        switch values[name] {
        case .int(let value): seconds = Double(value)
        case .double(let value): seconds = value
        default: return nil
        }
        guard seconds.isFinite, seconds.magnitude < 1e12 else { return nil }
        return Timestamp(milliseconds: Int64(seconds * 1000))
    }
}

extension Value {
    /// The texts of a claim. Null and objects have none, since no pattern matches them.
    fileprivate var claimTexts: [String] {
        switch self {
        case .string(let value): [value]
        case .int(let value): [String(value)]
        case .double(let value): [String(value)]
        case .number(let text): [text]
        case .bool(let value): [String(value)]
        case .array(let values): values.flatMap(\.claimTexts)
        case .object, .null: []
        }
    }
}
