internal import HTTPTypes
internal import HummingbirdCore
import PrewarmAPI
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// The forms of the dashboard. Each calls the API as its reader, so the API decides what is allowed and writes the audit log.
extension RequestHandler {
    /// The most bytes of a form. A JWT may have 16 KiB.
    static let formLimit = 32 * 1024

    /// Carries out a form, and goes to a page with its result.
    func receiveForm(_ context: RequestContext, _ path: [String], from reader: SignedIn) async throws -> Response {
        try SameOrigin.require(context.request.headers, host: context.host)
        let form = try await context.form(from: .known)
        guard reader.session.accepts(formSecret: form["csrf"] ?? "") else {
            throw Problem(
                "BadForm", status: 403, "cannot accept the form: it does not belong to this session",
                hint: "reload the page and send the form again")
        }
        if path == ["logout"] { return signOut(context, reader) }
        let action = try action(path, form, context)
        do {
            let answer = try await api.answer(action.request, from: reader.caller)
            sessions.leave(Notice(try action.done(answer)), for: reader.cookie)
            return redirect(to: action.next)
        } catch {
            if let error = error as? AccessError {
                await denials.audit(error, context, reader.principal, now: daemon.engine.now())
            }
            let (problem, _) = describe(error, context)
            sessions.leave(Notice(isError: true, problem.message, hint: problem.hint), for: reader.cookie)
            return redirect(to: action.back)
        }
    }

    /// A form as a request to the API.
    private struct Action {
        let request: APIRequest
        /// The page after success.
        let next: String
        /// The page after a failure.
        let back: String
        /// Returns the sentence that the next page shows.
        let done: (APIAnswer) throws -> String

        init<Answer: Decodable>(
            request: APIRequest, next: String, back: String, done: @escaping (Answer) -> String
        ) {
            self.request = request
            self.next = next
            self.back = back
            self.done = { done(try $0.decoded()) }
        }
    }

    private func action(_ path: [String], _ form: [String: String], _ context: RequestContext) throws -> Action {
        switch (path.first, path.count, path.last) {
        case ("pools", 4, "claim"): claim(source: path[1], name: path[2], form)
        case ("pools", 4, "retry"): retry(source: path[1], name: path[2])
        case ("workspaces", 3, "release"): release(path[1])
        case ("workspaces", 3, "renew"): renew(path[1])
        case ("approve", 1, _): approve(form)
        default: throw Problem("NotFound", status: 404, "there is no form \(context.request.uri.path.forMessage)")
        }
    }

    private func claim(source: String, name: String, _ form: [String: String]) -> Action {
        var request = APIRequest(
            .post, ["presets", name, "claims"], query: ["source": source],
            body: .object(known: ["owner": form["owner"].flatMap { $0.isEmpty ? nil : .string($0) }]))
        request.idempotencyKey = form["key"].map { "dashboard \($0)" }
        return Action(request: request, next: "/claims", back: Self.pool(source, name)) {
            (workspace: WorkspaceDocument) in
            let cold = workspace.cold == true ? "; it is still being created" : ""
            let redirect = workspace.redirectedFrom.map { "; \($0) is deprecated" } ?? ""
            return "claimed \(workspace.name)\(redirect)\(cold)"
        }
    }

    private func retry(source: String, name: String) -> Action {
        let page = Self.pool(source, name)
        return Action(
            request: APIRequest(.post, ["retry"], body: .object(known: ["name": .string("\(source)/\(name)")])),
            next: page, back: page
        ) { (done: DoneDocument) in "\(done.message ?? name): prewarm tries again now" }
    }

    private func release(_ workspace: String) -> Action {
        Action(
            request: APIRequest(.post, ["workspaces", workspace, "release"], body: .object(known: [:])),
            next: "/claims", back: "/claims"
        ) { (released: WorkspaceDocument) in "released \(released.name); prewarm deletes it now" }
    }

    private func renew(_ workspace: String) -> Action {
        Action(
            request: APIRequest(.post, ["workspaces", workspace, "renew"], body: .object(known: [:])),
            next: "/claims", back: "/claims"
        ) { (renewed: WorkspaceDocument) in
            let end = renewed.lease?.expiresAt
            let bound = renewed.clampedBy == nil ? "" : "; the lease cannot last longer (`lease.max`)"
            return "renewed \(renewed.name)" + (end.map { " until \($0.inSentence)" } ?? "")
                + bound
        }
    }

    private func approve(_ form: [String: String]) -> Action {
        let body = Value.object(known: [
            "revision": .string(form["revision"] ?? ""), "source": form["source"].map { .string($0) },
        ])
        return Action(
            request: APIRequest(.post, ["approve"], body: body), next: "/sources", back: "/sources"
        ) { (approvals: [ApprovalDocument]) in
            let count = approvals.reduce(0) { $0 + ($1.deletions ?? 0) }
            return "approved \(count.counted("deletion"))"
        }
    }

    private static func pool(_ source: String, _ name: String) -> String {
        "/pools/\(source.percentEncoded)/\(name.percentEncoded)"
    }
}
