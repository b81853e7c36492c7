internal import FoundationEssentials
internal import JWTKit

/// The keys that an issuer publishes (RFC 7517), as far as we take them: public ones for RS256 and ES256.
struct OIDCKeySet: Sendable {
    private let keys: [JWK]

    /// More are no issuer's.
    private static let limit = 256

    /// - Throws: where it is no JSON, or no key set. Keys of kinds that are not known here are left out.
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

    /// The key of this id, fit for the algorithm. A token that names none is good where there is just one such key.
    func key(id: String?, algorithm: OIDCAlgorithm) -> JWK? {
        let fitting = keys.compactMap { algorithm.fit($0) }
        guard let id else { return fitting.count == 1 ? fitting[0] : nil }
        return fitting.first { $0.keyIdentifier?.string == id }
    }
}

/// The algorithms whose signatures count. Nothing symmetric and not `none`: a public key must never be taken for a
/// secret (https://www.rfc-editor.org/rfc/rfc8725#section-3.1).
enum OIDCAlgorithm: String, Sendable {
    case rs256 = "RS256"
    case es256 = "ES256"

    /// The key as one for this algorithm alone; nil where it is for another one, or of another kind.
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

    /// Throws where the key has not signed the token.
    func verify(_ token: OIDCToken, with key: JWK) async throws {
        // A collection of this one key, whatever the token names: a larger one falls back to its first key.
        let keys = JWTKeyCollection()
        try await keys.add(jwk: key, isDefault: true)
        _ = try await keys.verify(token.text, as: UnreadPayload.self)
    }
}
