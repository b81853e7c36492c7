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

/// A source of installation tokens of a GitHub App. Tokens are requested with the private key of the App, and kept until
/// shortly before they expire
/// (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app).
package actor GitHubAppLogin: GitLoginSource {
    /// The settings of a GitHub App.
    package struct Settings: Sendable {
        /// The name of the source, for messages.
        package var source: String
        package var appID: String
        package var installationID: String
        /// The path of the private key, a PEM file. It is read again for each token.
        package var privateKeyFile: String
        /// The address of the API: `https://api.github.com`, or `https://HOST/api/v3` for GitHub Enterprise Server.
        package var apiURL: String
        /// The limit of one request for a token.
        package var timeout: Duration
        /// A PEM file with certificates to trust instead of the system's; nil for the system's.
        package var caFile: String?
        /// The address of the proxy: `http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`; nil for no proxy.
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

    /// The time before its expiry from which a token is not used, since a fetch may take minutes. GitHub's tokens are valid
    /// for an hour.
    private static let margin = Duration.seconds(300)

    package init(_ settings: Settings, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.now = now
    }

    /// Returns the kept token, or requests a new one.
    package func login() async throws(GitFailure) -> GitLogin {
        let time = now()
        // If the clock jumped back, the token may already have expired.
        if let kept, kept.until > time, kept.madeAt <= time { return kept.login }
        let token = try await exchange(try await signedRequest())
        let login = GitLogin(username: GitLogin.tokenUser, password: token.token)
        if let expiry = Timestamp(token.expires_at) { kept = (login, time, expiry - Self.margin) }
        return login
    }

    /// Forgets the token if the remote refused it, so that the next call requests a new one.
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

    /// Returns a signed assertion. It is backdated by one minute, since clocks differ, and expires in nine minutes. GitHub
    /// allows ten.
    private func signedRequest() async throws(GitFailure) -> String {
        let path = settings.privateKeyFile
        // The file may be on a file server that is slow or away.
        let text = try? await onOwnThread { try? String(contentsOfFile: path, encoding: .utf8) }
        guard let pem = text ?? nil else {
            throw failure(
                .authenticationFailed, "cannot read its private key \(settings.privateKeyFile)",
                hint: "set `privateKeyFile` of source \(settings.source) to a readable file")
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
            // The error of the library may contain the key.
            throw failure(
                .authenticationFailed,
                "invalid private key \(settings.privateKeyFile): it must be an RSA key of 2048 bits or more in PEM form",
                hint: "set `privateKeyFile` to the file that GitHub generated for the App")
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
                .authenticationFailed, "the proxy refused the login or requires one",
                hint: "set `proxy` to http://USER:PASSWORD@HOST:PORT, and take the login from ${NAME}")
        } catch {
            throw failure(.unreachable, "cannot call \(settings.apiURL): \(text(error))")
        }
        if answer.status == 201, let token: Token = Self.read(answer.body) {
            return token
        }
        let words = (Self.read(answer.body) as Refusal?).map {
            ": \($0.message.replacing(assertion, with: "…").withoutSecrets.prefix(200).description.printable)"
        }
        guard answer.status != 201 else {
            throw failure(
                .unreachable, "\(settings.apiURL) does not answer as GitHub does",
                hint: "check `apiURL` of source \(settings.source)")
        }
        let message = "\(settings.apiURL) answers with status \(answer.status)\(words ?? "")"
        switch answer.status {
        case 401, 403, 404, 422:
            throw failure(
                .authenticationFailed, message,
                hint: "check `appId`, `installationId`, the private key and the clock of this machine")
        case 300..<400:
            throw failure(
                .refused, "\(message); redirects are not followed", hint: "set `apiURL` to the final address")
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

    /// Reads the body until `end`, because the limit of the client covers only the head of an answer.
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
                    .refused, "invalid proxy: it must have the form http://HOST:PORT",
                    hint: "set `proxy` of source \(settings.source) to http://HOST:PORT")
            }
            let password = url.password(percentEncoded: false) ?? ""
            let login = url.user(percentEncoded: false).map {
                HTTPClient.Authorization.basic(username: $0, password: password)
            }
            configuration.proxy = .server(host: host, port: url.port ?? 80, authorization: login)
            // A second attempt at a proxy that refuses the login would fail as well.
            configuration.connectionPool.retryConnectionEstablishment = false
        }
        return configuration
    }

    /// Returns the text of an error. It does not contain the request, which has the assertion.
    private func text(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            "no complete answer within \(settings.timeout.components.seconds) s"
        case let error as HTTPClientError where error == .cancelled: "the call was canceled"
        case let error as HTTPClientError: error.shortDescription
        case is CancellationError: "the call was canceled"
        case is NIOSSLError, is BoringSSLError:
            "its certificate is not trusted: set `caFile` of the source to the certificates of your authority"
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { "cannot connect: \(reason(of: $0.error))" }
                ?? "its address was not found"
        default: String(String(describing: error).prefix(200))
        }
    }

    private func reason(of error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)).lowercased() } ?? "no answer"
    }

    private func failure(_ reason: GitFailure.Reason, _ message: String, hint: String? = nil) -> GitFailure {
        GitFailure(
            reason, "cannot get a token for the GitHub App of source \(settings.source): \(message)", hint: hint)
    }
}
