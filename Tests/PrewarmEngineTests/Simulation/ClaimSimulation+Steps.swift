import PrewarmCore
import PrewarmEngine

/// The steps of the simulation.
extension ClaimSimulation {
    private enum Step: String {
        case claim, cold, retry, renew, release, revoke, transfer, sync, resync, lie, rot, outage, list, commit, suspend
        case pass, jump, crash, mortal, process, activity, cancel, abandon
    }

    private static let weights: [(Step, Int)] = [
        (.claim, 16), (.cold, 5), (.retry, 8), (.renew, 6), (.release, 6), (.revoke, 1), (.transfer, 2), (.sync, 24),
        (.resync, 6), (.lie, 3), (.rot, 3), (.outage, 2), (.list, 2), (.commit, 3), (.suspend, 2), (.pass, 18),
        (.jump, 3), (.crash, 3), (.mortal, 5), (.process, 3), (.activity, 4), (.cancel, 1), (.abandon, 2),
    ]

    func step() async throws {
        if processes.isEmpty {
            if chance(50) { await pass(.seconds(number(1...600))) }
            await start()
        }
        var rest = number(1...Self.weights.reduce(0) { $0 + $1.1 })
        guard
            let step = Self.weights.first(where: { weight in
                rest -= weight.1
                return rest <= 0
            })?.0
        else { return }
        steps.append(step.rawValue)
        guard let process = processes.randomElement(using: &random) else { return }
        await run(process) { try await self.take(step, process) }
    }

    private func take(_ step: Step, _ process: Daemon) async throws {
        switch step {
        case .claim: try await claim("a", process)
        case .cold: try await claim("b", process)
        case .retry: try await retry(process)
        case .renew: try await renew(process)
        case .release, .revoke: try await end(process, revokes: step == .revoke)
        case .transfer: try await transfer(process)
        case .sync: try await process.engine.sync()
        case .resync: try await resync(process, force: chance(30))
        case .lie: try await lie(process)
        case .rot: rot()
        case .outage: world.with { $0.outcome = $0.outcome == nil ? .refused(ProviderError(.outage, "down")) : nil }
        case .list: try await toggleList(process)
        case .commit: commit()
        case .suspend: try await toggleSuspension(process)
        case .pass: await pass(.seconds(number(1...90)))
        case .jump: await jump(.seconds(number(60...5000) * (chance(50) ? 1 : -1)))
        case .crash: kill(process)
        case .mortal: process.life.end(after: number(1...12), diesAfterCommit: chance(50))
        case .process: if processes.count < 2 { await start() }
        case .activity: use()
        case .cancel: try await cancel(process)
        case .abandon: try await abandon(process)
        }
    }

    // MARK: Claims

    /// Handovers are tried once, since the pauses between attempts take real time.
    private static let terms = HandoverTerms(spec: HandoverSpec(timeout: .milliseconds(200)))

    private func claim(_ preset: String, _ process: Daemon) async throws {
        let engine = process.engine
        let owner = Owner(.text, "owner \(number(1...5))")
        keyCount += 1
        let key: ClaimKey? = chance(50) ? .local("key \(keyCount)") : nil
        let presets = [PresetKey(source: "presets", name: preset)]
        var attempt = try await engine.beginClaim(of: presets, by: owner)
        attempt.priority = [10, 50, 90][number(0...2)]
        let waiting = WaitingTicket(attempt: attempt, preset: preset, owner: owner, key: key)
        do {
            try await ask(waiting, process)
        } catch ClaimError.nothingReady {
            var waiting = waiting
            waiting.attempt.hasWaited = true
            try await engine.join(waiting.attempt, of: presets, by: owner)
            process.tickets.append(waiting)
            try await noteWaiting()
            count("waits")
        } catch is MortalStore.Death {
            // The client repeats the request at another process, with the same key.
            guard let key else { throw MortalStore.Death() }
            kill(process)
            if processes.isEmpty { await start() }
            guard let other = processes.first else { return }
            await run(other) {
                let again = try await other.engine.beginClaim(of: presets, by: owner)
                try await self.ask(
                    WaitingTicket(attempt: again, preset: preset, owner: owner, key: key), other)
            }
        }
    }

