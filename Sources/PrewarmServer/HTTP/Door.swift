internal import Foundation
internal import HTTPTypes
package import Hummingbird
package import Logging
internal import NIOCore
internal import NIOHTTP1
import PrewarmCore
package import PrewarmEngine

/// Everything that the daemon serves over HTTP: the API, webhooks, metrics and health.
///
/// A request is bounded in its header, its body and its time before anything of it is believed.
package struct Door: Sendable {
    let api: API
    let daemon: Daemon
    let access: DoorAccess
    let metrics: Metrics
    let webhooks: WebhookReceiver
    let logger: Logger
    let storeReadiness = Readiness()
    let bodies = BodyBudget()
    let denials: DenialLog

    package init(
        daemon: Daemon, access: DoorAccess, metrics: Metrics, webhooks: WebhookReceiver, logger: Logger
    ) {
        api = API(daemon: daemon, deliveries: webhooks, metrics: metrics)
        self.daemon = daemon
        self.access = access
        self.metrics = metrics
        self.webhooks = webhooks
        self.logger = logger
        denials = DenialLog(store: { daemon.engine.store }, logger: logger)
    }

    /// In bytes, of the API.
    static let bodyLimit = 1024 * 1024
    /// Objects and lists within one another, of the API.
    static let bodyDepth = 16
    /// For all of a body.
    static let bodyTime = Duration.seconds(10)
    /// For all of a webhook's body where others at its address have not signed theirs.
    static let suspectBodyTime = Duration.seconds(2)
}

/// What the server knows of the connection.
package struct DoorContext: InitializableFromSource {
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

extension Door: HTTPResponder {
    package typealias Context = DoorContext

    package func respond(to request: Request, context: DoorContext) async throws -> Response {
        let id = RequestID(request.headers[.requestID])
        let visit = Visit(
            request: request, id: id.text,
            client: access.client(peer: context.channel.remoteAddress?.ipAddress ?? "", fields: request.headers),
            channel: context.channel, bodies: bodies)
        let startedAt = ContinuousClock.now
        var response: Response
        do {
            response = try await answer(visit)
        } catch {
            response = problem(error, visit)
        }
        response.headers[.requestID] = id.text
        response.headers[.contentTypeOptions] = "nosniff"
        if request.method == .head { response = Response(status: response.status, headers: response.headers) }
        logger.debug(
            "answered",
            metadata: [
                "request": "\(id.text)", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)", "from": "\(visit.client)",
                "microseconds": "\((ContinuousClock.now - startedAt) / .microseconds(1))",
            ])
        return response
    }

    private func answer(_ visit: Visit) async throws -> Response {
        try visit.checkHost()
        let path = try visit.path()
        switch path.first {
        case "healthz" where path.count == 1:
            try visit.require([.get, .head])
            return health()
        case "readyz" where path.count == 1:
            try visit.require([.get, .head])
            return await readiness()
        case "metrics" where path.count == 1:
            try visit.require([.get, .head])
            try Authorization.require(try await access.principal(visit, now: daemon.engine.now()), .lookAtAll)
            return Response(
                status: .ok, headers: [.contentType: Metrics.contentType],
                body: .init(byteBuffer: ByteBuffer(bytes: try await metrics.render(daemon.engine))))
        case "webhooks" where path.count == 2:
            try visit.require([.post])
            return try await receive(visit, at: path[1])
        case "api" where path.count > 2 && path[1] == "v1":
            return try await callAPI(visit, Array(path.dropFirst(2)))
        default:
            throw Problem("NotFound", status: 404, "there is nothing here", hint: "the API is below /api/v1")
        }
    }

    /// In the form of RFC 9457. What is not meant for the caller is logged.
    private func problem(_ error: any Error, _ visit: Visit) -> Response {
        let problem: Problem
        var headers = HTTPFields()
        switch error {
        case let error as AccessError:
            problem = Problem(error)
            headers[.wwwAuthenticate] = error.challenge
            denials.note(error, visit, now: daemon.engine.now())
        case is HTTPParserError:
            problem = Problem("BadRequest", status: 400, "the request is not valid HTTP/1.1")
        case let error where Problem(error) != nil: problem = Problem(error) ?? .internal
        case is CancellationError: problem = Problem("Stopping", status: 503, "the daemon is stopping")
        default:
            logger.error("a request failed", metadata: ["request": "\(visit.id)", "error": "\(error)"])
            problem = .internal
        }
        if !problem.allowedMethods.isEmpty { headers[.allow] = problem.allowedMethods.joined(separator: ", ") }
        if problem.status == 503 || problem.status == 429 { headers[.retryAfter] = "5" }
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: .init(code: problem.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: problem.value.compactJSON + "\n")))
    }
}

extension Problem {
    static let `internal` = Problem(
        "Internal", status: 500, "something went wrong here", hint: "the daemon's log has it by the request's id")

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

/// What a caller, or we, name a request in logs.
private struct RequestID {
    let text: String

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
    /// The literals are field names, which can't fail; the standard's own answers for one that would.
    private static func named(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .userAgent }

    static let requestID = named("X-Request-Id")
    static let contentTypeOptions = named("X-Content-Type-Options")
    static let idempotencyKey = named("Idempotency-Key")
    static let link = named("Link")
    static let lastEventID = named("Last-Event-ID")
    static let forwardedFor = named("X-Forwarded-For")
    static let forwarded = named("Forwarded")
    static let host = named("Host")
}
