internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
import PrewarmAPI
internal import PrewarmCore
internal import PrewarmEngine

/// A client of OpenID Connect issuers. It limits the time and size of answers, and follows no redirects if the HTTP client
/// has ``OIDCKeyFetch/clientConfiguration``.
struct OIDCClient: Sendable {
    /// The most bytes of an answer.
    static let sizeLimit = 256 * 1024
    private static let bounds = JSONBounds(size: sizeLimit, depth: 16)

    let http: HTTPClient
    /// The time limit for each request.
    let deadline: Duration

    /// The reason why an issuer gave no usable answer.
    struct Failure: Error { let message: String }

    struct Answer: Sendable {
        let status: Int
        let bytes: [UInt8]

        /// Returns the JSON of the answer, or nil if it is not JSON within the limits.
        var document: Value? {
            do {
                try OIDCClient.bounds.check(bytes)
                return try JSONReader.read(bytes, depthLimit: OIDCClient.bounds.depth)
            } catch {
                return nil
            }
        }
    }

    /// Returns a sentence about an error of this client.
    static func text(_ error: any Error) -> String {
        switch error {
        case let failure as Failure: failure.message
        case is CancellationError: "the request was canceled"
        case is NIOTooManyBytesError: "its answer has more than \(sizeLimit / 1024) KiB"
        case let error as HTTPClientError where [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error):
            "it does not answer in time"
        default: "\(error)".forMessage
        }
    }

    /// Returns the issuer's discovery document
    /// (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig).
    func discover(_ issuer: OIDCIssuer) async throws -> OIDCDiscovery {
        let base = issuer.issuer.hasSuffix("/") ? String(issuer.issuer.dropLast()) : issuer.issuer
        let address = base + "/.well-known/openid-configuration"
        let bytes = try await get(address, issuer)
        guard let document = Answer(status: 200, bytes: bytes).document.flatMap({ OIDCDiscovery($0) }) else {
            throw Failure(message: "\(address) is not a discovery document of OpenID Connect")
        }
        guard document.issuer == issuer.issuer else {
            throw Failure(message: "\(address) names another issuer: \"\(document.issuer.forMessage)\"")
        }
        try Self.check(document.keys, namedBy: issuer)
        return document
    }

    /// Returns the JSON at an address.
    /// - Parameter authorization: The value of the header `Authorization`; nil if the request has none.
    func get(_ address: String, _ issuer: OIDCIssuer, authorization: String? = nil) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: address)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        let answer = try await send(request, issuer)
        guard answer.status == 200 else {
            throw Failure(message: "\(address) answers with the status \(answer.status)")
        }
        do {
            try Self.bounds.check(answer.bytes)
        } catch {
            throw Failure(message: "cannot read the answer of \(address): \(error)")
        }
        return answer.bytes
    }

    /// Sends a form.
    /// - Parameter authorization: The value of the header `Authorization`; nil if the request has none.
    func post(
        _ address: String, form: [(name: String, value: String)], authorization: String?, _ issuer: OIDCIssuer
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        let body = form.map { "\($0.name)=\($0.value.percentEncoded)" }.joined(separator: "&")
        request.body = .bytes(ByteBuffer(string: body))
        return try await send(request, issuer)
    }

    private func send(_ request: HTTPClientRequest, _ issuer: OIDCIssuer) async throws -> Answer {
        guard Self.isProtected(request.url) else {
            throw Failure(message: "\(request.url.forMessage) is not https")
        }
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        if let caFile = issuer.caFile {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.additionalTrustRoots = [.file(caFile)]
            request.tlsConfiguration = configuration
        }
        return try await within(deadline) { [http, request, deadline] in
            let response = try await http.execute(request, timeout: .seconds(deadline.components.seconds))
            let body = try await response.body.collect(upTo: Self.sizeLimit)
            return Answer(status: Int(response.status.code), bytes: Array(body.readableBytesView))
        }
    }

    /// Says whether an address is protected against changes on the way: `https`, or loopback. With forged keys anyone could
    /// sign tokens.
    private static func isProtected(_ address: String) -> Bool {
        if address.lowercased().hasPrefix("https://") { return true }
        guard let url = RemoteURL(address) else { return false }
        return url.scheme == "http" && url.userInfo == nil && url.isLoopback
    }

    /// Checks an address in the document of an issuer. Only an issuer on this machine may name another address on this
    /// machine, so that a remote one does not send the daemon to local services.
    static func check(_ address: String, namedBy issuer: OIDCIssuer) throws(Failure) {
        let isClean = address.utf8.count <= 2048 && address.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x23 }
        guard isClean, isProtected(address) else { throw Failure(message: "\(address.forMessage) is not https") }
        guard address.lowercased().hasPrefix("https://") || !issuer.issuer.hasPrefix("https://") else {
            throw Failure(message: "\(address.forMessage) is not https")
        }
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
