import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that request a sync, and that follow its progress.
enum SyncRoutes {
    static let all = [
        Route(
            method: .post, template: "/sync", name: "sync",
            summary: "Start a sync",
            description: """
                Fetches and reconciles the sources now, instead of at their next interval. \
                202: the sync was requested; follow it at the address in the header `Location`. \
                200: with `wait`, the sync has ended or its timeout has passed (`timedOut`). `state` and `message` say how \
                far it is. `unfinished` names the first 100 pools that did not converge, and `unfinishedTotal` counts all. \
                404: there is no such source, or no such preset. With `revision`, which may add the preset, the sync fails \
                instead. 409: no daemon runs here.
                """,
            permission: .wakeUp,
            body: [
                .optional("source", .text(maximum: 256), "only this source (default: all sources)"),
                .optional("preset", .text(maximum: 256), "wait for this preset only (default: all presets)"),
                .optional(
                    "revision", .commit,
                    "wait until this commit or a later one is applied; at least its first six digits"),
                .optional("wait", .boolean, "true: answer when the sync has ended (default: false)"),
                .optional("timeout", .duration, "how long to wait, at most 1h (default: 5m)"),
            ], endsWithCaller: true, answers: [(202, SyncRequestDocument.self), (200, SyncRequestDocument.self)],
            problems: [404, 409]
        ) { api, call in
            let daemon = try api.requireDaemon()
            let target = try await call.target(of: api.engine)
            let request = try await daemon.requestSync(
                sources: target.sources, preset: target.preset, revision: call.text("revision"))
            let entry = call.entry(
                "sync", "source", request.sources.joined(separator: ", "), at: api.engine.now(),
                revision: request.revision, detail: "request \(request.id)")
            guard call.flag("wait") else {
                return APIAnswer(
                    try await SyncProgress(request, daemon, for: call.principal).document, status: 202,
                    location: "/api/v1/requests/\(request.id)"
                ).audited(entry)
            }
            // The audit entry is written before the wait, which is canceled if the caller hangs up.
            try await api.engine.store.write { try $0.append(entry) }
            let patience = min(call.duration("timeout") ?? .seconds(300), .seconds(3600))
            return APIAnswer(
                try await SyncProgress.wait(
                    for: request, daemon, until: api.engine.clock.instant() + patience, shownTo: call.principal))
        },
        Route(
            method: .get, template: "/requests/{request}", name: "getRequest", summary: "Get the progress of a sync",
            description: """
                Returns how far a sync is. `state` is final unless it is `queued` or `running`. \
                With `wait`, answers as soon as the message changes. \
                404: there is no such request; prewarm keeps the last 1000. 409: no daemon runs here.
                """,
            permission: .look,
            query: [.optional("wait", .duration, "how long to wait for progress, at most 60s (default: no wait)")],
            endsWithCaller: true, answers: [(200, SyncRequestDocument.self)], problems: [404, 409]
        ) { api, call in
            let daemon = try api.requireDaemon()
            let id = call.path["request"] ?? ""
            guard let request = try await daemon.requests.request(id) else {
                throw Problem(
                    "UnknownRequest", status: 404,
                    "there is no sync request \"\(id)\": prewarm keeps the last 1000",
                    hint: "request another sync with POST /api/v1/sync")
            }
            let patience = min(call.duration("wait") ?? .zero, .seconds(60))
            return APIAnswer(
                try await SyncProgress.wait(
                    for: request, daemon, until: api.engine.clock.instant() + patience, shownTo: call.principal,
                    endsWithNews: true))
        },
    ]
}

extension APICall {
    /// Returns the sources that the body names, and the preset without the name of its source.
    /// - Throws: ``ClaimError/unknownPreset(_:known:invalid:)`` if no preset of these sources has this name, unless the body names
    ///   a revision, which may add the preset.
    fileprivate func target(of engine: Engine) async throws -> (sources: [String], preset: String?) {
        let sources = try engine.sourceNames(text("source"))
        guard let name = text("preset") else { return (sources, nil) }
        return try await engine.store.read { store in
            let found = try store.presets(named: name).map(\.key).filter { sources.contains($0.source) && maySee($0) }
            if let first = found.first {
                return (first.name == name ? sources : [first.source], first.name)
            }
            guard text("revision") == nil else { return (sources, name) }
            let known = try store.presets(source: nil).map(\.key).filter { sources.contains($0.source) && maySee($0) }
            throw ClaimError.unknownPreset(name, known: known.map(\.name))
        }
    }
}

extension API {
    fileprivate func requireDaemon() throws(Problem) -> Daemon {
        guard let daemon else {
            throw Problem(
                "NoDaemon", status: 409, "cannot request a sync: no daemon runs in this process",
                hint: "run `prewarm sync`, which works on the store directly")
        }
        return daemon
    }
}
