import PrewarmCore
import PrewarmEngine

/// The route with which a client checks its token.
enum CallerRoutes {
    static let all = [
        Route(
            method: .get, template: "/caller", name: "getCaller", summary: "Get the caller",
            description: "Returns the name, the role and the scope of the caller. An empty list of presets means all.",
            permission: .look, answers: [(200, "Caller")]
        ) { _, call in APIAnswer(Value(call.principal)) }
    ]
}

extension Value {
    /// Creates the document `Caller`.
    fileprivate init(_ principal: Principal) {
        let kind =
            switch principal.kind {
            case .token: "token"
            case .oidc: "oidc"
            case .local: "local"
            }
        self = .object(known: [
            "kind": .string(kind), "name": .string(principal.name), "role": .string(principal.role.rawValue),
            "presets": .array(principal.presets.texts.map { .string($0) }), "priority": .int(principal.priority),
        ])
    }
}
