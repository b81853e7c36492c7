import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The OIDC token that a job of GitHub Actions can request with `permissions: {id-token: write}`
/// (https://docs.github.com/en/actions/reference/security/oidc). Each API call requests a new token, since tokens expire
/// after a few minutes.
private struct ActionsToken: Sendable {
    private let url: String
    private let bearer: String

    init(audience: String, environment: [String: String]) throws {
        guard let url = environment["ACTIONS_ID_TOKEN_REQUEST_URL"],
            let bearer = environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
            url.hasPrefix("https://") || url.hasPrefix("http://127.0.0.1")
        else {
            throw CommandFailure(
                "cannot use --oidc \(audience): ACTIONS_ID_TOKEN_REQUEST_URL or ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set",
                hint: "add `permissions: {id-token: write}` to the job; outside of GitHub Actions, set PREWARM_TOKEN")
        }
        self.url = url + (url.contains("?") ? "&" : "?") + "audience=\(audience.percentEncoded)"
        self.bearer = bearer
    }

    /// Requests a token.
    /// - Throws: ``CommandFailure`` if GitHub Actions gives no token.
    func value(_ http: HTTPClient) async throws -> String {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Authorization", value: "Bearer \(bearer)")
        do {
            let response = try await http.execute(request, timeout: .seconds(30))
            let body = try await response.body.collect(upTo: 64 * 1024)
            let answer = try JSONReader.read(Array(body.readableBytesView), depthLimit: 8)
            guard let token = answer.text("value") else { throw CancellationError() }
            return token
        } catch {
            throw CommandFailure(
                "cannot use --oidc: GitHub Actions gave no token",
                hint: "add `permissions: {id-token: write}` to the job")
        }
    }
}

/// The client of a daemon's API over HTTP.
final class RemoteClient: APIClient {
    /// The URL of the daemon, without a slash at its end.
    let base: String
    private let token: String?
    /// The way to another URL, as the end of an imperative.
    private let correction: String
    /// The source of OIDC tokens; nil if `--oidc` is not used.
    private let actions: ActionsToken?
    private let http: HTTPClient
    /// The limit on the nesting of an answer.
    private static let deepestAnswer = 64

    /// Makes the client of a command; nil if the command works on this machine.
    /// - Throws: ``CommandFailure`` if the URL, the token or the context is invalid.
    convenience init?(_ global: GlobalOptions) throws {
        guard let choice = try ServerChoice(global) else { return nil }
        choice.warnOfLocalFile(global.console)
        var token = try choice.bearerToken(global)
        if token == nil, global.oidcAudience == nil, Self.isLocal(try Self.host(of: choice)) {
            token = try ConfigurationFile.localToken(global)
        }
        try self.init(choice, token: token, oidcAudience: global.oidcAudience, console: global.console)
    }

