import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that hold pools, and that end holds: suspend, resume, retry and approve.
enum HoldRoutes {
    private static let scope: [Field] = [
        .optional("preset", .text(maximum: 512), "this preset: name or source/name"),
        .optional("source", .text(maximum: 256), "all presets of this source"),
        .optional("all", .yes, "true: all presets of all sources"),
    ]
    private static let author = Field.optional("by", .text(maximum: 256), "the author to record (default: the caller)")

    static let all = [
        Route(
            method: .post, template: "/suspend", name: "suspend",
            summary: "Suspend a preset, a source or everything",
            description: """
                prewarm creates and deletes no workspaces of suspended pools; claims are still granted. \
                The body contains exactly one of `preset`, `source` and `all`; \
                `source` and `all` need an operator whose scope is all presets. \
                404: there is no such preset or source. \
                409: several sources have a preset of this name, or `until` has passed.
                """,
            permission: .ofObjectForOperators,
            body: scope + [
                .optional("reason", .text(maximum: 1000), "the reason, which is shown with the status of the pools"),
                .optional(
                    "until", .moment, "the time at which the suspension ends (default: never)"),
                author,
            ], exactlyOne: ["preset", "source", "all"], answers: [(200, DoneDocument.self)], problems: [404, 409]
        ) { api, call in
            let end = try call.moment("until", now: api.engine.now())
            let scope = try await call.scope(api.engine)
            try await api.engine.suspend(
                scope, reason: call.text("reason"), by: call.author, until: end)
            api.daemon?.replan()
            return APIAnswer(DoneDocument(until: end)).audited(
                call.entry(
                    "suspend", scope.object, scope.name, at: api.engine.now(), detail: call.text("reason")))
        },
        Route(
            method: .post, template: "/resume", name: "resume", summary: "Resume a preset, a source or everything",
            description: """
                Ends a suspension of the same scope. `changed` is false if there was none. \
                `still` says what keeps the preset suspended after that: its manifest, its source or everything. \
                The body contains exactly one of `preset`, `source` and `all`; \
                `source` and `all` need an operator whose scope is all presets. 404: there is no such preset or source. \
                409: several sources have a preset of this name.
                """,
            permission: .ofObjectForOperators, body: scope + [author], exactlyOne: ["preset", "source", "all"],
            answers: [(200, DoneDocument.self)], problems: [404, 409]
        ) { api, call in
            let scope = try await call.scope(api.engine)
            let changed = try await api.engine.resume(scope, by: call.author)
            api.daemon?.replan()
            let still = try await api.engine.stillSuspended(scope)
            return APIAnswer(DoneDocument(changed: changed, still: still)).audited(
                call.entry("resume", scope.object, scope.name, at: api.engine.now()))
        },
        Route(
            method: .post, template: "/retry", name: "retry",
            summary: "Retry a preset, an operation, a provisioner or everything",
            description: """
                Clears failures and backoffs, so that prewarm tries again at once. `message` says what was cleared. \
                `all` and `provisioner` need an operator whose scope is all presets. \
                404: there is no such preset or provisioner. \
                409: the operation is not waiting, or several sources have a preset of this name.
                """,
            permission: .ofObjectForOperators,
            body: [
                .optional("name", .text(maximum: 512), "a preset (name or source/name), or the id of an operation"),
                .optional("provisioner", .text(maximum: 256), "all presets and operations of this provisioner"),
                .optional("all", .yes, "true: all presets and operations"),
            ], exactlyOne: ["name", "provisioner", "all"], answers: [(200, DoneDocument.self)], problems: [404, 409]
        ) { api, call in
            let engine = api.engine
            if let provisioner = call.text("provisioner") {
                try call.require(.operate)
                let retried = try await engine.retry(provisioner: provisioner, by: call.caller.name)
                api.daemon?.replan()
                return APIAnswer(DoneDocument(message: retried)).audited(
                    call.entry("retry", "provisioner", provisioner, at: engine.now(), detail: retried))
            }
            guard let name = call.text("name") else {
                try call.require(.operate)
                let retried = try await engine.retryAll(by: call.caller.name)
                api.daemon?.replan()
                return APIAnswer(DoneDocument(message: retried)).audited(
                    call.entry("retry", "all", "presets", at: engine.now(), detail: retried))
            }
            let (preset, isOperation) = try await engine.store.read { store in
                let operation = try store.operation(OperationID(name))?.operation
                if let operation, call.maySee(operation.preset) { return (operation.preset, true) }
                return (try call.preset(named: name, of: engine, in: store), false)
            }
            try call.require(.operatePreset(preset))
            let retried = try await engine.retry(isOperation ? name : preset.description, by: call.caller.name)
            api.daemon?.replan()
            return APIAnswer(DoneDocument(message: retried)).audited(
                isOperation
                    ? call.entry("retry", "operation", name, at: engine.now(), detail: "of \(preset)")
                    : call.entry("retry", "preset", preset.description, at: engine.now()))
        },
        Route(
            method: .post, template: "/approve", name: "approve",
            summary: "Approve the held deletions of a revision, or a restored store",
            description: """
                With `revision`, allows the deletions that prewarm holds for this applied revision, and returns their number \
                by source and preset. With `restored`, ends the hold of a store that is a restored copy or new. \
                The body contains exactly one of the two. 404: there is no such source. \
                409: no source has applied the revision, or nothing is held.
                """,
            permission: .operate,
            body: [
                .optional("revision", .text(maximum: 256), "the applied commit, or at least its first six digits"),
                .optional("restored", .yes, "true: act on a store that is a restored copy or new"),
                .optional(
                    "source", .text(maximum: 256), "only this source (default: all that have applied the revision)"),
                author,
            ], exactlyOne: ["revision", "restored"], answers: [(200, [ApprovalDocument].self)], problems: [404, 409]
        ) { api, call in
            if call.flag("restored") {
                let hold = try await api.engine.approveRestored(
                    by: call.author, audit: call.entry("approve", "store", "restored", at: api.engine.now()))
                api.daemon?.replan()
                return APIAnswer([ApprovalDocument(hold)])
            }
            let source = call.text("source")
            // A source that was removed from the configuration can be approved, too.
            if let source, try await !api.engine.removedSources().contains(where: { $0.name == source }) {
                _ = try api.engine.sourceNames(source)
            }
            let approved = try await api.engine.approve(call.text("revision") ?? "", source: source, by: call.author)
            api.daemon?.replan()
            let entry = call.entry(
                "approve", "source", approved.map(\.source).joined(separator: ", "), at: api.engine.now(),
                revision: approved.first?.revision.description,
                detail: approved.reduce(0) { $0 + $1.deletions.count }.counted("deletion"))
            return APIAnswer(
                approved.map { approval in
                    let presets = Dictionary(grouping: approval.deletions, by: \.preset.name)
                    return ApprovalDocument(
                        source: approval.source, revision: approval.revision, deletions: approval.deletions.count,
                        presets: OrderedMap(presets.mapValues(\.count)))
                }
            ).audited(entry)
        },
    ]
}

