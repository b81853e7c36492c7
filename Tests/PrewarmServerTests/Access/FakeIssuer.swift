import AsyncHTTPClient
import Crypto
import CryptoExtras
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTLS
import JWTKit
import Logging
import NIOCore
import NIOSSL
import Synchronization

@testable import PrewarmServer

/// An OpenID Connect issuer on loopback, with its own keys.
final class FakeIssuer: Sendable {
    struct State {
        var keys: [String: SigningKey] = [:]
        var discoveredIssuer: String?
        var jwksPath = "/keys"
        var discoveryFails = false
        var keysFail = false
        var keysText: String?
        var discoveries = 0
        var fetches = 0
    }

    let url: String
    let state: Mutex<State>

    private init(url: String, state: consuming State) {
        self.url = url
        self.state = Mutex(state)
    }

    /// Serves while the body runs.
    static func serve(
        _ keys: [SigningKey], tls: TLSConfiguration? = nil,
        _ body: @escaping @Sendable (FakeIssuer, HTTPClient) async throws -> Void
    ) async throws {
        let box = Box()
        let router = Router()
        router.get("/.well-known/openid-configuration") { _, _ in box.discovery() }
        router.get("/keys") { _, _ in box.keySet() }
        router.get("/moved") { _, _ in
            Response(status: .found, headers: [.location: "\(box.issuer?.url ?? "")/keys"])
        }
        router.get("/slow") { _, _ in
            try await Task.sleep(for: .seconds(600))
            return Response(status: .ok)
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, server: try tls.map { try .tls(.http1(), tlsConfiguration: $0) } ?? .http1(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "issuer", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            let issuer = FakeIssuer(
                url: tls == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)", state: State())
            box.set(issuer)
            for key in keys { issuer.publish(key) }
            // The issuer runs in this process and may answer late on a busy machine.
            var configuration = OIDCKeyFetch.clientConfiguration
            configuration.timeout.connect = .seconds(45)
            configuration.timeout.read = .seconds(45)
            try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                try await body(issuer, client)
            }
            group.cancelAll()
        }
    }

    func publish(_ key: SigningKey) { state.withLock { $0.keys[key.id] = key } }
    func withdraw(_ key: SigningKey) { state.withLock { $0.keys[key.id] = nil } }
    func change(_ body: @Sendable (inout State) -> Void) { state.withLock { body(&$0) } }
    var discoveries: Int { state.withLock { $0.discoveries } }
    var fetches: Int { state.withLock { $0.fetches } }

    private final class Box: Sendable {
        private let held = Mutex<FakeIssuer?>(nil)
        var issuer: FakeIssuer? { held.withLock { $0 } }
        func set(_ issuer: FakeIssuer) { held.withLock { $0 = issuer } }

        func discovery() -> Response {
            guard let issuer else { return Response(status: .serviceUnavailable) }
            return issuer.state.withLock { state in
                state.discoveries += 1
                if state.discoveryFails { return Response(status: .serviceUnavailable) }
                let jwks = state.jwksPath.hasPrefix("/") ? issuer.url + state.jwksPath : state.jwksPath
                return Self.json(
                    "{\"issuer\": \"\(state.discoveredIssuer ?? issuer.url)\", \"jwks_uri\": \"\(jwks)\", \"x\": []}")
            }
        }

        func keySet() -> Response {
            guard let issuer else { return Response(status: .serviceUnavailable) }
            return issuer.state.withLock { state in
                state.fetches += 1
                if state.keysFail { return Response(status: .internalServerError) }
                let keys = state.keys.values.map(\.json).joined(separator: ",")
                return Self.json(state.keysText ?? "{\"keys\": [\(keys)]}")
            }
        }

        private static func json(_ text: String) -> Response {
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }
}

/// A key pair, and the JSON with which the issuer publishes it.
struct SigningKey: Sendable {
    let id: String
    let json: String
    private let add: @Sendable (JWTKeyCollection, String) async -> Void

    static func rsa(_ id: String, more: String = "\"alg\": \"RS256\", \"use\": \"sig\"") throws -> SigningKey {
        let key = try Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048))
        let numbers = try key.publicKey.getKeyPrimitives()
        let json = """
            {"kty": "RSA", "kid": "\(id)", \(more), "n": "\(base64URL(numbers.modulus))",
             "e": "\(base64URL(numbers.publicExponent))"}
            """
        return SigningKey(id: id, json: json) { keys, id in
            await keys.add(rsa: key, digestAlgorithm: .sha256, kid: JWKIdentifier(string: id))
        }
    }

    static func ec(_ id: String) throws -> SigningKey {
        let pair = P256.Signing.PrivateKey()
        let point = Data(pair.publicKey.x963Representation.dropFirst())
        let key = try ES256PrivateKey(backing: pair)
        let json = """
            {"kty": "EC", "crv": "P-256", "kid": "\(id)", "alg": "ES256", "x": "\(base64URL(point.prefix(32)))",
             "y": "\(base64URL(point.suffix(32)))"}
            """
        return SigningKey(id: id, json: json) { keys, id in
            await keys.add(ecdsa: key, kid: JWKIdentifier(string: id))
        }
    }

    /// Returns a signed token.
    ///
    /// - Parameter id: The key id in the token; nil stands for the id of this key.
    func sign(_ claims: TestClaims, as id: String? = nil, header: JWTHeader = JWTHeader()) async throws -> String {
        let keys = JWTKeyCollection()
        await add(keys, id ?? self.id)
        return try await keys.sign(claims, kid: JWKIdentifier(string: id ?? self.id), header: header)
    }
}

func base64URL(_ data: some Collection<UInt8>) -> String {
    Data(data).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// A payload with any claims.
struct TestClaims: JWTPayload {
    indirect enum Claim: Codable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case text(String), integer(Int64), number(Double), boolean(Bool), list([Claim]), object([String: Claim]), null
        /// A claim that the token does not contain.
        case absent

        init(stringLiteral value: String) { self = .text(value) }
        init(integerLiteral value: Int64) { self = .integer(value) }
        init(from decoder: any Decoder) throws { self = .null }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .boolean(let value): try container.encode(value)
            case .list(let value): try container.encode(value)
            case .object(let value): try container.encode(value)
            case .null, .absent: try container.encodeNil()
            }
        }
    }

    var claims: [String: Claim]

    init(_ claims: [String: Claim]) { self.claims = claims }
    init(from decoder: any Decoder) throws { claims = [:] }
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(
            claims.filter { if case .absent = $0.value { false } else { true } })
    }

    func verify(using algorithm: some JWTAlgorithm) {}
}