    /// Makes the client of a daemon.
    /// - Throws: ``CommandFailure`` if the URL is invalid.
    init(_ choice: ServerChoice, token: String?, oidcAudience: String? = nil, console: Console) throws {
        let (text, host) = (choice.url, try Self.host(of: choice))
        if token != nil, text.hasPrefix("http:"), !Self.isLocal(host) {
            console.warning("sending the token to \(host) without encryption", hint: "use https://\(host)")
        }
        self.token = token
        correction = choice.correction
        actions = try oidcAudience.map { try ActionsToken(audience: $0, environment: Environment.variables) }
        base = text.hasSuffix("/") ? String(text.dropLast()) : text
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: nil))
        if let file = Environment.value("PREWARM_CA_FILE") ?? choice.caFile {
            configuration.tlsConfiguration = .clientDefault
            configuration.tlsConfiguration?.trustRoots = .file(file)
        }
        try EventLoopCheck.run()
        http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    deinit {
        try? http.syncShutdown()
    }

    /// Returns the host in the URL of a daemon.
    /// - Throws: ``CommandFailure`` if the URL is invalid.
    static func host(of choice: ServerChoice) throws(CommandFailure) -> String {
        guard let url = URL(string: choice.url), let scheme = url.scheme, ["http", "https"].contains(scheme),
            let host = url.host(), !host.isEmpty, url.query() == nil, url.user() == nil
        else { throw invalid(choice) }
        return host
    }

    private static func isLocal(_ host: String) -> Bool {
        host.lowercased() == "localhost" || NetworkAddress(host)?.isLoopback == true
    }

    /// Returns the failure for a text that is not the URL of a server. A user and a query are not repeated, since they
    /// may hold a secret.
    private static func invalid(_ choice: ServerChoice) -> CommandFailure {
        let text = choice.url
        let rule = "it must be https://HOST or http://HOST:PORT, without a user or a query"
        guard !text.contains("@"), !text.contains("?") else {
            return CommandFailure(
                "invalid server: \(rule)",
                hint: "\(choice.correction), and give the token with --token or to `prewarm login`")
        }
        let shown = text.printable.limited(to: 200)
        // A host with a port and no scheme, for example `127.0.0.1:7531`, reads as a scheme with a path.
        let url = URL(string: "http://\(text)")
        let isHost = !text.contains("://") && url?.host()?.isEmpty == false && !text.hasPrefix("/")
        let scheme = url?.port == nil ? "https" : "http"
        return CommandFailure(
            "invalid server \"\(shown)\": \(rule)",
            hint: isHost ? "use \(choice.setting("\(scheme)://\(shown)"))" : choice.correction)
    }

    func send(_ request: APIRequest) async throws -> APIAnswer {
        var message = HTTPClientRequest(url: base + "/api/v1/" + request.target)
        message.method = .RAW(value: request.method.rawValue)
        message.headers.add(name: "Accept", value: "application/json")
        message.headers.add(name: "User-Agent", value: "prewarm/\(prewarmVersion)")
        if let token = try await actions?.value(http) ?? token {
            message.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        if let key = request.idempotencyKey { message.headers.add(name: "Idempotency-Key", value: key) }
        if let body = request.body {
            message.headers.add(name: "Content-Type", value: "application/json")
            message.body = .bytes(ByteBuffer(string: body.compactJSON))
        }
        let (status, headers, bytes) = try await exchange(message, AnswerBudget(for: request))
        let value = try? JSONReader.read(bytes, depthLimit: Self.deepestAnswer)
        guard (200..<300).contains(status) else {
            throw value.flatMap { try? ValueDecoder.decode(ProblemDocument.self, from: $0) }.map { Problem(remote: $0) }
                ?? Problem(
                    "BadAnswer", status: Int(status), "cannot use the answer of \(base): its status is \(status)",
                    hint: hint(status))
        }
        guard let value else {
            throw Problem(
                "BadAnswer", status: 502, "cannot use the answer of \(base): it is not JSON",
                hint: "check that \(base) is a prewarm daemon")
        }
        return APIAnswer(
            value, status: Int(status), nextCursor: Self.cursor(ofLink: headers.first(name: "Link")), size: bytes.count)
    }

    private func exchange(
        _ message: HTTPClientRequest, _ budget: AnswerBudget
    ) async throws -> (UInt, HTTPHeaders, [UInt8]) {
        do {
            let (head, bytes) = try await budget.exchange(message, by: http)
            return (head.status.code, head.headers, bytes)
        } catch let error as CancellationError {
            throw error
        } catch let failure as AnswerBudget.Failure {
            throw Problem(
                "BadAnswer", status: 502, "cannot use the answer of \(base): \(failure.text(budget))",
                hint: "check that \(base) is a prewarm daemon, and the proxy before it")
        } catch let error where "\(error)".contains("CERTIFICATE_VERIFY_FAILED") {
            throw Problem(
                "Unreachable", status: 502, "cannot reach \(base): its certificate is not trusted",
                hint: "set PREWARM_CA_FILE to the certificate of its authority, or run update-ca-certificates")
        } catch {
            let why = (error as? IOError).map { String(cString: strerror($0.errnoCode)).lowercased() } ?? "\(error)"
            throw Problem(
                "Unreachable", status: 502, "cannot reach \(base): \(why)",
                hint: "start the daemon with `prewarm serve`, or \(correction)")
        }
    }

    /// Returns the cursor of the next page from a `Link` header (RFC 8288); nil on the last page. For example,
    /// `</api/v1/workspaces?cursor=01m8…&limit=1000>; rel="next"` gives `01m8…`.
    private static func cursor(ofLink link: String?) -> String? {
        guard let link, link.hasSuffix("; rel=\"next\""), let end = link.firstIndex(of: ">"),
            let target = URLComponents(string: String(link[link.index(after: link.startIndex)..<end]))
        else { return nil }
        return target.queryItems?.first { $0.name == "cursor" }?.value
    }

    private func hint(_ status: UInt) -> String? {
        status == 404 ? "check that \(base) is a prewarm daemon" : nil
    }
}

extension APIRequest {
    /// The path below `/api/v1/` and the query, percent-encoded.
    fileprivate var target: String {
        let path = path.map(\.percentEncoded).joined(separator: "/")
        let query = query.sorted { $0.key < $1.key }.map { "\($0.key.percentEncoded)=\($0.value.percentEncoded)" }
        return path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}
