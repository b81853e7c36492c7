import PrewarmCore
import PrewarmEngine

/// Tokens of the API.
enum TokenRoutes {
    static let all = [
        Route(
            method: .get, template: "/tokens", name: "listTokens", summary: "API tokens, without their secrets",
            permission: .administer, answers: [(200, "[]Token")]
        ) { api, _ in
            APIAnswer(.array(try await AccessTokens(api.engine.store).list().map { Value($0, now: api.engine.now()) }))
        },
        Route(
            method: .post, template: "/tokens", name: "createToken",
            summary: "Make an API token; its secret is in this answer and nowhere else", permission: .administer,
            body: [
                .required("name", .text(maximum: 128), "what it is for, or whose it is"),
                .required("role", .choice(Role.allCases.map(\.rawValue)), "what it may do"),
                .optional("presets", .texts(maximum: 100), "patterns of presets that it is for; all where it lacks"),
                .optional("expires", .moment, "when it ends; else it is good until it is revoked"),
                .optional("by", .text(maximum: 256), "who does it"),
            ], answers: [(201, "Token")], problems: [409, 422]
        ) { api, call in
            guard let role = call.text("role").flatMap(Role.init) else {
                throw Problem("BadField", status: 400, "role")
            }
            let now = api.engine.now()
            let wish = AccessTokens.Wish(
                name: call.text("name") ?? "", role: role, presets: call.texts("presets"),
                expiresAt: try call.moment("expires", now: now))
            let (token, record) = try await AccessTokens(api.engine.store).create(
                wish, author: call.author, by: call.caller.name, from: call.caller.origin, now: now)
            return APIAnswer(
                Value(record, now: now).merging(["token": .string(token.text)]), status: 201)
        },
        Route(
            method: .delete, template: "/tokens/{token}", name: "revokeToken",
            summary: "Take a token back, by its name or id: from now on it opens nothing", permission: .administer,
            answers: [(200, "Token")], problems: [404]
        ) { api, call in
            let now = api.engine.now()
            let revoked = try await AccessTokens(api.engine.store).revoke(
                call.path["token"] ?? "", by: call.caller.name, from: call.caller.origin, now: now)
            return APIAnswer(Value(revoked, now: now))
        },
    ]
}
