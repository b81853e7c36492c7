import AsyncHTTPClient
import FoundationEssentials
import Glibc
import JWTKit
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import PrewarmCore
package import PrewarmEngine

/// Installation tokens of a GitHub App, made from its private key and kept until shortly before they expire
/// (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app).
package actor GitHubAppLogin: GitLoginSource {
    package struct Settings: Sendable {
        /// Of the source, for messages.
        package var source: String
        package var appID: String
        package var installationID: String
        /// A PEM file, read again for each token.
        package var privateKeyFile: String
        /// `https://api.github.com`, or `https://HOST/api/v3` of an own server.
        package var apiURL: String
        package var timeout: Duration
        /// PEM certificates to trust in place of the system's.
        package var caFile: String?
        /// `http://host:port`, with or without a login before the host.
        package var proxy: String?

        package init(
            source: String, appID: String, installationID: String, privateKeyFile: String, apiURL: String,
            timeout: Duration, caFile: String? = nil, proxy: String? = nil
        ) {
            self.source = source
            self.appID = appID
            self.installationID = installationID
            self.privateKeyFile = privateKeyFile
            self.apiURL = apiURL
            self.timeout = timeout
            self.caFile = caFile
            self.proxy = proxy
        }
    }

    private let settings: Settings
    private let now: @Sendable () -> Timestamp
    private var kept: (login: GitLogin, madeAt: Timestamp, until: Timestamp)?

    /// GitHub's tokens live for an hour; one is not used in its last minutes, as a fetch may take some.
    private static let margin = Duration.seconds(300)

    package init(_ settings: Settings, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.now = now
    }

    package func login() async throws(GitFailure) -> GitLogin {
        let time = now()
        // One of the future was made before the clock was put back: it may have expired.
        if let kept, kept.until > time, kept.madeAt <= time { return kept.login }
        let token = try await exchange(try await signedRequest())
        let login = GitLogin(username: GitLogin.tokenUser, password: token.token)
        if let expiry = Timestamp(token.expires_at) { kept = (login, time, expiry - Self.margin) }
        return login
    }

    package func refused(_ login: GitLogin) {
        if kept?.login == login { kept = nil }
    }

    // MARK: The request

    private struct Claims: JWTPayload {
        let iat: IssuedAtClaim
        let exp: ExpirationClaim
        let iss: IssuerClaim

        func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }
    }

    /// Backdated by a minute against clocks that differ, and good for less than the ten minutes that GitHub allows.
    private func signedRequest() async throws(GitFailure) -> String {
        guard let pem = try? String(contentsOfFile: settings.privateKeyFile, encoding: .utf8) else {
            throw failure(.authenticationFailed, "its private key can't be read: \(settings.privateKeyFile)")
        }
        let time = Double(now().milliseconds) / 1000
        let claims = Claims(
            iat: IssuedAtClaim(value: Date(timeIntervalSince1970: time - 60)),
            exp: ExpirationClaim(value: Date(timeIntervalSince1970: time + 540)),
            iss: IssuerClaim(value: settings.appID))
        do {
            let keys = JWTKeyCollection()
            await keys.add(rsa: try Insecure.RSA.PrivateKey(pem: pem), digestAlgorithm: .sha256)
            return try await keys.sign(claims)
        } catch {
            // What the library says may quote the key.
            throw failure(
                .authenticationFailed, "its private key is no RSA key in PEM form: \(settings.privateKeyFile)",
                hint: "take the file that GitHub gave, of 2048 bits or more")
        }
    }

    private struct Token: Decodable {
        let token: String
        let expires_at: String
    }

    private struct Refusal: Decodable {
        let message: String
    }

    private func exchange(_ assertion: String) async throws(GitFailure) -> Token {
        var request = HTTPClientRequest(
            url: "\(settings.apiURL)/app/installations/\(settings.installationID)/access_tokens")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(assertion)")
        request.headers.add(name: "Accept", value: "application/vnd.github+json")
        request.headers.add(name: "X-GitHub-Api-Version", value: "2022-11-28")
        request.headers.add(name: "User-Agent", value: "prewarm")
        let answer: Answer
        do {
            answer = try await send(request)
        } catch let failure as GitFailure {
            throw failure
        } catch let error as HTTPClientError where error == .proxyAuthenticationRequired {
            throw failure(
                .authenticationFailed, "the proxy refused its login, or wants one",
                hint: "write http://USER:PASSWORD@HOST:PORT as the proxy, with the login from ${NAME}")
        } catch {
            throw failure(.unreachable, "\(settings.apiURL) gave no token: \(text(error))")
        }
        if answer.status == 201, let token: Token = Self.read(answer.body) {
            return token
        }
        let words = (Self.read(answer.body) as Refusal?).map {
            ": \($0.message.replacing(assertion, with: "…").withoutSecrets.prefix(200).description.printable)"
        }
        guard answer.status != 201 else {
            throw failure(
                .unreachable, "\(settings.apiURL) gave an answer that is not GitHub's", hint: "check apiURL")
        }
        let message = "\(settings.apiURL) answers with status \(answer.status)\(words ?? "")"
        switch answer.status {
        case 401, 403, 404, 422:
            throw failure(
                .authenticationFailed, message,
                hint: "check appId, installationId and the private key, and this machine's clock")
        case 300..<400: throw failure(.refused, "\(message); redirects are not followed")
        default: throw failure(.unreachable, message)
        }
    }

    private static func read<Document: Decodable>(_ body: [UInt8]) -> Document? {
        try? JSONDecoder().decode(Document.self, from: body, within: JSONDecoder.loginBounds)
    }

    private func send(_ request: HTTPClientRequest) async throws -> Answer {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration())
        let end = ContinuousClock.now + settings.timeout
        do {
            let limit = TimeAmount.nanoseconds(settings.timeout.wholeMilliseconds * 1_000_000)
            let response = try await client.execute(request, timeout: limit)
            let body = try await Self.collect(response.body, until: end)
            try await client.shutdown()
            return (response.status.code, Array(body.readableBytesView))
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private typealias Answer = (status: UInt, body: [UInt8])

    /// The client's own limit is over with the head of an answer.
    private static func collect(
        _ body: HTTPClientResponse.Body, until end: ContinuousClock.Instant
    ) async throws -> ByteBuffer {
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await body.collect(upTo: 64 << 10) }
            group.addTask {
                try await Task.sleep(until: end)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() else { throw CancellationError() }
            return bytes
        }
    }

    private func configuration() throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        if let caFile = settings.caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(caFile)
            configuration.tlsConfiguration = tls
        }
        if let proxy = settings.proxy {
            guard let url = URL(string: proxy), url.scheme?.lowercased() == "http", let host = url.host() else {
                throw failure(
                    .refused, "its token can be asked for through a proxy of http://HOST:PORT alone",
                    hint: "give source \(settings.source) such a proxy")
            }
            let password = url.password(percentEncoded: false) ?? ""
            let login = url.user(percentEncoded: false).map {
                HTTPClient.Authorization.basic(username: $0, password: password)
            }
            configuration.proxy = .server(host: host, port: url.port ?? 80, authorization: login)
            // A proxy that refuses does so each time.
            configuration.connectionPool.retryConnectionEstablishment = false
        }
        return configuration
    }

    /// Without the request, which has the assertion in it.
    private func text(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            "no whole answer within \(settings.timeout.components.seconds) s"
        case let error as HTTPClientError where error == .cancelled: "the call was cancelled"
        case let error as HTTPClientError: error.shortDescription
        case is CancellationError: "the call was cancelled"
        case is NIOSSLError, is BoringSSLError:
            "its certificate is not trusted; `caFile` of the source names those of an authority of your own"
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { "can't connect: \(reason(of: $0.error))" } ?? "its address was not found"
        default: String(String(describing: error).prefix(200))
        }
    }

    private func reason(of error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)).lowercased() } ?? "it does not answer"
    }

    private func failure(_ reason: GitFailure.Reason, _ message: String, hint: String? = nil) -> GitFailure {
        GitFailure(reason, "the GitHub App of source \(settings.source): \(message)", hint: hint)
    }
}
