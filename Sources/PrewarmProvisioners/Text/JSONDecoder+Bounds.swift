import FoundationEssentials
import PrewarmCore

extension JSONDecoder {
    /// The limits of what services and commands answer when prewarm asks them for a login.
    static let loginBounds = JSONBounds(size: 64 << 10, depth: 16)

    /// Decodes a text from outside once its size and depth were checked.
    func decode<Result: Decodable>(
        _ type: Result.Type, from text: [UInt8], within bounds: JSONBounds
    ) throws -> Result {
        try bounds.check(text)
        return try decode(type, from: Data(text))
    }
}
