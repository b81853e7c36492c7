import PrewarmCore
import PrewarmEngine
import ServiceLifecycle

enum PresetRoutes {
    private static let source = Field.optional(
        "source", .text(maximum: 256), "where several sources have one of that name")
    private static let cursor = Field.optional(
        "cursor", .characters("a-z0-9/.-", maximum: 600), "where the part before ended")

    static let all = [
        Route(
            method: .get, template: "/presets", name: "listPresets", summary: "Presets in force with their pools",
            permission: .look,
            query: [
                .optional("name", .text(maximum: 512), "only of this name, or source/name"),
                .optional("ready", .boolean, "only those that are ready, or that are not"), LookRoutes.limit, cursor,
            ], answers: [(200, "[]Preset")]
        ) { api, call in
            let (name, ready) = (call.text("name"), call.query["ready"]?.bool)
            let statuses = try await api.engine.assess().flatMap(\.statuses).filter { status in
                call.maySee(status.preset.key)
                    && (name == nil || status.preset.key.name == name || status.preset.key.description == name)
                    && (ready == nil || (status[.ready]?.status == .yes) == ready)
            }
            return call.page(
                statuses.sorted { $0.preset.key.description < $1.preset.key.description },
                by: \.preset.key.description
            ) { Value($0, for: call.principal) }
        },
        Route(
            method: .get, template: "/presets/{preset}", name: "getPreset",
            summary: "One preset, with its story, workspaces and events", permission: .ofObject, query: [source],
            answers: [(200, "PresetDescription")], problems: [404, 409]
        ) { api, call in
            let key = try await call.preset(in: api)
            return APIAnswer(try await api.engine.describePreset(key.description, for: call.principal))
        },
        Route(
            method: .post, template: "/presets/{preset}/claims", name: "claim",
            summary: "Hand out a ready workspace", permission: .ofObjectForClaimers, query: [source],
            body: [
                .required("owner", .text(maximum: Owner.nameLimit), "who gets it"),
                .optional("wait", .duration, "how long to wait for one where none is ready"),
            ], takesIdempotencyKey: true, answers: [(201, "Workspace")], problems: [404, 409, 422]
        ) { api, call in
            let (workspace, others) = try await Claiming(api: api, call: call).run()
            guard let document = Value(workspace, ttl: nil, for: call.principal) else {
                throw ClaimError.unknownWorkspace(workspace.name)
            }
            return APIAnswer(
                document.merging([
                    "cold": workspace.isCold ? .bool(true) : nil,
                    "otherPresets": others.isEmpty ? nil : .array(others.map { .string($0.description) }),
                ]), status: 201, location: "/api/v1/workspaces/\(workspace.id)")
        },
        Route(
            method: .post, template: "/presets/{preset}/adopt", name: "adopt",
            summary: "Take over instances that a provisioner lists and nobody knows", permission: .operate,
            query: [source],
            body: [
                .required("ids", .texts(maximum: 1000), "as the provisioner lists them"),
                .optional("by", .text(maximum: 256), "who does it"),
            ], answers: [(200, "[]Workspace")], problems: [404, 409]
        ) { api, call in
            let key = try await call.preset(in: api)
            let adopted = try await api.engine.adopt(call.texts("ids"), into: key.description, by: call.author)
            api.daemon?.replan()
            return APIAnswer(.array(adopted.compactMap { Value($0, ttl: nil, for: call.principal) })).audited(
                call.entry(
                    "adopt", "preset", key.description, at: api.engine.now(),
                    detail: call.texts("ids").joined(separator: ", ")))
        },
    ]
}

extension APICall {
    /// As the engine looks it up: `name`, or `source/name`.
    var preset: String {
        let name = path["preset"] ?? ""
        return text("source").map { "\($0)/\(name)" } ?? name
    }

    /// Who does it: whom the caller names, else the caller.
    var author: String { text("by") ?? caller.name }
}

/// A claim that may wait until something is ready.
private struct Claiming {
    let api: API
    let call: APICall

    /// A wait over HTTP ends before proxies give up on it; then the caller asks again.
    private static let longest = Duration.seconds(300)

    /// - Returns: the workspace, and the presets of other sources that the name could have meant.
    func run() async throws -> (workspace: Workspace, others: [PresetKey]) {
        let startedAt = ContinuousClock.now
        let owner = call.principal.owner(named: call.text("owner") ?? "")
        let earlier = try await earlier(by: owner)
        let key = if let earlier { earlier.preset } else { try await call.preset(in: api) }
        try call.require(.claim(key, owner: owner))
        let deadline = call.duration("wait").map { startedAt + min($0, Self.longest) }
        var hasWaited = false
        while true {
            do {
                let workspace = try await claim(key, owner: owner)
                if workspace.isCold { api.daemon?.replan() } else { api.daemon?.replan(source: key.source) }
                let result: Metrics.ClaimResult = workspace.isCold ? .cold : hasWaited ? .waited : .hit
                let finished = try await finished(workspace, deadline)
                // One that is asked for again is no second claim.
                if workspace.id != earlier?.id {
                    api.metrics?.claim(preset: key, result: result, duration: .now - startedAt)
                }
                return (finished, try await others(than: key))
            } catch ClaimError.nothingReady(let preset, let starting) {
                guard let deadline, .now < deadline else {
                    api.metrics?.claim(preset: key, result: .empty, duration: .now - startedAt)
                    throw ClaimError.nothingReady(preset, starting: starting)
                }
                hasWaited = true
                if Task.isShuttingDownGracefully { throw CancellationError() }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// What an earlier claim of the caller with the same key got, though its preset may be gone.
    private func earlier(by owner: Owner) async throws -> Workspace? {
        let name = call.preset
        guard let key = claimKey,
            let earlier = try await api.engine.store.read({ try $0.earlierClaim(key, of: name, by: owner) }),
            [earlier.preset.name, earlier.preset.description].contains(name)
        else { return nil }
        return earlier
    }

    private var claimKey: ClaimKey? { call.idempotencyKey.map(call.principal.claimKey) }

    private func others(than key: PresetKey) async throws -> [PresetKey] {
        guard call.preset == key.name else { return [] }
        return try await api.engine.store.read { try $0.presets(named: key.name) }.map(\.key)
            .filter { $0 != key && $0.name == key.name && call.maySee($0) }
    }

    private func claim(_ key: PresetKey, owner: Owner) async throws -> Workspace {
        let workspace = try await api.engine.claim(
            key.description, owner: owner, idempotencyKey: claimKey,
            audit: call.entry("claim", "preset", key.description, at: api.engine.now(), detail: "for \(owner)"))
        if let idempotencyKey = call.idempotencyKey, workspace.state != .claimed {
            throw Problem(
                "KeyUsedUp", status: 409,
                "\(workspace.name), which the idempotency key \"\(idempotencyKey)\" got, was given up",
                hint: "use a new key for a new claim")
        }
        return workspace
    }

    /// One that is being made for its owner is waited for, where somebody is at it.
    private func finished(_ workspace: Workspace, _ deadline: ContinuousClock.Instant?) async throws -> Workspace {
        var workspace = workspace
        while workspace.isCold, api.daemon != nil, let deadline, .now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            let id = workspace.id.rawValue
            guard let found = try await api.engine.store.read({ try $0.workspace(id) }), found.state == .claimed else {
                throw Problem(
                    "ColdClaimFailed", status: 502, "\(workspace.name) could not be made",
                    hint: "see `prewarm describe workspace \(workspace.name)`")
            }
            workspace = found
        }
        return workspace
    }
}
