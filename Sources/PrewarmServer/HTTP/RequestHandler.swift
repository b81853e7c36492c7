internal import Foundation
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOHTTP1
import PrewarmAPI
import PrewarmCore
package import PrewarmEngine
package import PrewarmTelemetry
package import PrewarmWebhooks

/// The HTTP server of the daemon: the API, the dashboard, webhooks, metrics and health.
///
/// The size of header and body and the time of a request are limited before any part of the request is trusted.
package struct RequestHandler: Sendable {
    let api: API
    let daemon: Daemon
    let access: ServerAccess
    let metrics: Metrics
    let webhooks: WebhookReceiver
    let logger: Logger
    let storeReadiness = Readiness()
    let bodies = BodyBudget()
    let claimStreams = ClaimStreams()
    let denials: DenialLog
    let sessions = DashboardSessions()
    let signInCodes: SignInCodes
    let pendingSignIns = PendingSignIns()
    /// True if clients reach the daemon itself over TLS.
    let usesTLS: Bool

    package init(
        daemon: Daemon, access: ServerAccess, metrics: Metrics, webhooks: WebhookReceiver, usesTLS: Bool = false,
        logger: Logger
    ) {
        signInCodes = SignInCodes()
        api = API(daemon: daemon, deliveries: webhooks, metrics: metrics, signInCodes: signInCodes)
        self.usesTLS = usesTLS
        self.daemon = daemon
        self.access = access
        self.metrics = metrics
        self.webhooks = webhooks
        self.logger = logger
        denials = DenialLog(store: { daemon.engine.store }, logger: logger)
    }

    /// The most bytes of a body to the API.
    static let bodyLimit = 1024 * 1024
    /// The greatest depth of nested objects and lists in a body to the API.
    static let bodyDepth = 16
    /// The time limit for a whole body.
    static let bodyTime = Duration.seconds(10)
    /// The time limit for a whole webhook body from an address that has sent webhooks with wrong signatures.
    static let suspectBodyTime = Duration.seconds(2)
}

extension RequestHandler {
    /// Returns the answer to a request.
    /// - Parameter channel: The connection of the request.
    func respond(to request: Request, channel: any Channel) async -> Response {
        let id = RequestID(request.headers[.requestID])
        let context = RequestContext(
            request: request, id: id.text,
            client: access.client(
                peer: channel.remoteAddress?.ipAddress ?? "", forwardedFor: request.headers[.forwardedFor]),
            channel: channel, bodies: bodies)
        let startedAt = ContinuousClock.now
        var response: Response
        do {
            response = try await answer(context)
        } catch {
            response = problem(error, context)
        }
        response.headers[.requestID] = id.text
        response.headers[.contentTypeOptions] = "nosniff"
        if request.method == .head { response = Response(status: response.status, headers: response.headers) }
        logger.debug(
            "answered a request",
            metadata: [
                "request": "\(id.text)", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)", "from": "\(context.client)",
                "microseconds": "\((ContinuousClock.now - startedAt) / .microseconds(1))",
            ])
        return response
    }

    private func answer(_ context: RequestContext) async throws -> Response {
        try context.checkHost()
        let path = try context.path()
        switch path.first {
        case "healthz" where path.count == 1:
            try context.require([.get, .head])
            return health()
        case "readyz" where path.count == 1:
            try context.require([.get, .head])
            return await readiness()
        case "metrics" where path.count == 1:
            try context.require([.get, .head])
            try Authorization.require(try await access.principal(context, now: daemon.engine.now()), .lookAtAll)
            return Response(
                status: .ok, headers: [.contentType: Metrics.contentType],
                body: .init(byteBuffer: ByteBuffer(bytes: try await metrics.render(daemon.engine))))
        case "webhooks" where path.count == 2:
            try context.require([.post])
            return try await receive(context, at: path[1])
        case "api" where path.count > 2 && path[1] == "v1":
            return try await callAPI(context, Array(path.dropFirst(2)))
        case _ where Self.isPage(path):
            return await answerPage(context, path)
        default:
            throw Problem(
                "NotFound", status: 404, "there is no path \(context.request.uri.path.forMessage)",
                hint: "see the paths of the API in /api/v1/openapi.json")
        }
    }

    /// Returns an answer for an error in the form of RFC 9457.
    private func problem(_ error: any Error, _ context: RequestContext) -> Response {
        let described = describe(error, context)
        let problem = described.problem
        var headers = described.headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: .init(code: problem.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: ProblemDocument(problem).compactJSON + "\n")))
    }

    /// Returns the problem of an error, with the headers of its answer. A refusal and an unexpected error are logged, and the
    /// caller gets only a hint to the log for the latter.
    func describe(_ error: any Error, _ context: RequestContext) -> (problem: Problem, headers: HTTPFields) {
        let problem: Problem
        var headers = HTTPFields()
        switch error {
        case let error as AccessError:
            problem = Problem(error)
            headers[.wwwAuthenticate] = error.challenge
            denials.note(error, context, now: daemon.engine.now())
        case is HTTPParserError:
            problem = Problem("BadRequest", status: 400, "invalid request: it is not valid HTTP/1.1")
        case let error where Problem(error) != nil: problem = Problem(error) ?? .internal
        case is CancellationError:
            problem = Problem(
                "Stopping", status: 503, "cannot answer the request: the daemon is stopping",
                hint: "repeat the request after a few seconds")
        default:
            logger.error("a request failed", metadata: ["request": "\(context.id)", "error": "\(error)"])
            problem = .internal
        }
        if !problem.allowedMethods.isEmpty { headers[.allow] = problem.allowedMethods.joined(separator: ", ") }
        if problem.status == 503 || problem.status == 429 { headers[.retryAfter] = "5" }
        return (problem, headers)
    }
}

extension Problem {
    static let `internal` = Problem(
        "Internal", status: 500, "cannot answer the request: an internal error occurred",
        hint: "search the daemon's log for the id in the header X-Request-Id of this answer")

    init(_ error: AccessError) {
        self.init(error.reason.code, status: error.reason.status, error.message, hint: error.hint)
    }
}

extension AccessError.Reason {
    fileprivate var code: String {
        switch self {
        case .missing: "TokenMissing"
        case .unknown: "TokenUnknown"
        case .expired: "TokenExpired"
        case .refused: "Forbidden"
        case .unavailable: "Unavailable"
        case .configuration: "Misconfigured"
        }
    }
}

/// The id of a request in logs.
private struct RequestID {
    let text: String

    /// Takes the given id if it has 1 to 128 letters, digits, `-` and `_`. Otherwise creates a random id of 13 digits.
    init(_ given: String?) {
        if let given, (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
            })
        {
            text = given
            return
        }
        var generator = SystemRandomNumberGenerator()
        var digits = String(generator.next(), radix: 32)
        digits = String(repeating: "0", count: max(0, 13 - digits.count)) + digits
        text = digits
    }
}

extension HTTPField.Name {
    /// Returns a field name. The literals below are valid names, so the fallback is never used.
    private static func named(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .userAgent }

    static let requestID = named("X-Request-Id")
    static let contentTypeOptions = named("X-Content-Type-Options")
    static let idempotencyKey = named("Idempotency-Key")
    static let link = named("Link")
    static let lastEventID = named("Last-Event-ID")
    static let forwardedFor = named("X-Forwarded-For")
    static let host = named("Host")
}
