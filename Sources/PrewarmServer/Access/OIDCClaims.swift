internal import PrewarmCore
internal import PrewarmEngine

/// All claims of a token, whatever they are.
struct OIDCClaims {
    private let values: [String: Value]

    /// - Parameter payload: of a token; nil is returned where it is no JSON object.
    init?(payload: Value) {
        guard case .object(let pairs) = payload else { return nil }
        values = Dictionary(pairs.map { ($0.key, $0.value) }) { first, _ in first }
    }

    /// What patterns are held against: of a list each element, of a number and a boolean the text.
    func texts(_ name: String) -> [String] { values[name]?.claimTexts ?? [] }

    /// Nil where it is absent, or no text.
    func text(_ name: String) -> String? { values[name]?.string }

    func contains(_ name: String) -> Bool { values[name] != nil }

    /// Of a NumericDate (RFC 7519, 2); nil where it is none.
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
    /// None of null and objects, of which no pattern is about.
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
