import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The route with which a client checks its token.
enum CallerRoutes {
    static let all = [
        Route(
            method: .get, template: "/caller", name: "getCaller", summary: "Get the caller",
            description: "Returns the name, the role and the scope of the caller. An empty list of presets means all.",
            permission: .look, answers: [(200, CallerDocument.self)]
        ) { _, call in APIAnswer(CallerDocument(call.principal)) }
    ]
}

extension CallerDocument {
    fileprivate init(_ principal: Principal) {
        let kind: Kind =
            switch principal.kind {
            case .token: .token
            case .oidc: .oidc
            case .local: .local
            }
        self.init(
            kind, name: principal.name, role: principal.role, presets: principal.presets.texts,
            priority: principal.priority)
    }
}
