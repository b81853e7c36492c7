internal import HTTPTypes
internal import Hummingbird
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// Signing in and out.
extension Door {
    /// Answers `/login`: the page that asks for a token, a link with a one-time code, or the form of either.
    func signIn(_ visit: Visit) async throws -> Response {
        try visit.require([.get, .head, .post])
        if visit.request.method == .post { return try await receiveSignIn(visit) }
        let query = try visit.query()
        if let code = query["code"], visit.request.method == .get {
            // A link on another site could sign a reader in as the attacker who made the code. It needs a click.
            guard visit.request.headers[.secFetchSite] == "none" else {
                return page(.confirmSignIn(code: code), for: nil)
            }
            return try await signIn(visit, code: code)
        }
        return page(.signIn(error: nil, next: Self.target(query["next"])), for: nil)
    }

    private func receiveSignIn(_ visit: Visit) async throws -> Response {
        try SameOrigin.require(visit.request.headers, host: visit.host)
        let form = try await visit.form(from: .unverified(group: visit.client.group + " small"))
        if let code = form["code"] { return try await signIn(visit, code: code) }
        let text = form["token"]?.split(whereSeparator: \.isWhitespace).joined() ?? ""
        return try await signIn(visit, "Bearer \(text)", next: Self.target(form["next"]))
    }

    private func signIn(_ visit: Visit, code: String) async throws -> Response {
        guard let authorization = signInCodes.redeem(code) else {
            let error = AccessError(
                .expired, "the code is not valid: it was used, or it is older than a minute",
                hint: "run `prewarm dashboard` again, or sign in with a token")
            denials.note(error, visit, now: daemon.engine.now())
            return refuse(error, next: "/")
        }
        return try await signIn(visit, authorization, next: "/")
    }

    private func signIn(_ visit: Visit, _ authorization: String, next: String) async throws -> Response {
        let principal: Principal
        do {
            principal = try await access.principal(authorization, visit, now: daemon.engine.now())
        } catch let error as AccessError {
            denials.note(error, visit, now: daemon.engine.now())
            return refuse(error, next: next)
        }
        // The earlier session of this browser ends, so that its cookie is worth nothing any more.
        if let earlier = visit.cookie(cookieName(visit)) { sessions.end(earlier) }
        let cookie = sessions.start(authorization, caller: principal.auditName)
        var response = redirect(to: next)
        response.headers[.setCookie] = setCookie(
            visit, value: cookie, seconds: DashboardSessions.longest.components.seconds)
        return response
    }

    private func refuse(_ error: AccessError, next: String) -> Response {
        page(
            .signIn(error: Notice(isError: true, error.message, hint: error.hint), next: next), for: nil,
            status: .init(code: error.reason.status))
    }

    /// Ends a session.
    func signOut(_ visit: Visit, _ reader: SignedIn) -> Response {
        sessions.end(reader.cookie)
        var response = redirect(to: "/login")
        response.headers[.setCookie] = setCookie(visit, value: "", seconds: 0)
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
    func cookieName(_ visit: Visit) -> String {
        let port = visit.host?.split(separator: ":").dropFirst().last.flatMap { UInt16($0) }
        return (isEncrypted(visit) ? "__Host-prewarm" : "prewarm-session") + (port.map { "-\($0)" } ?? "")
    }

    private func setCookie(_ visit: Visit, value: String, seconds: Int64) -> String {
        let secure = isEncrypted(visit) ? "; Secure" : ""
        return "\(cookieName(visit))=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(secure)"
    }

    /// Says whether the browser reaches the daemon over TLS: directly, or by a trusted proxy that says so.
    private func isEncrypted(_ visit: Visit) -> Bool {
        usesTLS || access.isForwardedOverTLS(peer: visit.peer, fields: visit.request.headers)
    }
}
