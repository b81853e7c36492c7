import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that list, create and revoke API tokens.
enum TokenRoutes {
    static let all = [
        Route(
            method: .get, template: "/tokens", name: "listTokens", summary: "List API tokens",
            description: "Returns the API tokens without their secrets, by name.",
            permission: .administer, answers: [(200, [TokenDocument].self)]
        ) { api, _ in
            APIAnswer(try await AccessTokens(api.engine.store).list().map { TokenDocument($0, now: api.engine.now()) })
        },
        Route(
            method: .post, template: "/tokens", name: "createToken",
            summary: "Create an API token",
            description: """
                Creates an API token. `token` in the answer is the only copy of its secret: prewarm stores a digest. \
                409: a token of this name exists, `expires` has passed, or a local caller creates the first token and it \
                is not an operator's for all presets. 422: the name or a pattern is invalid.
                """,
            permission: .administer,
            body: [
                .required("name", .text(maximum: 128), "the user or the purpose of the token"),
                .required("role", .choice(Role.allCases.map(\.rawValue)), "the role of the token"),
                .optional(
                    "presets", .texts(maximum: 100),
                    "patterns of the presets in the token's scope, for example go-* (default: all presets)"),
                .optional(
                    "priority", .integer(Ticket.priorities),
                    "the highest priority of its claims in the queue of a preset (default: \(Ticket.standardPriority))"),
                .optional("expires", .moment, "the time at which the token expires (default: it never expires)"),
                .optional("by", .text(maximum: 256), "the author to record (default: the caller)"),
            ], answers: [(201, TokenDocument.self)], problems: [409, 422]
        ) { api, call in
            guard let role = call.text("role").flatMap(Role.init) else {
                throw Problem(
                    "BadField", status: 400,
                    "invalid body: role must be one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            let now = api.engine.now()
            let wish = AccessTokens.Wish(
                name: call.text("name") ?? "", role: role, presets: call.texts("presets"),
                priority: call.number("priority") ?? Ticket.standardPriority,
                expiresAt: try call.moment("expires", now: now))
            let (token, record) = try await AccessTokens(api.engine.store).create(
                wish, author: call.author, by: call.caller.name, from: call.caller.origin,
                needsOperator: call.principal.kind == .local, now: now)
            return APIAnswer(TokenDocument(record, now: now, token: token.text), status: 201)
        },
        Route(
            method: .delete, template: "/tokens/{token}", name: "revokeToken",
            summary: "Revoke an API token",
            description: """
                Deletes an API token, which is refused from now on. `token` is its name, its id or the token itself. \
                404: there is no such token.
                """,
            permission: .administer, answers: [(200, TokenDocument.self)], problems: [404]
        ) { api, call in
            let now = api.engine.now()
            let revoked = try await AccessTokens(api.engine.store).revoke(
                call.path["token"] ?? "", by: call.caller.name, from: call.caller.origin, now: now)
            return APIAnswer(TokenDocument(revoked, now: now))
        },
    ]
}
