import PrewarmCore
import PrewarmEngine
internal import PrewarmTelemetry
import ServiceLifecycle

/// Routes that read presets, claim their workspaces and adopt orphans.
enum PresetRoutes {
    private static let source = Field.optional(
        "source", .text(maximum: 256), "the source of the preset, if several sources have a preset of this name")
    /// The claim parameters of a request.
    static let parameters = Field.optional(
        "parameters", .parameters,
        "the claim parameters by name, as the template defines them; values of secret parameters are never stored")
    private static let cursor = Field.optional(
        "cursor", .characters("a-z0-9/.-", maximum: 600), LookRoutes.cursor)

    static let all = [
        Route(
            method: .get, template: "/presets", name: "listPresets", summary: "List applied presets",
            description:
                "Returns the applied presets in the caller's scope with the counts and conditions of their pools, by source/name.",
            permission: .look,
            query: [
                .optional("name", .text(maximum: 512), "only presets of this name: name or source/name"),
                .optional("ready", .boolean, "true: only ready presets; false: only presets that are not ready"),
                LookRoutes.limit, cursor,
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
            summary: "Get a preset",
            description: """
                Returns a preset with its workspaces and recent events. \
                `story` explains in sentences what the pool should have, what it has, and what happens next. \
                404: there is no such preset. 409: several sources have a preset of this name; use `source`.
                """,
            permission: .ofObject, query: [source],
            answers: [(200, "PresetDescription")], problems: [404, 409]
        ) { api, call in
            let key = try await call.preset(in: api)
            return APIAnswer(try await api.engine.describePreset(key.description, for: call.principal))
        },
        Route(
            method: .post, template: "/presets/{preset}/claims", name: "claim",
            summary: "Claim a workspace",
            description: """
                Gives a ready workspace to an owner. A claimer may only claim for itself: `owner` is then its own name, and may be left out. \
                If no workspace is ready, `wait` waits for one. One request waits at most 5m; if `wait` is longer, the \
                answer 409 has the member `claim`, and a request with `continues` goes on with the same claim. \
                201: the workspace is claimed; `cold` is true while it is still being created. \
                202 with a workspace: the workspace is claimed, and its handover goes on: `handover` is then `pending`. \
                202 with a ticket: `queue` is true, and the claim waits. Its place in the queue is kept for 30s, until a \
                request with `continues` goes on with it. \
                After a handover, `credentials` has what the provisioner gives to the owner. \
                With an `Idempotency-Key`, a repeated request returns the same workspace. \
                404: there is no such preset. 409: no workspace is ready, the preset is retired, several sources have a \
                preset of this name, or the workspace of this key was released. \
                422: the key was used for another preset or owner, or `parameters` are invalid; `errors` lists all errors. \
                502: a workspace that was created for this claim failed, or its handover. \
                503: the store is a restored copy and waits for an approval.
                """,
            permission: .ofObjectForClaimers, query: [source],
            body: [
                .optional(
                    "owner", .text(maximum: Owner.nameLimit),
                    "the name of the owner (default: the name of a claimer; operators must name an owner)"),
                .optional(
                    "wait", .duration,
                    "how long to wait for a ready workspace; one request waits at most 5m (default: no wait)"),
                .optional(
                    "for", .duration,
                    "the length of the lease, at most `lease.max` of the preset (default: `lease.ttl` of the preset)"),
                .optional(
                    "continues", .characters("a-z0-9", maximum: 64),
                    "the claim or the ticket of the last answer, which waited for the same preset and owner"),
                .optional(
                    "queue", .boolean,
                    "whether to answer 202 with a ticket when the wait of the request is over (default: false)"),
                .optional(
                    "priority", .integer(Ticket.priorities),
                    "the priority in the queue, at most the one of the caller's token (default: the one of the token)"),
                parameters,
            ], takesIdempotencyKey: true, endsWithCaller: true,
            answers: [(201, "Workspace"), (202, "Workspace")],
            problems: [404, 409, 410, 422, 502]
        ) { api, call in
            let granted: Claiming.Granted
            do {
                granted = try await Claiming(api: api, call: call).run()
            } catch let waiting as StillWaiting {
                return APIAnswer(
                    Value(waiting.place), status: 202, location: "/api/v1/claims/\(waiting.place.ticket.id)")
            }
            let (workspace, others) = (granted.workspace, granted.others)
            let claim = try await api.engine.store.read { try $0.claim(of: workspace) }
            guard let document = Value(workspace, ttl: nil, claim: claim, for: call.principal) else {
                throw ClaimError.unknownWorkspace(workspace.name)
            }
            let clamp = try await call.clamp(of: workspace, claim, in: api.engine)
            let value = document.merging([
                "clampedBy": clamp.map { .string($0.rawValue) },
                "cold": workspace.isCold ? .bool(true) : nil,
                "otherPresets": others.isEmpty ? nil : .array(others.map { .string($0.description) }),
            ])
            return APIAnswer(
                value.merging(granted.handover), status: workspace.handover == .pending ? 202 : 201,
                location: "/api/v1/workspaces/\(workspace.id)"
            ).secret
        },
        Route(
            method: .post, template: "/presets/{preset}/adopt", name: "adopt",
            summary: "Adopt orphans into a pool",
            description: """
                Adds orphans, which a provisioner lists and the store does not know, to the pool of a preset. \
                Returns the adopted workspaces. Either all of `ids` are adopted or none. \
                404: there is no such preset or orphan. 409: an orphan belongs to another provisioner, is not ready, \
                is known already, or does not fit into the pool; or the preset is retired.
                """,
            permission: .operate, query: [source],
            body: [
                .required("ids", .texts(maximum: 1000), "the ids of the orphans, from `GET /api/v1/orphans`"),
                .optional("by", .text(maximum: 256), "the author to record (default: the caller)"),
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
    /// The preset that the path and the query name: `name`, or `source/name`.
    var preset: String {
        let name = path["preset"] ?? ""
        return text("source").map { "\($0)/\(name)" } ?? name
    }

    /// The author to record: the one that the request names in `by`, otherwise the caller.
    var author: String { text("by") ?? caller.name }
}

extension API {
    /// The longest time that one request for a claim waits. Proxies close requests that take longer. The command
    /// `claim` repeats the request until its own wait is over.
    package static let longestClaimWait = Duration.seconds(300)
}

/// A claim that may wait for a ready workspace.
struct Claiming {
    let api: API
    let call: APICall

    /// The workspace that a claim got.
    struct Granted {
        let workspace: Workspace
        /// The presets of other sources with the same name.
        var others: [PresetKey] = []
        /// The members of the answer about the handover, with the credentials for the owner.
        var handover: [(key: String, value: Value)] = []
    }

    /// Claims a workspace, waiting at most as long as the request says.
    ///
    /// A workspace whose handover fails is replaced by the next ready one, at most twice.
    /// - Throws: ``ClaimError/nothingReady(_:)`` if no workspace is ready in time, ``Problem`` if the handovers failed.
    func run() async throws -> Granted {
        let startedAt = ContinuousClock.now
        let owner = try owner
        let earlier = try await earlier(by: owner)
        let key = if let earlier { earlier.preset } else { try await call.preset(in: api) }
        try call.require(.claim(key, owner: owner))
        let deadline = call.duration("wait").map { startedAt + min($0, API.longestClaimWait) }
        var attempt = try await api.engine.beginClaim(
            of: key, by: owner, continuing: call.text("continues").map { ClaimID($0) })
        attempt.requested = call.duration("for")
        attempt.priority = min(call.number("priority") ?? call.principal.priority, call.principal.priority)
        let terms = try await terms(of: key, isRepeated: earlier != nil)
        // A claim that has waited is known to the waiting room until its request ends.
        if attempt.hasWaited { await api.waiting.enter(attempt.id) }
        do {
            let granted = try await run(key, owner, &attempt, terms, deadline)
            if attempt.hasWaited { _ = await api.waiting.exit(attempt.id) }
            return granted
        } catch {
            if attempt.hasWaited, await api.waiting.exit(attempt.id) {
                try? await api.engine.leave(attempt.id, keepingFor: absence(after: error))
            }
            throw error
        }
    }

    /// The time for which the place in the queue is kept for another request; nil if the claim has ended.
    private func absence(after error: any Error) -> Duration? {
        if error is CancellationError {
            // A client that hung up knows its claim only by its idempotency key.
            return Task.isShuttingDownGracefully || call.idempotencyKey != nil ? Ticket.absence : nil
        }
        return error is StillWaiting || Problem(error)?.claim != nil ? Ticket.absence : nil
    }

    private func run(
        _ key: PresetKey, _ owner: Owner, _ attempt: inout ClaimAttempt, _ terms: HandoverTerms?,
        _ deadline: ContinuousClock.Instant?
    ) async throws -> Granted {
        var failures: [Problem] = []
        var (isQueued, hasEnded) = (false, false)
        while true {
            do {
                let grant = try await claim(key, owner: owner, attempt, terms)
                let workspace = grant.workspace
                if Task.isCancelled { try await giveBack(grant) }
                if workspace.isCold { api.daemon?.replan() } else { api.daemon?.replan(source: key.source) }
                let result: Metrics.ClaimResult = workspace.isCold ? .cold : attempt.hasWaited ? .waited : .hit
                let outcome: Outcome
                do {
                    outcome = try await finished(grant, attempt, deadline)
                } catch is CancellationError {
                    try await giveBack(grant)
                    throw CancellationError()
                }
                switch outcome {
                case .granted(var granted):
                    // A repeated request with the same idempotency key is not counted as another claim.
                    if grant.isNew { observe(attempt, of: key, result) }
                    granted.others = try await others(than: key)
                    return granted
                case .failed(let problem):
                    failures.append(problem)
                    isQueued = false
                    guard failures.count <= Self.mostReplacements, deadline.map({ .now < $0 }) ?? true else {
                        observe(attempt, of: key, .failed)
                        throw problem
                    }
                }
            } catch ClaimError.nothingReady(let pool) {
                guard let deadline, .now < deadline, !hasEnded else {
                    if let problem = failures.last {
                        observe(attempt, of: key, .failed)
                        throw problem
                    }
                    if isQueued, !hasEnded, call.body["queue"]?.bool == true,
                        let place = try await api.engine.place(of: attempt.id)
                    {
                        throw StillWaiting(place: place)
                    }
                    try await api.engine.recordMiss(attempt, of: key, by: owner)
                    let wait = call.duration("wait") ?? .zero
                    throw missed(attempt, of: key, pool, mayContinue: wait > API.longestClaimWait)
                }
                guard !pool.isHopeless else {
                    if let problem = failures.last {
                        observe(attempt, of: key, .failed)
                        throw problem
                    }
                    try await api.engine.recordMiss(attempt, of: key, by: owner)
                    throw missed(attempt, of: key, pool, mayContinue: false)
                }
                if !attempt.hasWaited { await api.waiting.enter(attempt.id) }
                attempt.hasWaited = true
                if !isQueued { try await api.engine.join(attempt, of: key, by: owner) }
                isQueued = true
                switch try await api.waiting.turn(of: attempt.id, in: key, api.engine, until: deadline) {
                case .mayTry, .timedOut: break
                case .ended: hasEnded = true
                }
            }
        }
    }

    /// Returns the problem of a claim that got no workspace. The claim is counted when the caller's wait is over, so that a
    /// wait over several requests counts once.
    private func missed(
        _ attempt: ClaimAttempt, of key: PresetKey, _ pool: EmptyPool, mayContinue: Bool
    ) -> any Error {
        guard mayContinue, var problem = Problem(ClaimError.nothingReady(pool) as any Error) else {
            observe(attempt, of: key, .empty)
            return ClaimError.nothingReady(pool)
        }
        problem.claim = attempt.id
        return problem
    }

    /// Releases a workspace whose client has hung up. With an idempotency key, the client can ask for it again.
    private func giveBack(_ grant: ClaimGrant) async throws {
        guard grant.isNew, call.idempotencyKey == nil else { return }
        _ = try await api.engine.release(grant.workspace.id.rawValue)
        throw CancellationError()
    }

    private func observe(_ attempt: ClaimAttempt, of key: PresetKey, _ result: Metrics.ClaimResult) {
        api.metrics?.claim(preset: key, result: result, duration: max(api.engine.now() - attempt.askedAt, .zero))
    }

    /// The owner that the request names, otherwise the caller if it may claim only for itself.
    private var owner: Owner {
        get throws(Problem) {
            if let name = call.text("owner") { return call.principal.owner(named: name) }
            guard call.principal.role == .claimer else {
                throw Problem(
                    "MissingField", status: 400, "cannot claim a workspace: the owner is missing",
                    hint: "name the owner: `--owner NAME`, or \"owner\" in the body")
            }
            return call.principal.owner
        }
    }

    /// Returns the workspace of an earlier claim of the caller with the same idempotency key. The preset may have been
    /// removed since.
    private func earlier(by owner: Owner) async throws -> Workspace? {
        let name = call.preset
        guard let key = claimKey,
            let earlier = try await api.engine.store.read({ try $0.earlierClaim(key, of: name, by: owner) }),
            [earlier.preset.name, earlier.preset.description].contains(name)
        else { return nil }
        return earlier
    }

    private var claimKey: ClaimKey? { call.idempotencyKey.map(call.principal.claimKey) }

    /// Returns the presets of other sources that have the same name, if the request did not name a source.
    private func others(than key: PresetKey) async throws -> [PresetKey] {
        guard call.preset == key.name else { return [] }
        return try await api.engine.store.read { try $0.presets(named: key.name) }.map(\.key)
            .filter { $0 != key && $0.name == key.name && call.maySee($0) }
    }

    private func claim(
        _ key: PresetKey, owner: Owner, _ attempt: ClaimAttempt, _ terms: HandoverTerms?
    ) async throws -> ClaimGrant {
        let grant = try await api.engine.grant(
            key.description, owner: owner, idempotencyKey: claimKey,
            audit: call.entry("claim", "preset", key.description, at: api.engine.now(), detail: "for \(owner)"),
            for: call.principal, attempt: attempt, terms: terms)
        let workspace = grant.workspace
        if let idempotencyKey = call.idempotencyKey, workspace.state != .claimed {
            throw Problem(
                "KeyUsedUp", status: 409,
                "cannot claim again with the idempotency key \"\(idempotencyKey)\": "
                    + "its workspace \(workspace.name) is no longer claimed",
                hint: "use a new key for a new claim")
        }
        return grant
    }

    /// Waits until a workspace that is being created for this claim is ready, or until the deadline. Without a daemon no
    /// process creates workspaces in the background, and the workspace is returned at once.
    ///
    /// - Throws: ``Problem`` with the status 502 if the workspace could not be created.
    func finished(_ workspace: Workspace, _ deadline: ContinuousClock.Instant?) async throws -> Workspace {
        var workspace = workspace
        while workspace.isCold, api.daemon != nil, let deadline, .now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            let id = workspace.id.rawValue
            guard let found = try await api.engine.store.read({ try $0.workspace(id) }), found.state == .claimed else {
                throw Problem(
                    "ColdClaimFailed", status: 502, "cannot create the workspace \(workspace.name) for this claim",
                    hint: "see `prewarm describe workspace \(workspace.name)`")
            }
            workspace = found
        }
        return workspace
    }
}
