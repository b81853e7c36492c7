import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PrewarmEngine

/// The reason why a request by http failed.
enum HTTPProblem {
    /// The status of the answer is not 200.
    case status(Int)
    /// The answer has another content type than that of git.
    case otherContent
    /// The server redirects to another host or port, or too often.
    case redirect
    /// The request or its connection failed.
    case broken(any Error)
}

/// Translates a failed request into an error for the operator.
struct HTTPFailure {
    let settings: GitSettings
    let url: RepositoryURL
    /// The verb phrase before the URL in messages: `fetch from`.
    let operation: String
    let hasLogin: Bool
    let redaction: Redaction

    func failure(of problem: HTTPProblem) -> GitFailure {
        switch problem {
        case .status(let status): return failure(ofStatus: status)
        case .otherContent:
            return GitFailure(
                .notARepository, "cannot \(operation) \(url.display): the server's answer is not from a git repository",
                hint: "check the URL of source \(settings.name): use the one that works with `git clone`")
        case .redirect:
            return GitFailure(
                .refused,
                "cannot \(operation) \(url.display): it redirects to another host or port, which prewarm does not follow",
                hint: "if you trust the target of the redirect, set it as `url` of source \(settings.name)")
        case .broken(let error): return failure(of: error)
        }
    }

    private func failure(ofStatus status: Int) -> GitFailure {
        switch status {
        case 401, 403:
            let isMissing = status == 401 && !hasLogin
            return GitFailure(
                .authenticationFailed,
                "cannot \(operation) \(url.display): the server "
                    + (isMissing ? "asks for credentials that are not configured" : "refused the credentials"),
                hint: loginHint)
        case 407: return proxyFailure
        case 404, 410:
            return GitFailure(
                .notARepository, "cannot find a repository at \(url.display): the server answered status \(status)",
                hint: "check the URL and the credentials of source \(settings.name): forges answer the same for a "
                    + "private repository")
        case 408, 429, 500...599:
            return GitFailure(
                .unreachable, "cannot \(operation) \(url.display): the server answered status \(status)")
        default:
            return GitFailure(
                .fetchFailed, "cannot \(operation) \(url.display): the server answered status \(status)")
        }
    }

    private var loginHint: String {
        let name = settings.name
        switch settings.credentials {
        case .none where url.userInfo?.password == nil:
            return "give source \(name) a token that may read the repository: `auth: {token: \"${GIT_TOKEN}\"}`"
        case .sshKey, .sshAgent:
            return "give source \(name) a token with `auth: {token: …}`, or an ssh URL: https does not use an ssh key"
        case .usernamePassword: return "check the username and the password in `auth` of source \(name)"
        case .source:
            return "check that the command or GitHub App in `auth` of source \(name) gives access to the repository"
        case .none, .token: return "check that the token of source \(name) is valid and may read the repository"
        }
    }

    private var proxyFailure: GitFailure {
        GitFailure(
            .authenticationFailed,
            "cannot log in to the proxy of source \(settings.name): it refused the login, or requires one",
            hint: "set `proxy` of source \(settings.name) to http://USER:PASSWORD@HOST:PORT, with the password from "
                + "${NAME}")
    }

    // MARK: Errors of the connection

    private func failure(of error: any Error) -> GitFailure {
        switch error {
        case let error as NIOConnectionError: return connectionFailure(error)
        case let error as HTTPClientError: return clientFailure(error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return GitFailure(
                .refused, "cannot connect to \(address): its certificate is for another host",
                hint: "write the host in the URL of source \(settings.name) as its certificate does")
        case let error as NIOSSLError: return tlsFailure(error)
        case is BoringSSLError: return tlsFailure("\(error)")
        case is HTTPParserError:
            if case HTTPParserError.invalidEOFState = error { return closed }
            return GitFailure(
                .fetchFailed, "cannot \(operation) \(url.display): the server sent an answer that is not valid HTTP",
                hint: "check the URL of source \(settings.name)")
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode):
            return noConnection(Self.text(error.errnoCode))
        case let error as IOError:
            return GitFailure(
                .unreachable,
                "cannot complete the request to \(place): the connection broke: \(Self.text(error.errnoCode))")
        case is ChannelError: return closed
        default:
            return GitFailure(
                .unreachable, "cannot complete the request to \(place): \(redaction.clean("\(error)"))")
        }
    }

