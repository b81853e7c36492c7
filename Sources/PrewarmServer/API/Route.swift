import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// An operation of the API. Requests are checked against it, and the OpenAPI document is generated from it, so that the
/// two always agree.
struct Route: Sendable {
    /// The permission that is checked before the body of a request is read; see ``Authorization``.
    enum Permission: Sendable {
        case look, wakeUp, operate, administer
        /// Any role. The handler then checks the preset or the workspace.
        case ofObject
        /// At least the role claimer, or operator. The handler then checks the preset or the workspace.
        case ofObjectForClaimers, ofObjectForOperators
    }

    let method: APIRequest.Method
    /// The path below `/api/v1`, for example `/presets/{preset}`.
    let template: String
    /// The `operationId` in the OpenAPI document.
    let name: String
    /// The `summary` in the OpenAPI document: a short imperative.
    let summary: String
    /// The beginning of the `description` in the OpenAPI document: what the operation does and what its answers mean. The
    /// callers of ``permission`` are added to it.
    let description: String
    let permission: Permission
    var query: [Field] = []
    /// The members of the body; nil if the operation takes no body.
    var body: [Field]?
    /// The names of members of which the body must contain exactly one.
    var exactlyOne: [String] = []
    var takesIdempotencyKey = false
    /// A flag for operations that can take long and change nothing meanwhile. They are canceled when the client hangs up, if
    /// the request reads or waits.
    var endsWithCaller = false
    /// The statuses of successful answers with the types of their documents. A status can have several types.
    var answers: [(status: Int, type: any Document.Type)]
    /// The statuses of problems that this operation can return besides the general ones.
    var problems: [Int] = []
    let handle: @Sendable (API, APICall) async throws -> APIAnswer

    /// Returns the parameters of the path, or nil if the path does not match this route. The template is compared in place,
    /// because a request is compared with all routes.
    func match(_ path: [String]) -> [String: String]? {
        var (rest, parameters) = (template[...], [String: String]())
        for text in path {
            guard rest.first == "/" else { return nil }
            let part = rest.dropFirst().prefix { $0 != "/" }
            rest = rest[part.endIndex...]
            if part.first == "{" {
                parameters[String(part.dropFirst().dropLast())] = text
            } else if part != text {
                return nil
            }
        }
        return rest.isEmpty ? parameters : nil
    }
}

/// A request whose route is known and whose members were checked.
struct APICall: Sendable {
    let caller: Caller
    let path: [String: String]
    let query: [String: Value]
    let body: [String: Value]
    let idempotencyKey: String?

    /// Checks a request against its route.
    ///
    /// - Parameter path: The parameters of the path, which ``Route/match(_:)`` returns.
    /// - Throws: ``Problem`` with the status 400 if the request does not fit the route.
    init(_ request: APIRequest, _ route: Route, path: [String: String], caller: Caller) throws(Problem) {
        self.caller = caller
        self.path = path
        idempotencyKey = request.idempotencyKey
        let texts = request.query.map { name, text in
            (name, route.query.first { $0.name == name }?.value(ofQuery: text) ?? .string(text))
        }
        query = try Self.check(texts, against: route.query, in: "query")
        switch (route.body, request.body) {
        case (nil, nil): body = [:]
        case (nil, _?):
            throw Problem(
                "BodyNotExpected", status: 400, "invalid request: \(route.name) takes no body",
                hint: "send the request without a body")
        case (let fields?, nil):
            body = try Self.check([], against: fields, in: "body")
        case (let fields?, .object(let pairs)?):
            body = try Self.check(pairs.map { ($0.key, $0.value) }, against: fields, in: "body")
        case (_?, _?): throw Problem("BadBody", status: 400, "invalid body: it must be a JSON object")
        }
        let chosen = route.exactlyOne.filter { body[$0] != nil }
        if !route.exactlyOne.isEmpty, chosen.count != 1 {
            let found = chosen.isEmpty ? "none" : chosen.joined(separator: ", ")
            throw Problem(
                "BadField", status: 400,
                "invalid body: it must contain exactly one of \(route.exactlyOne.joined(separator: ", ")); "
                    + "it contains \(found)")
        }
        for (name, text) in path where text.isEmpty || text.unicodeScalars.count > 256 {
            throw Problem(
                "BadPath", status: 400,
                "invalid path: {\(name)} must have 1 to 256 characters; it has \(text.unicodeScalars.count)")
        }
        if let key = idempotencyKey, !(1...256).contains(key.unicodeScalars.count) {
            throw Problem(
                "BadHeader", status: 400,
                "invalid header Idempotency-Key: it must have 1 to 256 characters; it has \(key.unicodeScalars.count)")
        }
    }

    /// Checks each member, and returns the members by name.
    ///
    /// - Parameter place: The place for error messages: `query` or `body`.

    private static func check(
        _ members: [(String, Value)], against fields: [Field], in place: String
    ) throws(Problem) -> [String: Value] {
        var known: [String: Value] = [:]
        for (name, value) in members {
            guard let field = fields.first(where: { $0.name == name }) else {
                let names = fields.map(\.name)
                throw Problem(
                    "UnknownField", status: 400, "invalid \(place): unknown field \"\(name.prefix(80))\"",
                    hint: names.closest(to: name).map { "did you mean \"\($0)\"?" }
                        ?? (names.isEmpty
                            ? "remove all fields from the \(place)" : "use one of \(names.joined(separator: ", "))"))
            }
            if let expectation = field.expectation(value) {
                throw Problem("BadField", status: 400, "invalid \(place): \(name) must be \(expectation)")
            }
            known[name] = value
        }
        for field in fields where field.isRequired && known[field.name] == nil {
            throw Problem(
                "MissingField", status: 400, "invalid \(place): the field \"\(field.name)\" is missing",
                hint: "add \"\(field.name)\": \(field.meaning)")
        }
        return known
    }

    // Each of these returns a member of the body, or of the query if the body has no member of that name.

    func text(_ name: String) -> String? { (body[name] ?? query[name])?.string }
    func flag(_ name: String) -> Bool { (body[name] ?? query[name])?.bool ?? false }
    func number(_ name: String) -> Int? { (body[name] ?? query[name])?.wholeNumber }
    func duration(_ name: String) -> Duration? { text(name).flatMap { Duration(prewarm: $0) } }
    func texts(_ name: String) -> [String] { (body[name] ?? query[name])?.elements.compactMap(\.string) ?? [] }

    /// Returns the time that a member names, or nil if the member is absent. A duration counts from `now`.
    ///
    /// - Throws: ``Problem`` with the status 409 if the time has passed.
    func moment(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        guard let text = text(name) else { return nil }
        let time = Timestamp(text) ?? Duration(prewarm: text).map { now + $0 }
        if let time, time <= now {
            throw Problem(
                "TimeHasPassed", status: 409, "invalid \(name): \(time) has passed",
                hint: "use a time after \(now), which is now, or a duration, for example 2h")
        }
        return time
    }
}
