internal import JWTKit
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
        guard let bytes = base64URL(part) else { return nil }
        do {
            try bounds.check(bytes)
            return try JSONReader.read(bytes, depthLimit: bounds.depth)
        } catch {
            return nil
        }
    }

    /// Returns the bytes of a base64url text without padding (RFC 7515, section 2), or nil for any other text.
    private static func base64URL(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var (bits, held) = (UInt32(0), 0)
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): digit = 62
            case UInt8(ascii: "_"): digit = 63
            default: return nil
            }
            bits = (bits << 6 | UInt32(digit)) & 0xffff
            held += 6
            guard held >= 8 else { continue }
            held -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        }
        return text.count % 4 == 1 ? nil : bytes
    }
}

/// A payload that JWTKit does not decode: ``OIDCToken`` has read its claims, and only the signature is verified.
struct UnreadPayload: JWTPayload {
    init(from decoder: any Decoder) {}
    func encode(to encoder: any Encoder) {}
    func verify(using algorithm: some JWTAlgorithm) {}
}