extension APICall {
    /// Returns the scope that the body names, after checking that the caller may operate it.
    fileprivate func scope(_ engine: Engine) async throws -> Suspension.Scope {
        let (preset, source) = (text("preset"), text("source"))
        if let preset {
            let key = try await engine.store.read { try self.preset(named: preset, of: engine, in: $0) }
            try require(.operatePreset(key))
            return .preset(key)
        }
        try require(.operate)
        guard let source else { return .all }
        return .source(try engine.sourceNames(source)[0])
    }
}

extension Engine {
    /// Returns what keeps a preset suspended after a resume: its manifest, its source or everything. Returns nil if the
    /// scope is not a preset, or if the preset is not suspended.
    fileprivate func stillSuspended(_ scope: Suspension.Scope) async throws -> StillSuspendedDocument? {
        guard case .preset(let key) = scope else { return nil }
        let status = try await assess(key.source).statuses.first { $0.preset.key == key }
        guard let suspended = status?[.suspended] else { return nil }
        let hint =
            switch status?.pool.suspension?.scope {
            case .source(let name)?: "run `prewarm resume --source \(name)`"
            case .all?: "run `prewarm resume --all`"
            default: "set `suspended: false` in the manifest of \(key.name)"
            }
        return StillSuspendedDocument(message: suspended.message, hint: hint)
    }
}

extension Suspension.Scope {
    /// The kind of object in the audit log.
    fileprivate var object: String {
        switch self {
        case .preset: "preset"
        case .source: "source"
        case .all: "all"
        }
    }

    fileprivate var name: String {
        switch self {
        case .preset(let key): key.description
        case .source(let name): name
        case .all: "sources"
        }
    }
}
