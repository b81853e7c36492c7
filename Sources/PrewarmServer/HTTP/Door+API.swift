internal import Crypto
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PrewarmCore
import PrewarmEngine

extension Door {
    func callAPI(_ visit: Visit, _ path: [String]) async throws -> Response {
        let principal = try await access.principal(visit, now: daemon.engine.now())
        if path == ["openapi.json"] {
            try visit.require([.get, .head])
            return json(OpenAPI.document, status: .ok, visit)
        }
        if path == ["events"], visit.request.headers[.accept]?.contains("text/event-stream") == true {
            try visit.require([.get])
            return try await stream(visit, to: principal)
        }
        guard
            let method = APIRequest.Method(
                rawValue: visit.request.method == .head ? "GET" : visit.request.method.rawValue)
        else {
            throw Problem("MethodNotAllowed", status: 405, "here only GET, POST, DELETE are possible")
        }
        var query = try visit.query()
        if query["limit"] == nil, API.hasLimit(path, method) { query["limit"] = "100" }
        var request = APIRequest(method, path, query: query, body: try await visit.document())
        request.idempotencyKey = visit.request.headers[.idempotencyKey]
        let answer = try await api.answer(request, from: Caller(principal, origin: visit.client.description))
        var response = json(answer.value, status: .init(code: answer.status), visit)
        response.headers[.location] = answer.location
        if let cursor = answer.nextCursor {
            var next = query.filter { $0.key != "cursor" }.map { (name: $0.key, value: $0.value) }
            next.append(("cursor", cursor))
            let target = next.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value.percentEncoded)" }
            response.headers[.link] =
                "</api/v1/\(path.map(\.percentEncoded).joined(separator: "/"))?\(target.joined(separator: "&"))>; rel=\"next\""
        }
        return response
    }

    /// With an entity tag, so that whoever asks again gets a body only where something changed.
    private func json(_ value: Value, status: HTTPResponse.Status, _ visit: Visit) -> Response {
        let text = value.compactJSON + "\n"
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-cache"]
        if status == .ok, visit.request.method == .get || visit.request.method == .head {
            let digest = SHA256.hash(data: Array(text.utf8)).prefix(16)
            let tag = "\"" + digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\""
            headers[.eTag] = tag
            let known = visit.request.headers[.ifNoneMatch] ?? ""
            if known == "*" || known.split(separator: ",").contains(where: { $0.filter { $0 != " " }.hasSuffix(tag) }) {
                return Response(status: .notModified, headers: headers)
            }
        }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension API {
    static func hasLimit(_ path: [String], _ method: APIRequest.Method) -> Bool {
        routes.contains { route in
            route.method == method && route.match(path) != nil && route.query.contains { $0.name == "limit" }
        }
    }
}
