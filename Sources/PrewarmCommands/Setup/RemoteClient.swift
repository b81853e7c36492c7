import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The token that a job of GitHub Actions can ask for with `permissions: {id-token: write}`
/// (https://docs.github.com/en/actions/reference/security/oidc). Asked for once for each call: it is short-lived.
private struct ActionsToken: Sendable {
    private let url: String
    private let bearer: String

    init(audience: String, environment: [String: String]) throws {
        guard let url = environment["ACTIONS_ID_TOKEN_REQUEST_URL"],
            let bearer = environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
            url.hasPrefix("https://") || url.hasPrefix("http://127.0.0.1")
        else {
            throw CommandFailure(
                "--oidc: there is no ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN in the environment",
                hint:
                    "it works in GitHub Actions, in a job with `permissions: {id-token: write}`; elsewhere put the token into PREWARM_TOKEN"
            )
        }
        self.url = url + (url.contains("?") ? "&" : "?") + "audience=\(audience.percentEncoded)"
        self.bearer = bearer
    }

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
                "GitHub Actions gave no token", hint: "does the job have `permissions: {id-token: write}`?")
        }
    }
}

/// A daemon's API over HTTP.
final class RemoteClient: APIClient {
    private let base: String
    private let token: String?
    /// Nil: the token is one that was given.
    private let actions: ActionsToken?
    private let http: HTTPClient
    /// An answer that is larger is refused.
    private static let largestAnswer = 256 << 20
    private static let deepestAnswer = 64

    /// Nil where neither `--server` nor `PREWARM_SERVER` is given.
    init?(_ global: GlobalOptions) throws {
        guard let text = global.server ?? Environment.value("PREWARM_SERVER"), !text.isEmpty else { return nil }
        guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
            let host = url.host(), !host.isEmpty, url.query() == nil, url.user() == nil
        else {
            throw CommandFailure(
                "the server is no address: expected https://HOST or http://HOST:PORT",
                hint: "name it with --server or PREWARM_SERVER; the token has an option of its own")
        }
        let isLocal = host.lowercased() == "localhost" || NetworkAddress(host)?.isLoopback == true
        let given = try global.bearerToken()
        if given != nil, scheme == "http", !isLocal {
            global.console.warning("the token goes to \(host) unencrypted", hint: "use https")
        }
        token =
            if given == nil, global.oidcAudience == nil, isLocal {
                try ConfigurationFile.localToken(global)
            } else { given }
        actions = try global.oidcAudience.map { try ActionsToken(audience: $0, environment: Environment.variables) }
        base = text.hasSuffix("/") ? String(text.dropLast()) : text
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: nil))
        if let file = Environment.value("PREWARM_CA_FILE") {
            configuration.tlsConfiguration = .clientDefault
            configuration.tlsConfiguration?.trustRoots = .file(file)
        }
        try EventLoopCheck.run()
        http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    deinit {
        try? http.syncShutdown()
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
        let (status, headers, bytes) = try await exchange(message)
        let value = try? JSONReader.read(bytes, depthLimit: Self.deepestAnswer)
        guard (200..<300).contains(status) else {
            throw value.flatMap { Problem(remote: $0) }
                ?? Problem(
                    "BadAnswer", status: Int(status), "\(base) answered with status \(status)", hint: hint(status))
        }
        guard let value else {
            throw Problem(
                "BadAnswer", status: 502, "what \(base) answered is no JSON", hint: "is that a prewarm daemon?")
        }
        return APIAnswer(value, status: Int(status), nextCursor: Self.cursor(ofLink: headers.first(name: "Link")))
    }

    private func exchange(_ message: HTTPClientRequest) async throws -> (UInt, HTTPHeaders, [UInt8]) {
        do {
            let response = try await http.execute(message, deadline: .now() + .hours(2))
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            return (response.status.code, response.headers, Array(body.readableBytesView))
        } catch let error as CancellationError {
            throw error
        } catch let error where "\(error)".contains("CERTIFICATE_VERIFY_FAILED") {
            throw Problem(
                "Unreachable", status: 502, "\(base) can't be reached: its certificate is not trusted",
                hint: "add its authority to the certificates of this machine (update-ca-certificates)")
        } catch {
            let why = (error as? IOError).map { String(cString: strerror($0.errnoCode)).lowercased() } ?? "\(error)"
            throw Problem(
                "Unreachable", status: 502, "\(base) can't be reached: \(why)",
                hint: "is the daemon running there? `prewarm serve` starts one")
        }
    }

    /// Of `</api/v1/workspaces?cursor=01m8…&limit=1000>; rel="next"` (RFC 8288).
    private static func cursor(ofLink link: String?) -> String? {
        guard let link, link.hasSuffix("; rel=\"next\""), let end = link.firstIndex(of: ">"),
            let target = URLComponents(string: String(link[link.index(after: link.startIndex)..<end]))
        else { return nil }
        return target.queryItems?.first { $0.name == "cursor" }?.value
    }

    private func hint(_ status: UInt) -> String? {
        status == 404 ? "is that a prewarm daemon?" : nil
    }
}

extension APIRequest {
    /// Below `/api/v1/`, encoded.
    fileprivate var target: String {
        let path = path.map(\.percentEncoded).joined(separator: "/")
        let query = query.sorted { $0.key < $1.key }.map { "\($0.key.percentEncoded)=\($0.value.percentEncoded)" }
        return path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}
