internal import HTTPTypes
internal import HummingbirdCore
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// Signing in and out.
extension RequestHandler {
    /// Answers `/login`: the page that asks for a token, a link with a one-time code, or the form of either.
    func signIn(_ context: RequestContext) async throws -> Response {
        try context.require([.get, .head, .post])
        if context.request.method == .post { return try await receiveSignIn(context) }
        let query = try context.query()
        if let code = query["code"], context.request.method == .get {
            // A link on another site could sign a reader in as the attacker who made the code. It needs a click.
            guard context.request.headers[.secFetchSite] == "none" else {
                return page(.confirmSignIn(code: code), for: nil)
            }
            return try await signIn(context, code: code)
        }
        return signInPage(error: nil, next: Self.target(query["next"]))
    }

    private func receiveSignIn(_ context: RequestContext) async throws -> Response {
        try SameOrigin.require(context.request.headers, host: context.host)
        let form = try await context.form(from: .unverified(group: context.client.group + " small"))
        if let code = form["code"] { return try await signIn(context, code: code) }
        let text = form["token"]?.split(whereSeparator: \.isWhitespace).joined() ?? ""
        return try await signIn(context, "Bearer \(text)", next: Self.target(form["next"]))
    }

    private func signIn(_ context: RequestContext, code: String) async throws -> Response {
        guard let authorization = signInCodes.redeem(code) else {
            let error = AccessError(
                .expired, "the code is not valid: it was used, or it is older than a minute",
                hint: "run `prewarm dashboard` again, or sign in with a token")
            denials.note(error, context, now: daemon.engine.now())
            return refuse(error, next: "/")
        }
        return try await signIn(context, authorization, next: "/")
    }

    private func signIn(_ context: RequestContext, _ authorization: String, next: String) async throws -> Response {
        let principal: Principal
        do {
            principal = try await access.principal(authorization, context, now: daemon.engine.now())
        } catch let error as AccessError {
            denials.note(error, context, now: daemon.engine.now())
            return refuse(error, next: next)
        }
        // The earlier session of this browser ends, so that its cookie is worth nothing any more.
        if let earlier = context.cookie(cookieName(context)) { sessions.end(earlier) }
        var response = redirect(to: next)
        startSession(.token(authorization), of: principal, context, in: &response)
        return response
    }

    /// Starts a session, and adds its cookie to an answer.
    func startSession(
        _ credential: SessionCredential, of principal: Principal, _ context: RequestContext,
        in response: inout Response
    ) {
        // The daemon ends the session of an identity earlier. The browser keeps the cookie, so that the daemon then knows the
        // provider that can confirm the identity again.
        let cookie = sessions.start(credential, caller: principal.owner.description)
        response.headers.append(
            HTTPField(
                name: .setCookie,
                value: setCookie(context, value: cookie, seconds: DashboardSessions.longest.components.seconds)))
    }

    private func refuse(_ error: AccessError, next: String) -> Response {
        signInPage(
            error: Notice(isError: true, error.message, hint: error.hint), next: next,
            status: .init(code: error.reason.status))
    }

    /// Returns the page with all ways to sign in.
    func signInPage(error: Notice?, next: String, status: HTTPResponse.Status = .ok) -> Response {
        let providers = access.signIns.map { signIn in
            SignInOption(
                title: signIn.provider.title,
                address: "\(access.address(ofSignIn: signIn.provider.name))?next=\(next.percentEncoded)")
        }
        return page(.signIn(error: error, next: next, providers: providers), for: nil, status: status)
    }

    /// Ends a session.
    func signOut(_ context: RequestContext, _ reader: SignedIn) -> Response {
        sessions.end(reader.cookie)
        var response = redirect(to: "/login")
        response.headers[.setCookie] = setCookie(context, value: "", seconds: 0)
        return response
    }

    /// Returns the address to go to after a sign-in: the given one if it is a path of this daemon, otherwise `/`.
    static func target(_ next: String?) -> String {
        guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), next.utf8.count <= 2000,
            next.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return next
    }

    // MARK: The cookie

    /// The name of the cookie. Over TLS, browsers accept `__Host-` only from this host and with `Secure`. Browsers share
    /// cookies between the ports of a host, so the name has the port: several daemons on a machine keep their sessions.
    func cookieName(_ context: RequestContext) -> String {
        let port = context.host?.split(separator: ":").dropFirst().last.flatMap { UInt16($0) }
        return (isEncrypted(context) ? "__Host-prewarm" : "prewarm-session") + (port.map { "-\($0)" } ?? "")
    }

    private func setCookie(_ context: RequestContext, value: String, seconds: Int64) -> String {
        setCookie(context, cookieName(context), value: value, seconds: seconds, sameSite: "Strict")
    }

    /// Returns the header that sets a cookie, which no script can read.
    func setCookie(
        _ context: RequestContext, _ name: String, value: String, seconds: Int64, sameSite: String
    ) -> String {
        let secure = isEncrypted(context) ? "; Secure" : ""
        return "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=\(sameSite)\(secure)"
    }

    /// Says whether the browser reaches the daemon over TLS: directly, by a trusted proxy that says so, or at the public URL.
    private func isEncrypted(_ context: RequestContext) -> Bool {
        usesTLS || access.isForwardedOverTLS(peer: context.peer, fields: context.request.headers)
            || access.isPublicOverTLS(host: context.host)
    }
}