    /// Asks for a workspace, and carries out its handover.
    func ask(_ waiting: WaitingTicket, _ process: Daemon) async throws {
        let engine = process.engine
        let queue = waitingBefore(waiting, process)
        let ready = try await store.read { store in
            try store.workspaces(WorkspaceFilter(states: [.ready])).count { $0.preset.name == waiting.preset }
        }
        let choice = ClaimChoice(name: waiting.preset, terms: waiting.preset == "a" ? Self.terms : nil)
        let grant = try await engine.grant(
            [choice], owner: waiting.owner, idempotencyKey: waiting.key, attempt: waiting.attempt)
        process.tickets.removeAll { $0.attempt.id == waiting.attempt.id }
        if grant.isNew, !grant.workspace.isCold, queue >= ready {
            fail("a claim passed \(queue) waiting claims with \(ready) ready workspaces")
        }
        if let key = waiting.key {
            let isHeld = promises.values.contains { $0.workspace == keys[key] }
            if let known = keys[key], known != grant.workspace.id, isHeld {
                fail("the key \(key) got the workspaces \(known) and \(grant.workspace.id)")
            }
            keys[key] = grant.workspace.id
        }
        guard let id = grant.workspace.claim, grant.workspace.state == .claimed else { return }
        guard grant.isNew else { return count("repeated keys") }
        if let before = claimOf[grant.workspace.id] { fail("\(grant.workspace.id) was given to \(before) and \(id)") }
        claimOf[grant.workspace.id] = id
        count(grant.workspace.isCold ? "cold claims" : "claims")
        if let handover = engine.handover(of: grant, createsWorkspace: false, askedAt: waiting.attempt.askedAt) {
            let fails = chance(10)
            world.with { $0.failsToHandOver = fails }
            let result = await handover.run()
            world.with { $0.failsToHandOver = false }
            guard case .done = result else { return count("failed handovers") }
        }
        let ttl = Duration.seconds(ttls[waiting.preset] ?? 0)
        promises[id] = Promise(
            preset: waiting.preset, owner: waiting.owner, workspace: grant.workspace.id, ttl: ttl,
            keptUntil: counted + ttl, grantedServed: served, grantedFree: free, ends: ttl != .zero)
        note("\(grant.workspace.id) for \(ttl)")
    }

    /// Returns the number of claims of running processes that wait before a claim.
    private func waitingBefore(_ waiting: WaitingTicket, _ process: Daemon) -> Int {
        func ticket(_ waiting: WaitingTicket) -> Ticket {
            Ticket(
                id: waiting.attempt.id, preset: PresetKey(source: "presets", name: waiting.preset),
                owner: waiting.owner, priority: waiting.attempt.priority, since: waiting.attempt.askedAt, holder: "")
        }
        return processes.flatMap(\.tickets).count { other in
            other.preset == waiting.preset && other.attempt.id != waiting.attempt.id
                && (waiting.attempt.hasWaited
                    ? ticket(other).comes(before: ticket(waiting)) : other.attempt.priority >= waiting.attempt.priority)
        }
    }

    func retry(_ process: Daemon) async throws {
        for waiting in process.tickets.shuffled(using: &random) {
            do { try await ask(waiting, process) } catch ClaimError.nothingReady {}
        }
    }

    private func cancel(_ process: Daemon) async throws {
        guard let waiting = process.tickets.randomElement(using: &random) else { return }
        process.tickets.removeAll { $0.attempt.id == waiting.attempt.id }
        _ = try await process.engine.cancelWait(waiting.attempt.id)
    }

    /// Ends the request of a waiting claim. Another request continues it, perhaps in time.
    private func abandon(_ process: Daemon) async throws {
        guard let waiting = process.tickets.randomElement(using: &random) else { return }
        process.tickets.removeAll { $0.attempt.id == waiting.attempt.id }
        try await process.engine.leave(waiting.attempt.id, keepingFor: Ticket.absence)
        await pass(.seconds(number(1...45)))
        guard let other = processes.randomElement(using: &random) else { return }
        let presets = [PresetKey(source: "presets", name: waiting.preset)]
        await run(other) {
            var attempt = try await other.engine.beginClaim(
                of: presets, by: waiting.owner, continuing: waiting.attempt.id)
            (attempt.priority, attempt.hasWaited) = (waiting.attempt.priority, true)
            try await other.engine.join(attempt, of: presets, by: waiting.owner)
            other.tickets.append(
                WaitingTicket(attempt: attempt, preset: waiting.preset, owner: waiting.owner, key: waiting.key))
        }
    }

    private func randomPromise() -> (id: ClaimID, promise: Promise)? {
        promises.sorted { $0.key < $1.key }.randomElement(using: &random).map { ($0.key, $0.value) }
    }

