import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The route that makes links to the dashboard.
enum SignInRoutes {
    static let all = [
        Route(
            method: .post, template: "/sign-in-codes", name: "createSignInCode",
            summary: "Create a one-time code for the dashboard",
            description: """
                Returns a code with which a browser signs in to the dashboard as the caller: open `/login?code=CODE`. \
                The code works once, within a minute. 409: no daemon runs here.
                """,
            permission: .look, body: [], answers: [(201, SignInCodeDocument.self)], problems: [409]
        ) { api, call in
            guard let codes = api.signInCodes, let authorization = call.caller.authorization else {
                throw Problem(
                    "NoDaemon", status: 409, "cannot create a code for the dashboard: no daemon runs in this process",
                    hint: "start the daemon with `prewarm serve`")
            }
            let code = codes.issue(for: authorization)
            let end = api.engine.now() + SignInCodes.lifetime
            return APIAnswer(SignInCodeDocument(code: code, expiresAt: end), status: 201)
        }
    ]
}
