package import PrewarmCore

/// A time is a text in RFC 3339, in UTC.
extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "it must be a time in RFC 3339")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A parameter is a text, a number or a boolean. A secret is `{"valueFrom": {"secret": NAME}}`, and its value is never in a
/// document.
extension ParameterValue: Codable {
    private struct Secret: Codable {
        struct Name: Codable {
            let secret: String
        }

        let valueFrom: Name
    }

    package init(from decoder: any Decoder) throws {
        if let secret = try? Secret(from: decoder) {
            self = .secret(secret.valueFrom.secret)
            return
        }
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if case .secret(let name) = self {
            return try Secret(valueFrom: Secret.Name(secret: name)).encode(to: encoder)
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .number(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        case .secret: break
        }
    }
}
