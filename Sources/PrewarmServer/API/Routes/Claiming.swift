import PrewarmAPI
import PrewarmCore
import PrewarmEngine
internal import PrewarmTelemetry
import ServiceLifecycle

extension API {
    /// The longest time that one request for a claim waits. Proxies close requests that take longer. The command
    /// `claim` repeats the request until its own wait is over.
    package static let longestClaimWait = Duration.seconds(300)
}

/// A claim that may wait for a ready workspace.
struct Claiming {
    let api: API
    let call: APICall
    /// The selection of the claim; nil if the path names the preset.
    var selection: Selection?

    /// The workspace that a claim got.
    struct Granted {
        let workspace: Workspace
        /// The presets of other sources with the same name.
        var others: [PresetKey] = []
        /// The record of the claim; nil if it is not known.
        var claim: Claim?
        /// The name of the deprecated preset whose claims are redirected to this workspace's preset; nil without a redirect.
        var redirectedFrom: String?
        /// The document that says why the preset was chosen; nil if the claim named it.
        var selection: ClaimSelectionDocument?
        var handover = HandoverMembers()
    }

    /// The members of the answer about the handover.
    struct HandoverMembers {
        /// The credentials for the owner; empty if the provisioner gave none.
        var credentials: [String: String] = [:]
        /// The cause of a failed handover.
        var error: String?

        func add(to document: inout WorkspaceDocument) {
            document.credentials = OrderedMap(unlessEmpty: credentials)
            document.handoverError = error
        }
    }

    /// Claims a workspace, waiting at most as long as the request says.
    ///
    /// A workspace whose handover fails is replaced by the next ready one, at most twice.
    /// - Throws: ``ClaimError/nothingReady(_:)`` if no workspace is ready in time, ``Problem`` if the handovers failed.
    func run() async throws -> Granted {
        let startedAt = instant
        let owner = try owner
        let earlier = try await earlier(by: owner)
        var choices = try await choices(for: owner, earlier)
        let deadline = call.duration("wait").map { startedAt + min($0, API.longestClaimWait) }
        var attempt = try await api.engine.beginClaim(
            of: choices.keys, by: owner, continuing: call.text("continues").map { ClaimID($0) })
        attempt.requested = call.duration("for")
        attempt.priority = min(call.number("priority") ?? call.principal.priority, call.principal.priority)
        attempt.asked = choices.asked
        // A claim that has waited is known to the waiting room until its request ends.
        if attempt.hasWaited { await api.waiting.enter(attempt.id) }
        do {
            let granted = try await run(&choices, owner, &attempt, deadline)
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
        _ choices: inout ClaimChoices, _ owner: Owner, _ attempt: inout ClaimAttempt,
        _ deadline: Instant?
    ) async throws -> Granted {
        var failures: [Problem] = []
        // The presets in whose queues the claim waits.
        var queues: Set<PresetKey> = []
        var hasEnded = false
        while true {
            do {
                let grant = try await claim(choices, owner: owner, attempt)
                let workspace = grant.workspace
                if Task.isCancelled { try await giveBack(grant) }
                if workspace.isCold {
                    api.daemon?.replan()
                } else {
                    api.daemon?.replan(source: workspace.preset.source)
                }
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
                    if grant.isNew { observe(attempt, of: workspace.preset, result) }
                    (granted.others, granted.claim) = try await context(of: granted.workspace)
                    granted.redirectedFrom = choices.redirectedFrom
                    granted.selection = choices.selection(of: workspace.preset, isNew: grant.isNew)
                    return granted
                case .failed(let problem):
                    failures.append(problem)
                    queues = []
                    guard failures.count <= Self.mostReplacements, deadline.map({ instant < $0 }) ?? true else {
                        observe(attempt, of: choices.first, .failed)
                        throw problem
                    }
                    try await update(&choices, for: owner, attempt)
                }
            } catch ClaimError.nothingReady(let pools) {
                guard let deadline, instant < deadline, !hasEnded, !pools.isHopeless else {
                    let isWaiting = !queues.isEmpty && !hasEnded && !pools.isHopeless
                    throw try await end(of: attempt, by: owner, choices, pools, failures.last, isWaiting: isWaiting)
                }
                if !attempt.hasWaited { await api.waiting.enter(attempt.id) }
                attempt.hasWaited = true
                if queues != Set(choices.keys) { try await join(choices, attempt, owner) }
                queues = Set(choices.keys)
                let turn = try await api.waiting.turn(of: attempt.id, in: choices.keys, api.engine, until: deadline)
                hasEnded = turn == .ended
                try await update(&choices, for: owner, attempt)
            } catch let error as ClaimError {
                if case .ownerLimit = error { observe(attempt, of: choices.first, .limited) }
                throw error
            }
        }
    }

