internal import JWTKit
internal import PrewarmCore

/// All claims of a token, whatever they are.
struct OIDCClaims: JWTPayload {
    private let values: [String: ClaimValue]

    init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: ClaimValue].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// Times, issuer and audience are checked where the configuration is known.
    func verify(using algorithm: some JWTAlgorithm) {}

    /// What patterns are held against: of a list each element, of a number and a boolean the text.
    func texts(_ name: String) -> [String] { values[name]?.texts ?? [] }

    /// Nil where it is absent, or no text.
    func text(_ name: String) -> String? {
        if case .text(let text) = values[name] { text } else { nil }
    }

    func contains(_ name: String) -> Bool { values[name] != nil }

    /// Of a NumericDate (RFC 7519, 2); nil where it is none.
    func time(_ name: String) -> Timestamp? {
        let seconds: Double
        switch values[name] {
        case .integer(let value): seconds = Double(value)
        case .number(let value): seconds = value
        default: return nil
        }
        guard seconds.isFinite, seconds.magnitude < 1e12 else { return nil }
        return Timestamp(milliseconds: Int64(seconds * 1000))
    }
}

private enum ClaimValue: Codable, Sendable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    case list([ClaimValue])
    /// Null and objects, of which no pattern is about.
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let list = try? container.decode([ClaimValue].self) {
            self = .list(list)
        } else {
            self = .other
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .other: try container.encodeNil()
        }
    }

    var texts: [String] {
        switch self {
        case .text(let value): [value]
        case .integer(let value): [String(value)]
        case .number(let value): [String(value)]
        case .boolean(let value): [String(value)]
        case .list(let values): values.flatMap(\.texts)
        case .other: []
        }
    }
}
