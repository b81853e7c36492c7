internal import Crypto
import PrewarmAPI
package import PrewarmCore
package import PrewarmEngine

/// An API token: `pwt_<id>_<secret>`.
///
/// The id finds the record in the store. The secret has 256 random bits, and prewarm does not keep it: the store has its
/// SHA-256 digest. A secret of that size needs neither a salt nor a slow hash.
package struct AccessToken: Hashable, Sendable {
    package static let prefix = "pwt_"
    private static let idLength = 12
    private static let secretBytes = 32
    /// The number of base 32 digits of a secret: 32 bytes are 256 bits, which need 52 digits of 5 bits.
    private static let secretLength = 52
    private static let length = prefix.utf8.count + idLength + 1 + secretLength

    package let id: String
    private let secret: String

    /// Creates a token from random numbers.
    package init(using generator: inout some RandomNumberGenerator) {
        func digits(_ count: Int, _ bytes: [UInt8]) -> String {
            var (bits, held, digits) = (UInt32(0), 0, [UInt8]())
            for byte in bytes + [0] {
                bits = bits << 8 | UInt32(byte)
                held += 8
                while held >= 5, digits.count < count {
                    held -= 5
                    digits.append(IdentifierFactory.alphabet[Int(bits >> UInt32(held) & 31)])
                }
                bits &= 0xff
            }
            return String(decoding: digits, as: UTF8.self)
        }
        id = digits(Self.idLength, (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        secret = digits(
            Self.secretLength, (0..<Self.secretBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Parses a token. Returns nil if the text does not have the form of a token.
    package init?(_ text: String) {
        guard text.utf8.count == Self.length else { return nil }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "pwt", parts[1].utf8.count == Self.idLength,
            parts[2].utf8.count == Self.secretLength,
            parts[1...].allSatisfy({ $0.utf8.allSatisfy { IdentifierFactory.alphabet.contains($0) } })
        else { return nil }
        id = String(parts[1])
        secret = String(parts[2])
    }

    /// The whole token with its secret. It is shown only once, when the token is created.
    package var text: String { "\(Self.prefix)\(id)_\(secret)" }

    /// The SHA-256 digest of the secret, in 32 bytes.
    package var digest: [UInt8] { Array(Crypto.SHA256.hash(data: Array(secret.utf8))) }

    /// Returns a new token from the system's random numbers.
    package static func random() -> AccessToken {
        var generator = SystemRandomNumberGenerator()
        return AccessToken(using: &generator)
    }

    /// Says whether the secret is the one of the record, in the same time for a right secret and a wrong one.
    package func fits(_ record: AccessTokenRecord) -> Bool {
        Crypto.SHA256.hash(data: Array(secret.utf8)) == record.digest
    }

    /// Says whether two tokens are equal, in the same time for equal secrets and different ones.
    package func fits(_ other: AccessToken) -> Bool {
        id == other.id && Crypto.SHA256.hash(data: Array(secret.utf8)) == other.digest
    }

    /// Returns the record of the token for the store.
    package func record(
        name: String, role: Role, presets: [String], priority: Int = Ticket.standardPriority, createdAt: Timestamp,
        createdBy: String, expiresAt: Timestamp?
    ) -> AccessTokenRecord {
        AccessTokenRecord(
            id: id, name: name, role: role, presets: presets, priority: priority, digest: digest, createdAt: createdAt,
            createdBy: createdBy, expiresAt: expiresAt)
    }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The token without its secret, which so never gets into a log.
    package var description: String { "\(Self.prefix)\(id)_…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
