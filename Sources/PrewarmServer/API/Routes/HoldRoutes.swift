import PrewarmCore
import PrewarmEngine

/// What stops pools, and lets them go on.
enum HoldRoutes {
    private static let scope: [Field] = [
        .optional("preset", .text(maximum: 512), "this preset, by its name or as source/name"),
        .optional("source", .text(maximum: 256), "all presets of this source"),
        .optional("all", .yes, "true: everything"),
    ]
    private static let author = Field.optional("by", .text(maximum: 256), "who does it")

    static let all = [
        Route(
            method: .post, template: "/suspend", name: "suspend",
            summary: "Stop acting on exactly one of a preset, a source, everything; claims go on",
            permission: .ofObjectForOperators,
            body: scope + [
                .optional("reason", .text(maximum: 1000), "why; it is shown wherever the preset is"),
                .optional("until", .moment, "when it ends by itself"), author,
            ], exactlyOne: ["preset", "source", "all"], answers: [(200, "Done")], problems: [404, 409]
        ) { api, call in
            let end = try call.moment("until", now: api.engine.now())
            let scope = try await call.scope(api.engine)
            try await api.engine.suspend(
                scope, reason: call.text("reason"), by: call.author, until: end)
            api.daemon?.replan()
            return APIAnswer(.object(known: ["until": end.map { Value($0) }])).audited(
                call.entry(
                    "suspend", scope.object, scope.name, at: api.engine.now(), detail: call.text("reason")))
        },
        Route(
            method: .post, template: "/resume", name: "resume", summary: "Go on acting on what was suspended",
            permission: .ofObjectForOperators, body: scope + [author], exactlyOne: ["preset", "source", "all"],
            answers: [(200, "Done")], problems: [404, 409]
        ) { api, call in
            let scope = try await call.scope(api.engine)
            let changed = try await api.engine.resume(scope, by: call.author)
            api.daemon?.replan()
            let still = try await api.engine.stillSuspended(scope)
            return APIAnswer(.object(known: ["changed": .bool(changed), "still": still])).audited(
                call.entry("resume", scope.object, scope.name, at: api.engine.now()))
        },
        Route(
            method: .post, template: "/retry", name: "retry",
            summary: "Clear the failures and backoffs of a preset, of an operation, or of everything",
            permission: .ofObjectForOperators,
            body: [
                .optional("name", .text(maximum: 512), "of the preset, or the id of the operation"),
                .optional("all", .yes, "true: of all presets and operations"),
            ], exactlyOne: ["name", "all"], answers: [(200, "Done")], problems: [404, 409]
        ) { api, call in
            let engine = api.engine
            guard let name = call.text("name") else {
                try call.require(.operate)
                let retried = try await engine.retryAll(by: call.caller.name)
                api.daemon?.replan()
                return APIAnswer(.object(known: ["message": .string(retried)])).audited(
                    call.entry("retry", "source", "all", at: engine.now(), detail: retried))
            }
            let preset = try await engine.store.read { store in
                try store.operation(OperationID(name))?.operation.preset
                    ?? call.preset(named: name, of: engine, in: store)
            }
            try call.require(.operatePreset(preset))
            let isOperation = try await engine.store.read { try $0.operation(OperationID(name)) != nil }
            let retried = try await engine.retry(isOperation ? name : preset.description, by: call.caller.name)
            api.daemon?.replan()
            return APIAnswer(.object(known: ["message": .string(retried)])).audited(
                call.entry("retry", "preset", preset.description, at: engine.now(), detail: name))
        },
        Route(
            method: .post, template: "/approve", name: "approve",
            summary: "Allow the deletions that are held of a revision, or end the hold of a restored store",
            permission: .operate,
            body: [
                .optional("revision", .text(maximum: 256), "the commit, or six of its digits or more"),
                .optional("restored", .yes, "true: act on what the store knows, though it is a restored copy or new"),
                .optional("source", .text(maximum: 256), "of this source only"), author,
            ], exactlyOne: ["revision", "restored"], answers: [(200, "[]Approval")], problems: [404, 409]
        ) { api, call in
            if call.flag("restored") {
                let hold = try await api.engine.approveRestored(
                    by: call.author, audit: call.entry("approve", "store", "restored", at: api.engine.now()))
                api.daemon?.replan()
                return APIAnswer(.array([.object(known: ["hold": .string(hold.sentence)])]))
            }
            let source = call.text("source")
            // One that the configuration has lost can be approved, too.
            if let source, try await !api.engine.removedSources().contains(where: { $0.name == source }) {
                _ = try api.engine.sourceNames(source)
            }
            let approved = try await api.engine.approve(call.text("revision") ?? "", source: source, by: call.author)
            api.daemon?.replan()
            let entry = call.entry(
                "approve", "source", approved.map(\.source).joined(separator: ", "), at: api.engine.now(),
                revision: approved.first?.revision.description,
                detail: "\(approved.reduce(0) { $0 + $1.deletions.count }) deletions")
            return APIAnswer(
                .array(
                    approved.map { approval in
                        let presets = Dictionary(grouping: approval.deletions, by: \.preset.name)
                        return .object(known: [
                            "source": .string(approval.source),
                            "revision": .string(approval.revision.description),
                            "deletions": .int(approval.deletions.count),
                            "presets": .object(
                                presets.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value.count)) }),
                        ])
                    })
            ).audited(entry)
        },
    ]
}

extension APICall {
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
    /// A preset may be suspended by its manifest, with its source or with everything, too.
    fileprivate func stillSuspended(_ scope: Suspension.Scope) async throws -> Value? {
        guard case .preset(let key) = scope else { return nil }
        let status = try await assess(key.source).statuses.first { $0.preset.key == key }
        guard let suspended = status?[.suspended] else { return nil }
        let hint =
            switch status?.pool.suspension?.scope {
            case .source(let name)?: "`prewarm resume --source \(name)` ends it"
            case .all?: "`prewarm resume --all` ends it"
            default: "it ends in git"
            }
        return .object(known: ["message": .string(suspended.message), "hint": .string(hint)])
    }
}

extension Suspension.Scope {
    fileprivate var object: String { if case .preset = self { "preset" } else { "source" } }

    fileprivate var name: String {
        switch self {
        case .preset(let key): key.description
        case .source(let name): name
        case .all: "all"
        }
    }
}
