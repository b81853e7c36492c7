import FoundationEssentials
import PrewarmCore

extension JSONDecoder {
    /// The limits of answers to requests for a login, from services and commands.
    static let loginBounds = JSONBounds(size: 64 << 10, depth: 16)

    /// Checks the size and depth of a text from outside, and decodes it.
    func decode<Result: Decodable>(
        _ type: Result.Type, from text: [UInt8], within bounds: JSONBounds
    ) throws -> Result {
        try bounds.check(text)
        return try decode(type, from: Data(text))
    }
}
