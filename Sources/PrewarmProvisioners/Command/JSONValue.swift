import FoundationEssentials

/// Any JSON value, as a command may print it.
enum JSONValue: Decodable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let members = try? container.decode([String: JSONValue].self) {
            self = .object(members)
        } else if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }
}

/// Finds the JSON object with which an output ends.
enum FinalObject {
    /// How many lines that begin with a brace are tried, from the last upwards.
    static let attempts = 64

    /// The whole output, or its end from a line on that begins with `{`. Lines before it are somebody's log.
    static func decode<Document: Decodable>(_ type: Document.Type, from output: [UInt8]) -> Document? {
        let bytes = output.trimmed
        guard bytes.last == UInt8(ascii: "}") else { return nil }
        let decoder = JSONDecoder()
        if bytes.first == UInt8(ascii: "{"), let document = try? decoder.decode(type, from: Data(bytes)) {
            return document
        }
        var left = attempts
        var position = bytes.count - 1
        while position > 0, left > 0 {
            position -= 1
            guard bytes[position] == UInt8(ascii: "\n"), bytes[position + 1] == UInt8(ascii: "{") else { continue }
            left -= 1
            if let document = try? decoder.decode(type, from: Data(bytes[(position + 1)...])) { return document }
        }
        return nil
    }
}
