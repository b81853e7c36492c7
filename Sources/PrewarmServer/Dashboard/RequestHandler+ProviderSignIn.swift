internal import HTTPTypes
internal import HummingbirdCore
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// Signing in at a provider: `/login/NAME` sends the browser there, and `/login/NAME/callback` receives its answer.
extension RequestHandler {
    func signIn(_ context: RequestContext, atProvider path: [String]) async throws -> Response {
        let signIn = access.signIns.first { path.count > 1 && $0.provider.name == path[1] }
        guard let signIn, path.count == 2 || path.count == 3 && path[2] == "callback" else {
            throw Problem("NotFound", status: 404, "there is no page \(context.request.uri.path.forMessage)")
        }
        // A HEAD request must not use up a code.
        try context.require([.get])
        let query = try context.query()
        do {
            return try await path.count == 2
                ? begin(signIn, context, next: Self.target(query["next"])) : finish(signIn, context, query)
        } catch let error as AccessError {
            denials.note(error, context, now: daemon.engine.now())
            return refused(Notice(isError: true, error.message, hint: error.hint), status: error.reason.status)
        } catch let problem as Problem {
            denials.note(status: problem.status, problem.message, context, now: daemon.engine.now())
            return refused(Notice(isError: true, problem.message, hint: problem.hint), status: problem.status)
        }
    }

    private func refused(_ notice: Notice, status: Int) -> Response {
        signInPage(error: notice, next: "/", status: .init(code: status))
    }

    /// The most sign-ins that a browser begins without finishing one. Their cookies must not fill the header of requests.
    private static let mostPending = 4

    /// Sends the browser to the provider, with a cookie that binds the answer to this browser.
    private func begin(_ signIn: ProviderSignIn, _ context: RequestContext, next: String) async throws -> Response {
        let earlier = context.cookie(cookieName(context)).map { DashboardSessions.key($0) } ?? ""
        let pending = PendingSignIn(provider: signIn.provider.name, next: next, earlier: earlier)
        var response = redirect(to: try await signIn.address(for: pending))
        guard let sealed = pendingSignIns.seal(pending) else { throw Problem.internal }
        let open = context.cookies.map(\.name).filter { $0.hasPrefix(pendingPrefix(context)) }
        if open.count >= Self.mostPending { for name in open { clear(name, context, in: &response) } }
        response.headers.append(
            HTTPField(
                name: .setCookie,
                value: setCookie(
                    context, pendingName(pending.state, context), value: sealed,
                    // The answer comes from another site, so a browser would not send a cookie that is `Strict`.
                    seconds: PendingSignIns.lifetime.components.seconds, sameSite: "Lax")))
        return response
    }

    /// Receives the answer of the provider: redeems the code, and starts a session.
    private func finish(
        _ signIn: ProviderSignIn, _ context: RequestContext, _ query: [String: String]
    ) async throws -> Response {
        let pending = try pending(signIn, context, state: query["state"] ?? "")
        if let error = query["error"] {
            let text = [error, query["error_description"]].compactMap { $0?.forMessage }.joined(separator: ": ")
            throw AccessError(
                .refused, "\(signIn.provider.title) did not sign you in: \(text)",
                hint: "sign in again, or ask the administrator of \(signIn.provider.title) for access")
        }
        try await signIn.checkIssuer(query["iss"])
        guard let code = query["code"], !code.isEmpty, code.utf8.count <= 4096 else {
            throw AccessError(
                .unknown, "cannot sign in with \(signIn.provider.title): its answer has no code", hint: "sign in again")
        }
        let identity = try await pendingSignIns.redeeming(for: context.client.group, now: daemon.engine.now()) {
            try await signIn.identity(code: code, of: pending, now: daemon.engine.clock.machineTime())
        }
        let principal = try signIn.principal(of: identity, now: daemon.engine.clock.machineTime())
        if !pending.earlier.isEmpty { sessions.end(key: pending.earlier) }
        // The cookie of the session is `Strict`: a browser sends it only with a request that a page of this site makes. So
        // the answer is a page that goes on, and not a redirect.
        var response = page(.signedIn(next: pending.next), for: nil)
        response.headers[.referrerPolicy] = "no-referrer"
        startSession(.identity(identity), of: principal, context, in: &response)
        clear(pendingName(pending.state, context), context, in: &response)
        logger.info(
            "a person signed in to the dashboard",
            metadata: [
                "provider": "\(signIn.provider.name)", "subject": "\(principal.name)",
                "role": "\(principal.role.rawValue)", "from": "\(context.client)",
            ])
        return response
    }

    /// Returns the sign-in that an answer belongs to. Each can be used once, by the browser that began it.
    private func pending(_ signIn: ProviderSignIn, _ context: RequestContext, state: String) throws -> PendingSignIn {
        guard state.utf8.count <= 200, let cookie = context.cookie(pendingName(state, context)),
            let pending = pendingSignIns.open(cookie), pending.state == state,
            pending.provider == signIn.provider.name, pendingSignIns.use(state)
        else {
            throw AccessError(
                .unknown,
                "cannot sign in with \(signIn.provider.title): this sign-in was not begun in this browser, was used, or is "
                    + "older than \(PendingSignIns.lifetime.components.seconds / 60) minutes",
                hint: "sign in again")
        }
        return pending
    }

    // MARK: Cookies

    private func pendingPrefix(_ context: RequestContext) -> String { cookieName(context) + "-login-" }

    private func pendingName(_ state: String, _ context: RequestContext) -> String {
        pendingPrefix(context) + PendingSignIn.mark(of: state)
    }

    private func clear(_ name: String, _ context: RequestContext, in response: inout Response) {
        response.headers.append(
            HTTPField(name: .setCookie, value: setCookie(context, name, value: "", seconds: 0, sameSite: "Lax")))
    }
}

extension ServerAccess {
    /// Returns the address that begins the sign-in at a provider. It has the host of `server.baseUrl`, because the provider
    /// sends the browser back to that host, and cookies belong to a host.
    func address(ofSignIn name: String) -> String {
        let path = "/login/\(name)"
        return signIns.first { $0.provider.name == name }.map { $0.baseURL + path } ?? path
    }
}