    private func renew(_ process: Daemon) async throws {
        guard let (id, promise) = randomPromise() else { return }
        let length: Duration? = chance(30) ? .seconds(number(10...500)) : nil
        let held = try await process.engine.renew(promise.workspace.rawValue, for: length)
        let ttl = length ?? held.claim.lease?.ttl ?? .zero
        promises[id]?.keptUntil = max(promise.keptUntil, counted + ttl)
        note("\(promise.workspace) for \(ttl)")
        count("renewals")
    }

    private func end(_ process: Daemon, revokes: Bool) async throws {
        guard let (id, promise) = randomPromise() else { return }
        // A process that dies may have ended the claim or not.
        promises[id] = nil
        let name = promise.workspace.rawValue
        if revokes {
            _ = try await process.engine.revoke(name, reason: "budget", by: "op")
        } else {
            _ = try await process.engine.release(name)
            if chance(20) { _ = try await process.engine.release(name) }
        }
        count("releases")
    }

    private func transfer(_ process: Daemon) async throws {
        guard let (id, promise) = randomPromise() else { return }
        let owner = Owner(.text, "owner \(number(1...5))")
        do {
            _ = try await process.engine.transfer(promise.workspace.rawValue, to: owner)
            promises[id]?.owner = owner
        } catch is MortalStore.Death {
            let found = try await store.read { try $0.workspace(promise.workspace.rawValue)?.owner }
            if let found { promises[id]?.owner = found }
            throw MortalStore.Death()
        }
    }

    // MARK: The world

    func resync(_ process: Daemon, force: Bool) async throws {
        for report in try await process.engine.resync(force: force) where report.failure == nil {
            mayLie = true
            noteActivity()
        }
    }

    /// Counts the activity that a list reported.
    private func noteActivity() {
        let (active, instances, now) = world.with { ($0.activeAt, $0.instances, $0.now) }
        for (id, promise) in promises where instances.contains(promise.workspace.rawValue) {
            guard let time = active[promise.workspace.rawValue], time <= now, now - time < promise.ttl else { continue }
            promises[id]?.keptUntil = max(promise.keptUntil, counted - (now - time) + promise.ttl)
        }
    }

    private func use() {
        guard let (_, promise) = randomPromise() else { return }
        world.with { $0.activeAt[promise.workspace.rawValue] = $0.now }
        count("activity")
    }

    /// Makes one list wrong. The next one is right.
    private func lie(_ process: Daemon) async throws {
        guard mayLie else { return }
        mayLie = false
        let all = try await store.read { try $0.workspaces(WorkspaceFilter(states: [.ready, .claimed])) }
            .map(\.id.rawValue)
        let share = [20, 60, 100][number(0...2)]
        let victims = all.filter { _ in chance(share) }
        world.with { state in for id in victims { state.listedWords[id] = "unhealthy" } }
        await run(process) { _ = try await process.engine.resync(force: true) }
        world.with { $0.listedWords = [:] }
        count("lies")
        for other in processes { await run(other) { try await self.resync(other, force: true) } }
    }

    /// Breaks or removes workspaces at the provider.
    private func rot() {
        let all = world.with { $0.instances.sorted() }
        guard let victim = all.randomElement(using: &random) else { return }
        let vanishes = chance(50)
        world.with { state in
            if vanishes { state.instances.remove(victim) } else { state.words[victim] = "stopped" }
        }
        broken.insert(WorkspaceID(victim))
        count("broken workspaces")
    }

    /// Lets the list of the provisioner fail, or work again. A process notices at once, unless it dies.
    private func toggleList(_ process: Daemon) async throws {
        world.with { $0.failsToList.toggle() }
        note(world.with(\.failsToList) ? "fails" : "works")
        slack += .seconds(30)
        try await resync(process, force: true)
    }

    private func toggleSuspension(_ process: Daemon) async throws {
        slack += .seconds(60)
        if isSuspended {
            _ = try await process.engine.resume(.all, by: "op")
        } else {
            try await process.engine.suspend(.all, reason: nil, by: "op", until: nil)
        }
    }

    /// Commits other sizes, versions and leases.
    func commit() {
        let ttl = [100, 150, 300][number(0...2)]
        let lease = "lease=\(ttl),\(Self.longest.components.seconds),20,\([10, 30][number(0...1)])"
        let hasLease = !chance(10)
        world.commit(
            """
            template - health=20:2
            a \(number(2...4)) \(number(1...3)) \(hasLease ? lease : "") \(chance(30) ? "one-by-one" : "")
            b 0 1 cold \(hasLease ? lease : "")
            """)
    }
}
