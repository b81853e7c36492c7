package import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import PrewarmCore

/// A client that fetches the keys of an issuer. It limits time and size, and does not follow redirects.
package struct OIDCKeyFetch: Sendable {
    /// The most bytes of an answer.
    private static let sizeLimit = 256 * 1024
    private static let bounds = JSONBounds(size: sizeLimit, depth: 16)

    /// The configuration of the HTTP client for ``init(client:deadline:)``. It follows no redirects, so that keys come only
    /// from the configured address.
    package static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(5)
        return configuration
    }

    private let client: HTTPClient
    /// The time limit for each of the two documents: the discovery document and the keys.
    private let deadline: Duration

    package init(client: HTTPClient, deadline: Duration = .seconds(10)) {
        self.client = client
        self.deadline = deadline
    }

    /// Returns why certificates cannot be read from a file, or nil if they can.
    package static func problem(ofCAFile path: String) -> String? {
        let found = try? NIOSSLCertificate.fromPEMFile(path)
        return found?.isEmpty == false ? nil : "cannot read certificates: \(path) has no certificates in PEM"
    }

    /// Fetches the keys of an issuer.
    ///
    /// - Throws: ``AccessError`` with the reason `unavailable`.
    func keys(of issuer: OIDCIssuer) async throws(AccessError) -> OIDCKeySet {
        do {
            let address: String
            if let known = issuer.jwksURL { address = known } else { address = try await discover(issuer) }
            let bytes = try await get(address, issuer)
            guard let keys = try? OIDCKeySet(json: bytes), !keys.isEmpty else {
                throw Failure(message: "\(address) has no keys for RS256 or ES256")
            }
            return keys
        } catch {
            throw AccessError(
                .unavailable, "cannot fetch the keys of the issuer \(issuer.issuer): \(Self.text(error))",
                hint: "check `server.oidc` and that the daemon reaches the issuer; it tries again after "
                    + "\(OIDCKeys.pause.components.seconds)s")
        }
    }

    private struct Failure: Error { let message: String }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let failure as Failure: failure.message
        case is CancellationError: "the request was canceled"
        case is NIOTooManyBytesError: "its answer has more than \(sizeLimit / 1024) KiB"
        case let error as HTTPClientError where [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error):
            "it does not answer in time"
        default: "\(error)".forMessage
        }
    }

    /// Returns the address of the keys, from the issuer's discovery document
    /// (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig).
    private func discover(_ issuer: OIDCIssuer) async throws -> String {
        struct Document: Decodable {
            let issuer: String
            let jwksUri: String
        }
        let base = issuer.issuer.hasSuffix("/") ? String(issuer.issuer.dropLast()) : issuer.issuer
        let address = base + "/.well-known/openid-configuration"
        let bytes = try await get(address, issuer)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let document = try? decoder.decode(Document.self, from: Data(bytes)) else {
            throw Failure(message: "\(address) is not a discovery document of OpenID Connect")
        }
        guard document.issuer == issuer.issuer else {
            throw Failure(message: "\(address) names another issuer: \"\(document.issuer.forMessage)\"")
        }
        return document.jwksUri
    }

    private func get(_ address: String, _ issuer: OIDCIssuer) async throws -> [UInt8] {
        guard Self.isProtected(address) else {
            throw Failure(message: "\(address.forMessage) is not https")
        }
        var request = HTTPClientRequest(url: address)
        request.headers.add(name: "Accept", value: "application/json")
        if let caFile = issuer.caFile {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.additionalTrustRoots = [.file(caFile)]
            request.tlsConfiguration = configuration
        }
        return try await within(deadline) { [client, request, deadline] in
            let response = try await client.execute(request, timeout: .seconds(deadline.components.seconds))
            guard response.status == .ok else {
                throw Failure(message: "\(address) answers with the status \(response.status.code)")
            }
            let body = try await response.body.collect(upTo: Self.sizeLimit)
            let bytes = Array(body.readableBytesView)
            do {
                try Self.bounds.check(bytes)
            } catch {
                throw Failure(message: "cannot read the answer of \(address): \(error)")
            }
            return bytes
        }
    }

    /// Says whether an address is protected against changes on the way: `https`, or loopback. With forged keys anyone could
    /// sign tokens.
    private static func isProtected(_ address: String) -> Bool {
        if address.lowercased().hasPrefix("https://") { return true }
        guard let url = RemoteURL(address) else { return false }
        return url.scheme == "http" && url.userInfo == nil && url.isLoopback
    }

    /// Runs the body, and throws if it takes longer than the deadline.
    private func within<Result: Sendable>(
        _ deadline: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: deadline)
                throw Failure(message: "it does not answer in time (\(deadline.components.seconds)s)")
            }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
