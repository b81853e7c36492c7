import PrewarmCore
import PrewarmEngine

enum SyncRoutes {
    static let all = [
        Route(
            method: .post, template: "/sync", name: "sync",
            summary:
                "Pull now; with `wait` answer when the pools are as they shall be, or at the timeout with what is missing",
            permission: .nudge,
            body: [
                .optional("source", .text(maximum: 256), "this source only"),
                .optional("preset", .text(maximum: 256), "wait for this preset only"),
                .optional(
                    "revision", .commit,
                    "a commit, or six of its digits or more, that has to be in force: it, or a later one"),
                .optional("wait", .boolean, "true: answer when it is done"),
                .optional("timeout", .duration, "how long to wait at most; 5m unless it is said"),
            ], endsWithCaller: true, answers: [(202, "SyncRequest"), (200, "SyncRequest")], problems: [404, 409]
        ) { api, call in
            let daemon = try api.requireDaemon()
            let request = daemon.requests.add(
                sources: try api.engine.sourceNames(call.text("source")), preset: call.text("preset"),
                revision: call.text("revision"), now: api.engine.now())
            for source in request.sources { daemon.pull(source) }
            let entry = call.entry(
                "sync", "source", request.sources.joined(separator: ", "), at: api.engine.now(),
                revision: request.revision, detail: "request \(request.id)")
            guard call.flag("wait") else {
                return APIAnswer(
                    try await SyncProgress(request, daemon, for: call.principal).value, status: 202,
                    location: "/api/v1/requests/\(request.id)"
                ).audited(entry)
            }
            // Before the wait, which ends where the caller hangs up.
            try await api.engine.store.write { try $0.append(entry) }
            let patience = min(call.duration("timeout") ?? .seconds(300), .seconds(3600))
            return APIAnswer(
                try await SyncProgress.wait(for: request, daemon, until: .now + patience, shownTo: call.principal))
        },
        Route(
            method: .get, template: "/requests/{request}", name: "getRequest", summary: "How far a sync is",
            permission: .look, query: [.optional("wait", .duration, "answer when it is further, or after this time")],
            endsWithCaller: true, answers: [(200, "SyncRequest")], problems: [404, 409]
        ) { api, call in
            let daemon = try api.requireDaemon()
            let id = call.path["request"] ?? ""
            guard let request = daemon.requests[id] else {
                throw Problem(
                    "UnknownRequest", status: 404, "there is no request \"\(id)\"",
                    hint: "the last 1000 since the daemon started are known; ask for another sync")
            }
            let patience = min(call.duration("wait") ?? .zero, .seconds(60))
            return APIAnswer(
                try await SyncProgress.wait(
                    for: request, daemon, until: .now + patience, shownTo: call.principal, endsWithNews: true))
        },
    ]
}

extension API {
    fileprivate func requireDaemon() throws(Problem) -> Daemon {
        guard let daemon else {
            throw Problem("NoDaemon", status: 409, "there is no daemon here", hint: "use `prewarm sync`")
        }
        return daemon
    }
}
