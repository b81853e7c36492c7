internal import FoundationEssentials
internal import JWTKit

/// The public keys for RS256 and ES256 that an issuer publishes (RFC 7517).
struct OIDCKeySet: Sendable {
    private let keys: [JWK]

    /// The most keys of a set; further keys are ignored.
    private static let limit = 256

    /// Parses a key set. Ignores keys of unknown kinds and keys for encryption.
    ///
    /// - Throws: A decoding error if the document is not a key set in JSON.
    init(json: [UInt8]) throws {
        struct Document: Decodable { let keys: [Entry] }
        struct Entry: Decodable {
            let key: JWK?

            init(from decoder: any Decoder) throws {
                let container = try? decoder.container(keyedBy: Name.self)
                let use = try? container?.decodeIfPresent(String.self, forKey: .use)
                key = use ?? "sig" == "sig" ? try? JWK(from: decoder) : nil
            }

            enum Name: CodingKey { case use }
        }
        let document = try JSONDecoder().decode(Document.self, from: Data(json))
        keys = document.keys.prefix(Self.limit).compactMap(\.key)
    }

    var isEmpty: Bool { keys.isEmpty }

    /// Returns the key with this id for the algorithm. If the token names no id, returns the only key for the algorithm, or
    /// nil if there are several.
    func key(id: String?, algorithm: OIDCAlgorithm) -> JWK? {
        let fitting = keys.compactMap { algorithm.fit($0) }
        guard let id else { return fitting.count == 1 ? fitting[0] : nil }
        return fitting.first { $0.keyIdentifier?.string == id }
    }
}

/// The accepted signature algorithms. Symmetric algorithms and `none` are refused, so that a public key is never used as a
/// secret (https://www.rfc-editor.org/rfc/rfc8725#section-3.1).
enum OIDCAlgorithm: String, Sendable {
    case rs256 = "RS256"
    case es256 = "ES256"

    /// Returns the key restricted to this algorithm, or nil if the key is of another kind or for another algorithm.
    func fit(_ key: JWK) -> JWK? {
        let (wanted, isKind): (JWK.Algorithm, Bool) =
            switch self {
            case .rs256: (.rs256, key.keyType == .rsa)
            case .es256: (.es256, key.keyType == .ecdsa && key.curve == .ecdsa(.p256))
            }
        guard isKind, key.algorithm == nil || key.algorithm == wanted else { return nil }
        var fit = key
        fit.algorithm = wanted
        fit.privateExponent = nil
        if fit.keyIdentifier == nil { fit.keyIdentifier = JWKIdentifier(string: "") }
        return fit
    }

    /// Verifies the signature of a token.
    ///
    /// - Throws: An error of JWTKit if the key did not sign the token.
    func verify(_ token: OIDCToken, with key: JWK) async throws {
        // The collection holds only this key, so that the token cannot choose another one. A larger collection falls back
        // to its first key if it does not know the key id.
        let keys = JWTKeyCollection()
        try await keys.add(jwk: key, isDefault: true)
        _ = try await keys.verify(token.text, as: UnreadPayload.self)
    }
}
