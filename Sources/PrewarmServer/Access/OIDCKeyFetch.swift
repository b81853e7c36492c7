package import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import PrewarmCore

/// Gets an issuer's keys over HTTP: bounded in time and size, following no redirect.
package struct OIDCKeyFetch: Sendable {
    private static let sizeLimit = 256 * 1024
    private static let bounds = JSONBounds(size: sizeLimit, depth: 16)

    /// For the client that is handed in: an issuer is asked where the configuration says, and nowhere else.
    package static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(5)
        return configuration
    }

    private let client: HTTPClient
    /// The time that each of the two documents may take.
    private let deadline: Duration

    package init(client: HTTPClient, deadline: Duration = .seconds(10)) {
        self.client = client
        self.deadline = deadline
    }

    /// Why no certificates can be had from a file; nil where they can.
    package static func problem(ofCAFile path: String) -> String? {
        let found = try? NIOSSLCertificate.fromPEMFile(path)
        return found?.isEmpty == false ? nil : "\(path) has no certificates in PEM that can be read"
    }

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
                .unavailable, "the keys of the issuer \(issuer.issuer) can't be had: \(Self.text(error))",
                hint: "tokens are checked again once it answers")
        }
    }

    private struct Failure: Error { let message: String }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let failure as Failure: failure.message
        case is CancellationError: "the request was given up"
        case is NIOTooManyBytesError: "it answers more than \(sizeLimit / 1024) KiB"
        case let error as HTTPClientError where [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error):
            "it does not answer in time"
        default: "\(error)".forMessage
        }
    }

    /// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
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
            throw Failure(message: "\(address) is no discovery document")
        }
        guard document.issuer == issuer.issuer else {
            throw Failure(message: "\(address) is of the issuer \"\(document.issuer.forMessage)\"")
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
                throw Failure(message: "\(address) answers \(response.status.code)")
            }
            let body = try await response.body.collect(upTo: Self.sizeLimit)
            let bytes = Array(body.readableBytesView)
            do {
                try Self.bounds.check(bytes)
            } catch {
                throw Failure(message: "what \(address) answers can't be read: \(error)")
            }
            return bytes
        }
    }

    /// Keys that somebody on the way could change would let anybody in.
    private static func isProtected(_ address: String) -> Bool {
        if address.lowercased().hasPrefix("https://") { return true }
        guard address.hasPrefix("http://") else { return false }
        let authority = address.dropFirst("http://".count).prefix { $0 != "/" }
        guard !authority.contains("@") else { return false }
        let host =
            authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return host == "localhost" || NetworkAddress(host)?.isLoopback == true
    }

    private func within<Result: Sendable>(
        _ deadline: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: deadline)
                throw Failure(message: "it does not answer in \(deadline.components.seconds) s")
            }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
