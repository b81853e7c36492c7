internal import JWTKit
import PrewarmAPI
internal import PrewarmCore
internal import PrewarmEngine

/// A parsed OIDC token whose signature is not verified yet, so that none of its content is trusted.
struct OIDCToken {
    /// The most bytes of a token. Tokens of forges have about 2 KB.
    private static let sizeLimit = 16 * 1024
    /// The limits of the header and of the payload. The claims of Kubernetes tokens are three levels deep.
    private static let bounds = JSONBounds(size: sizeLimit, depth: 8)

    let text: String
    /// The fields of the header by name.
    let header: [String: Value]
    let claims: OIDCClaims

    /// - Parameter text: A JWS in the compact form (RFC 7515, section 7.1). Returns nil for any other text.
    init?(_ text: String) {
        guard text.utf8.count <= Self.sizeLimit else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let payload = Self.object(parts[1]),
            case .object(let fields) = header, let claims = OIDCClaims(payload: payload)
        else { return nil }
        self.text = text
        self.header = Dictionary(fields.map { ($0.key, $0.value) }) { first, _ in first }
        self.claims = claims
    }

    /// Returns the JSON of a part, or nil if it is invalid or too deep. The depth is checked before parsing, since the time
    /// of parsers can grow with the cube of the depth.
    private static func object(_ part: Substring.UTF8View) -> Value? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        do {
            try bounds.check(bytes)
            return try JSONReader.read(bytes, depthLimit: bounds.depth)
        } catch {
            return nil
        }
    }
}

/// A payload that JWTKit does not decode: ``OIDCToken`` has read its claims, and only the signature is verified.
struct UnreadPayload: JWTPayload {
    init(from decoder: any Decoder) {}
    func encode(to encoder: any Encoder) {}
    func verify(using algorithm: some JWTAlgorithm) {}
}