    private func connectionFailure(_ error: NIOConnectionError) -> GitFailure {
        let key = proxy == nil ? "the URL" : "`proxy`"
        if let cause = error.connectionErrors.last?.error {
            return noConnection((cause as? IOError).map { Self.text($0.errnoCode) } ?? "no answer")
        }
        return GitFailure(
            .unreachable, "cannot resolve \(proxy?.host ?? url.host): DNS knows no address of it",
            hint: "check the host in \(key) of source \(settings.name), and the DNS settings of this machine")
    }

    private func noConnection(_ cause: String) -> GitFailure {
        GitFailure(
            .unreachable, "cannot connect to \(place): \(cause)",
            hint: proxy == nil
                ? "check the host and port in the URL of source \(settings.name), and that its server is running"
                : "check `proxy` of source \(settings.name), or $HTTPS_PROXY if it is not set")
    }

    private func clientFailure(_ error: HTTPClientError) -> GitFailure {
        switch error {
        case .proxyAuthenticationRequired: return proxyFailure
        case .remoteConnectionClosed, .uncleanShutdown, .cancelled: return closed
        case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .getConnectionFromPoolTimeout:
            return GitFailure(
                .unreachable,
                "cannot connect to \(place): no answer within \(settings.limits.idleTimeout.shortText)")
        case .invalidProxyResponse:
            return GitFailure(
                .unreachable, "cannot connect to \(address): \(place) does not connect to it",
                hint: "check that the proxy of source \(settings.name) allows \(address)")
        default:
            return GitFailure(.fetchFailed, "cannot \(operation) \(url.display): \(error.shortDescription)")
        }
    }

    private func tlsFailure(_ error: NIOSSLError) -> GitFailure {
        switch error {
        case .uncleanShutdown: return closed
        case .handshakeFailed(let cause): return tlsFailure("\(cause)")
        default: return tlsFailure("\(error)")
        }
    }

    /// - Parameter text: the errors of BoringSSL, for example `CERTIFICATE_VERIFY_FAILED`.
    private func tlsFailure(_ text: String) -> GitFailure {
        let text = text.uppercased()
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") || text.contains("INVALID_SSL_RECORD")
        {
            return GitFailure(
                .unreachable, "cannot connect to \(address): it does not speak TLS",
                hint: "check the port in the URL of source \(settings.name): the port of https is usually 443")
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return GitFailure(
                .refused, "cannot connect to \(address): its certificate is not trusted",
                hint: "if it comes from your own certificate authority, set `caFile` of source \(settings.name) to the "
                    + "PEM file of the authority. Otherwise check whether it has expired, and the clock of this machine"
            )
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("ALERT_BAD_CERTIFICATE")
            || text.contains("HANDSHAKE_FAILURE") || text.contains("UNKNOWN_CA")
        {
            let isGiven = settings.clientCertificate != nil
            return GitFailure(
                .refused,
                "cannot connect to \(address): it "
                    + (isGiven ? "refused the client certificate" : "ended the TLS handshake"),
                hint: isGiven
                    ? "check that the authority of the server issued `clientCertificate` of source \(settings.name)"
                    : "if it requires a client certificate, set `clientCertificate` and `clientKey` of source "
                        + settings.name)
        }
        if text.contains("EOF") { return closed }
        return GitFailure(
            .refused, "cannot connect to \(address): the TLS handshake failed: \(redaction.clean(text))",
            hint: "check that the server supports TLS 1.2 or 1.3")
    }

    private var closed: GitFailure {
        GitFailure(.unreachable, "cannot \(operation) \(url.display): the server closed the connection early")
    }

    private var address: String { "\(url.host):\(url.port)" }

    private var proxy: ProxyURL? { url.scheme == .https ? settings.proxy.flatMap { ProxyURL($0) } : nil }

    /// The server or its proxy, for messages.
    private var place: String { proxy.map { "the proxy \($0.host):\($0.port)" } ?? address }

    private static func text(_ error: Int32) -> String { String(cString: strerror(error)).lowercased() }
}
