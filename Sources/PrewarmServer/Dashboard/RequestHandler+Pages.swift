internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// A request with a session, and its caller.
struct SignedIn: Sendable {
    /// The value of the session's cookie.
    let cookie: String
    let session: DashboardSessions.Session
    let principal: Principal
    let caller: Caller

    /// Returns the reader of a page.
    func viewer(notice: Notice? = nil) -> Viewer {
        Viewer(
            name: principal.name, displayName: session.credential.displayName, role: principal.role,
            operatesAll: Authorization.decide(principal, .operate).isAllowed, formSecret: session.formSecret,
            notice: notice)
    }
}

/// The dashboard: pages, forms and their assets.
extension RequestHandler {
    /// Says whether a path belongs to the dashboard. `""` is the path `/`.
    static func isPage(_ path: [String]) -> Bool {
        guard let first = path.first else { return true }
        return ["pools", "sources", "events", "claims", "workspaces", "approve", "login", "logout", "live", "assets"]
            .contains(first)
    }

    /// Answers a request to the dashboard. An error becomes a page, too.
    func answerPage(_ context: RequestContext, _ path: [String]) async -> Response {
        do {
            return try await answerDashboard(context, path)
        } catch {
            let (problem, fields) = describe(error, context)
            if ["CrossSite", "BadForm"].contains(problem.code) {
                denials.note(status: problem.status, problem.message, context, now: daemon.engine.now())
            }
            var response = page(
                .problem(status: problem.status, problem.message, hint: problem.hint), for: nil,
                status: .init(code: problem.status))
            for field in fields where field.name != .wwwAuthenticate { response.headers[field.name] = field.value }
            return response
        }
    }

    private func answerDashboard(_ context: RequestContext, _ path: [String]) async throws -> Response {
        if path.first == "assets" { return try asset(context, path) }
        if path == ["login"] { return try await signIn(context) }
        if path.first == "login" { return try await signIn(context, atProvider: path) }
        let isForm = path == ["logout"] || path == ["approve"] || path.first == "workspaces" || path.count == 4
        try context.require(isForm ? [.post] : [.get, .head])
        let reader: SignedIn
        switch try await self.reader(of: context) {
        case .signedIn(let found): reader = found
        case .signedOut(let provider):
            if path == ["live"] { throw AccessError(.missing, "there is no session", hint: "sign in again") }
            let login = provider.map { access.address(ofSignIn: $0) } ?? "/login"
            return redirect(to: "\(login)?next=\((isForm ? "/" : context.request.uri.string).percentEncoded)")
        }
        if isForm { return try await receiveForm(context, path, from: reader) }
        if path == ["live"] { return try await streamChanges(context, to: reader) }
        // The notice is taken only by a page that a person opened, not by the script that loads it again.
        let page = try await page(at: path, context, for: reader)
        return self.page(
            page, for: reader.viewer(notice: context.isNavigation ? sessions.takeNotice(of: reader.cookie) : nil))
    }

    private func page(at path: [String], _ context: RequestContext, for reader: SignedIn) async throws -> Page {
        let pages = DashboardPages(api: api, caller: reader.caller, viewer: reader.viewer())
        switch (path.first, path.count) {
        case (nil, _): return try await pages.pools(query: try context.query())
        case ("pools", 3): return try await pages.pool(source: path[1], name: path[2])
        case ("sources", 1): return try await pages.sources()
        case ("events", 1): return try await pages.events()
        case ("claims", 1): return try await pages.claims()
        default:
            throw Problem("NotFound", status: 404, "there is no page \(context.request.uri.path.forMessage)")
        }
    }

    /// Answers with a stream of changes. It ends when the session ends.
    private func streamChanges(_ context: RequestContext, to reader: SignedIn) async throws -> Response {
        let (access, sessions, engine) = (access, sessions, daemon)
        return try await stream(context, to: reader.principal, isNamed: false) { () async throws(AccessError) in
            guard let session = sessions.session(of: reader.cookie) else {
                throw AccessError(.missing, "the session has ended")
            }
            return try await access.recheck(session.credential, context, now: engine.engine.now())
        }
    }

    /// The reader of a request.
    private enum Reader {
        case signedIn(SignedIn)
        /// There is no valid session. If the identity of the session has just expired, the provider can confirm it again
        /// without a question, so the browser is sent there.
        case signedOut(provider: String?)
    }

    /// Returns the reader of a request. If the token of the session has expired or was revoked, the session ends.
    ///
    /// - Throws: An error of the store, or ``AccessError`` if the token cannot be checked now.
    private func reader(of context: RequestContext) async throws -> Reader {
        guard let cookie = context.cookie(cookieName(context)), let session = sessions.session(of: cookie) else {
            return .signedOut(provider: nil)
        }
        do {
            let principal = try await access.principal(of: session.credential, context, now: daemon.engine.now())
            return .signedIn(
                SignedIn(
                    cookie: cookie, session: session, principal: principal,
                    caller: Caller(principal, origin: context.client.description)))
        } catch let error as AccessError where error.reason != .unavailable {
            guard case .identity(let identity) = session.credential, error.reason == .expired else {
                sessions.end(cookie)
                return .signedOut(provider: nil)
            }
            // A script of an open page cannot go to the provider. The session is left for the page that a person opens.
            guard context.isNavigation else { return .signedOut(provider: nil) }
            sessions.end(cookie)
            return .signedOut(provider: identity.provider)
        }
    }

    // MARK: Answers

    /// The policy of every page: only files of this daemon, no inline scripts or styles, no frames, no other form targets.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static let pageFields: HTTPFields = [
        .contentSecurityPolicy: policy, .frameOptions: "DENY", .referrerPolicy: "same-origin",
        .openerPolicy: "same-origin", .resourcePolicy: "same-origin",
    ]

    func page(_ page: Page, for viewer: Viewer?, status: HTTPResponse.Status = .ok) -> Response {
        var fields = Self.pageFields
        fields[.contentType] = "text/html; charset=utf-8"
        fields[.cacheControl] = "no-store"
        return Response(
            status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(string: page.html(for: viewer))))
    }

    func redirect(to address: String) -> Response {
        var fields = Self.pageFields
        fields[.location] = address
        fields[.cacheControl] = "no-store"
        return Response(status: .seeOther, headers: fields)
    }

    private func asset(_ context: RequestContext, _ path: [String]) throws -> Response {
        try context.require([.get, .head])
        guard path.count == 2, let asset = Asset.named(path[1]) else {
            throw Problem("NotFound", status: 404, "there is no file \(context.request.uri.path.forMessage)")
        }
        var fields = Self.pageFields
        fields[.contentType] = asset.type
        let isCurrent = context.request.uri.string == asset.address
        fields[.cacheControl] = isCurrent ? "public, max-age=31536000, immutable" : "no-cache"
        return Response(status: .ok, headers: fields, body: .init(byteBuffer: ByteBuffer(string: asset.text)))
    }
}
