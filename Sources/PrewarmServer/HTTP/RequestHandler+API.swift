internal import Crypto
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

extension RequestHandler {
    /// Answers a request to the API.
    ///
    /// - Parameter path: The decoded parts of the path below `/api/v1`.
    func callAPI(_ context: RequestContext, _ path: [String]) async throws -> Response {
        let choice = RouteChoice(path)
        let principal = try await access.principal(
            context, now: daemon.engine.now(), for: choice.role(context.request.method.rawValue))
        do {
            return try await callAPI(context, path, choice, principal)
        } catch let error as AccessError where error.reason == .refused {
            await denials.audit(error, context, principal, now: daemon.engine.now())
            throw error
        }
    }

    private func callAPI(
        _ context: RequestContext, _ path: [String], _ choice: RouteChoice, _ principal: Principal
    ) async throws -> Response {
        if path == ["openapi.json"] {
            try context.require([.get, .head])
            return json(OpenAPI.document, status: .ok, context)
        }
        if context.request.headers[.accept]?.contains("text/event-stream") == true {
            if path == ["events"] {
                try context.require([.get])
                return try await stream(context, to: principal)
            }
            if path.count == 2, path[0] == "claims", context.request.method == .get {
                return try await streamClaim(context, path, to: principal)
            }
        }
        guard
            let method = APIRequest.Method(
                rawValue: context.request.method == .head ? "GET" : context.request.method.rawValue)
        else {
            throw Problem.methodNotAllowed(choice.methods)
        }
        let match = try choice.match(method)
        // The body is read only for a caller who may use the operation.
        try match.admit(principal)
        var query = try context.query()
        if query["limit"] == nil, match.hasLimit { query["limit"] = "100" }
        var request = APIRequest(method, path, query: query, body: try await context.document())
        request.idempotencyKey = context.request.headers[.idempotencyKey]
        let answer = try await answer(request, match, context, principal)
        var response = json(answer.document, status: .init(code: answer.status), context)
        response.headers[.location] = answer.location
        if answer.isSecret { response.headers[.cacheControl] = "no-store" }
        if let cursor = answer.nextCursor {
            var next = query.filter { $0.key != "cursor" }.map { (name: $0.key, value: $0.value) }
            next.append(("cursor", cursor))
            let target = next.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value.percentEncoded)" }
            response.headers[.link] =
                "</api/v1/\(path.map(\.percentEncoded).joined(separator: "/"))?\(target.joined(separator: "&"))>; rel=\"next\""
        }
        return response
    }

    /// Calls the API. A request that waits is canceled when its token expires or is revoked. A read, or a request that
    /// waits, of an operation with ``Route/endsWithCaller`` is also canceled when its client hangs up.
    private func answer(
        _ request: APIRequest, _ match: RouteMatch, _ context: RequestContext, _ principal: Principal
    ) async throws -> APIAnswer {
        guard match.route.endsWithCaller, request.method == .get || request.waits else {
            return try await answerWhileLetIn(request, match, context, principal)
        }
        let hangUp = try await context.channel.pipeline.handler(type: HangUpHandler.self).map(\.hangUp).get()
        return try await hangUp.canceling { try await answerWhileLetIn(request, match, context, principal) }
    }

    private func answerWhileLetIn(
        _ request: APIRequest, _ match: RouteMatch, _ context: RequestContext, _ principal: Principal
    ) async throws -> APIAnswer {
        let caller = Caller(
            principal, origin: context.client.description, authorization: context.request.headers[.authorization])
        guard request.waits else {
            return try await api.answer(request, match, from: caller)
        }
        return try await withThrowingTaskGroup(of: APIAnswer?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await api.answer(request, match, from: caller) }
            group.addTask {
                try await access.waitForEnd(of: context) { daemon.engine.now() }
                return nil
            }
            guard let answer = try await group.next() ?? nil else { throw CancellationError() }
            return answer
        }
    }

    /// Returns a JSON answer. An answer to GET has an entity tag, and is 304 without a body if the client has this tag.
    private func json(_ document: some Document, status: HTTPResponse.Status, _ context: RequestContext) -> Response {
        let text = document.compactJSON + "\n"
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-cache"]
        if status == .ok, context.request.method == .get || context.request.method == .head {
            let tag = "\"" + SHA256.hash(data: Array(text.utf8)).prefix(16).hexadecimal + "\""
            headers[.eTag] = tag
            let known = context.request.headers[.ifNoneMatch] ?? ""
            if known == "*" || known.split(separator: ",").contains(where: { $0.filter { $0 != " " }.hasSuffix(tag) }) {
                return Response(status: .notModified, headers: headers)
            }
        }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension APIRequest {
    fileprivate var waits: Bool { query["wait"] != nil || body?["wait"] != nil }
}