    /// Adds the claim to the queues of its presets. A claim that finds no place there is a missed one.
    private func join(_ choices: ClaimChoices, _ attempt: ClaimAttempt, _ owner: Owner) async throws {
        do {
            let demand = try await api.engine.join(attempt, of: choices.keys, by: owner)
            if let demand { api.daemon?.replan(source: demand.source) }
        } catch let error as ClaimError {
            try await api.engine.recordMiss(attempt, of: choices.first, by: owner)
            observe(attempt, of: choices.first, .empty)
            throw error
        }
    }

    /// Returns the error that ends a request without a workspace, and records a claim that does not go on.
    /// - Parameters:
    ///   - failure: The problem of the last failed handover; nil if there was none.
    ///   - isWaiting: True if the claim has a place in the queue.
    private func end(
        of attempt: ClaimAttempt, by owner: Owner, _ choices: ClaimChoices, _ pools: EmptyPools, _ failure: Problem?,
        isWaiting: Bool
    ) async throws -> any Error {
        if let failure {
            observe(attempt, of: choices.first, .failed)
            return failure
        }
        if isWaiting, call.body["queue"]?.bool == true,
            let place = try await api.engine.place(of: attempt.id, for: call.principal)
        {
            return StillWaiting(place: place)
        }
        try await api.engine.recordMiss(attempt, of: choices.first, by: owner)
        let wait = call.duration("wait") ?? .zero
        return missed(
            attempt, of: choices.first, pools, mayContinue: !pools.isHopeless && wait > API.longestClaimWait)
    }

    /// Returns the problem of a claim that got no workspace. The claim is counted when the caller's wait is over, so that a
    /// wait over several requests counts once.
    private func missed(
        _ attempt: ClaimAttempt, of key: PresetKey, _ pools: EmptyPools, mayContinue: Bool
    ) -> any Error {
        guard mayContinue, var problem = Problem(ClaimError.nothingReady(pools) as any Error) else {
            observe(attempt, of: key, .empty)
            return ClaimError.nothingReady(pools)
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

    var claimKey: ClaimKey? { call.idempotencyKey.map(call.principal.claimKey) }

    /// Returns the presets of other sources that have the same name, if the request did not name a source, and the record of the
    /// claim.
    private func context(of workspace: Workspace) async throws -> (others: [PresetKey], claim: Claim?) {
        let key = workspace.preset
        let isNamed = selection == nil && call.preset == key.name
        let (presets, claim) = try await api.engine.store.read { store in
            (isNamed ? try store.presets(named: key.name).map(\.key) : [], try store.claim(of: workspace))
        }
        return (presets.filter { $0 != key && $0.name == key.name && call.maySee($0) }, claim)
    }

    private func claim(_ choices: ClaimChoices, owner: Owner, _ attempt: ClaimAttempt) async throws -> ClaimGrant {
        let entry = { @Sendable [call, now = api.engine.now()] (key: PresetKey) in
            let detail = "for \(owner)\(attempt.askedText)"
            return call.entry("claim", "preset", key.description, at: now, detail: detail)
        }
        let grant = try await api.engine.grant(
            choices.list, by: selection?.selector, owner: owner, idempotencyKey: claimKey, audit: entry,
            for: call.principal, attempt: attempt)
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

    /// The monotonic time, for deadlines.
    var instant: Instant { api.engine.clock.instant() }

    /// Waits until a workspace that is being created for this claim is ready, or until the deadline. Without a daemon no
    /// process creates workspaces in the background, and the workspace is returned at once.
    ///
    /// - Throws: ``Problem`` with the status 502 if the workspace could not be created.
    func finished(_ workspace: Workspace, _ deadline: Instant?) async throws -> Workspace {
        var workspace = workspace
        while workspace.isCold, api.daemon != nil, let deadline, instant < deadline {
            try await api.engine.clock.sleep(for: .milliseconds(100))
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
