import PrewarmCore
import PrewarmEngine

/// One thing that the API can do. Requests are checked against it, and OpenAPI is written from it, so that the two
/// can't differ.
struct Route: Sendable {
    /// What the caller is asked for before anything else; see ``Authorization``.
    enum Permission: Sendable {
        case look, nudge, operate, administer
        /// It depends on the preset or the workspace: the handler asks.
        case ofObject
        /// The same, of callers who are at least claimers, or operators.
        case ofObjectForClaimers, ofObjectForOperators
    }

    let method: APIRequest.Method
    /// `/presets/{name}`
    let template: String
    /// `operationId` of OpenAPI.
    let name: String
    let summary: String
    let permission: Permission
    var query: [Field] = []
    /// Nil: it takes no body.
    var body: [Field]?
    /// Of these members of the body there has to be one, and one only.
    var exactlyOne: [String] = []
    var takesIdempotencyKey = false
    /// Whether it may take long and changes nothing meanwhile, so that it ends where its caller hangs up.
    var endsWithCaller = false
    /// Status of an answer that is no problem, with the name of its schema; a list's begins with `[]`.
    var answers: [(status: Int, schema: String)]
    /// Codes of the problems that only this route has, by status.
    var problems: [Int] = []
    let handle: @Sendable (API, APICall) async throws -> APIAnswer

    /// The parameters of the path where this is the route of `path`.
    func match(_ path: [String]) -> [String: String]? {
        let parts = template.split(separator: "/")
        guard parts.count == path.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, text) in zip(parts, path) {
            if part.hasPrefix("{") {
                parameters[String(part.dropFirst().dropLast())] = text
            } else if part != text {
                return nil
            }
        }
        return parameters
    }
}

/// A request whose route was found and whose members were checked.
struct APICall: Sendable {
    let caller: Caller
    let path: [String: String]
    let query: [String: Value]
    let body: [String: Value]
    let idempotencyKey: String?

    init(_ request: APIRequest, _ route: Route, path: [String: String], caller: Caller) throws(Problem) {
        self.caller = caller
        self.path = path
        idempotencyKey = request.idempotencyKey
        let texts = request.query.map { name, text in
            (name, route.query.first { $0.name == name }?.value(ofQuery: text) ?? .string(text))
        }
        query = try Self.check(texts, against: route.query, in: "the query")
        switch (route.body, request.body) {
        case (nil, nil): body = [:]
        case (nil, _?): throw Problem("BodyNotExpected", status: 400, "\(route.name) takes no body")
        case (let fields?, nil):
            body = try Self.check([], against: fields, in: "the body")
        case (let fields?, .object(let pairs)?):
            body = try Self.check(pairs.map { ($0.key, $0.value) }, against: fields, in: "the body")
        case (_?, _?): throw Problem("BadBody", status: 400, "the body is no JSON object")
        }
        let chosen = route.exactlyOne.filter { body[$0] != nil }
        if !route.exactlyOne.isEmpty, chosen.count != 1 {
            throw Problem(
                "BadField", status: 400,
                "the body has to name exactly one of \(route.exactlyOne.joined(separator: ", "))")
        }
        for (name, text) in path where text.isEmpty || text.unicodeScalars.count > 256 {
            throw Problem("BadPath", status: 400, "the \(name) in the path has to have 1 to 256 characters")
        }
        if let key = idempotencyKey, !(1...256).contains(key.unicodeScalars.count) {
            throw Problem("BadHeader", status: 400, "Idempotency-Key takes 1 to 256 characters")
        }
    }

    private static func check(
        _ members: [(String, Value)], against fields: [Field], in place: String
    ) throws(Problem) -> [String: Value] {
        var known: [String: Value] = [:]
        for (name, value) in members {
            guard let field = fields.first(where: { $0.name == name }) else {
                let names = fields.map(\.name)
                throw Problem(
                    "UnknownField", status: 400, "\(place) has an unknown field \"\(name.prefix(80))\"",
                    hint: names.closest(to: name).map { "did you mean \"\($0)\"?" }
                        ?? (names.isEmpty ? nil : "it takes \(names.joined(separator: ", "))"))
            }
            if let expectation = field.expectation(value) {
                throw Problem("BadField", status: 400, "\(name) in \(place): expected \(expectation)")
            }
            known[name] = value
        }
        for field in fields where field.isRequired && known[field.name] == nil {
            throw Problem("MissingField", status: 400, "\(place) lacks \(field.name): \(field.meaning)")
        }
        return known
    }

    func text(_ name: String) -> String? { (body[name] ?? query[name])?.string }
    func flag(_ name: String) -> Bool { (body[name] ?? query[name])?.bool ?? false }
    func number(_ name: String) -> Int? { (body[name] ?? query[name])?.int }
    func duration(_ name: String) -> Duration? { text(name).flatMap { Duration(prewarm: $0) } }
    func texts(_ name: String) -> [String] { (body[name] ?? query[name])?.elements.compactMap(\.string) ?? [] }

    /// - Throws: where the time has passed.
    func moment(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        guard let text = text(name) else { return nil }
        let time = Timestamp(text) ?? Duration(prewarm: text).map { now + $0 }
        if let time, time <= now {
            throw Problem(
                "TimeHasPassed", status: 409, "\(time) has passed", hint: "it is \(now) now; name a later time")
        }
        return time
    }
}
