package import PrewarmCore

/// Values of Core in requests and in the files of other programs. Documents have types.
extension Value {
    /// The time in RFC 3339, in UTC.
    package init(_ time: Timestamp) { self = .string(time.description) }

    package static func strings(_ dictionary: [String: String]) -> Value {
        .object(dictionary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    package init(_ parameter: ParameterValue) {
        switch parameter {
        case .string(let value): self = .string(value)
        case .integer(let value): self = .int(Int(value))
        case .number(let value): self = .double(value)
        case .boolean(let value): self = .bool(value)
        case .secret(let name): self = .object(known: ["valueFrom": .object(known: ["secret": .string(name)])])
        }
    }

    package static func parameters(_ parameters: [String: ParameterValue]) -> Value {
        .object(parameters.sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) })
    }
}
