import PrewarmCore
import PrewarmEngine

/// The invariants of claims: safety after each step, and liveness at the end.
extension ClaimSimulation {
    /// Notes that a review of leases ended the claim of a workspace.
    func expired(_ workspace: Workspace) {
        guard let id = workspace.claim, let promise = promises[id] else { return }
        noteExpiry(of: id, promise)
    }

    private func noteExpiry(of id: ClaimID, _ promise: Promise) {
        promises[id] = nil
        count("expired leases")
        let reachedMax = served - promise.grantedServed >= Self.longest
        if counted < promise.keptUntil, !reachedMax {
            fail(
                """
                the lease of \(promise.workspace) ended \(promise.keptUntil - counted) before its time, \
                \(served - promise.grantedServed) after its claim
                """)
        }
    }

    func check() async throws {
        let known = Array(promises.keys)
        let (workspaces, held, records, presets) = try await store.read { store in
            (
                try store.workspaces(WorkspaceFilter(states: WorkspaceState.allCases)),
                try store.claims(ClaimFilter(isHeld: true)), try known.compactMap { try store.claim($0) },
                try store.presets(source: nil)
            )
        }
        try await noteState()
        for preset in presets { ttls[preset.key.name] = preset.lease?.ttl.components.seconds }
        // A commit may remove the lease of a running claim.
        for claim in held where claim.lease == nil { promises[claim.id]?.ends = false }
        checkOwners(workspaces, held)
        try await checkDemand(workspaces, presets.first { $0.key.name == "b" }?.fingerprint)
        checkPromises(
            Dictionary(workspaces.map { ($0.id, $0) }) { first, _ in first },
            Dictionary(records.map { ($0.id, $0) }) { first, _ in first })
        try await checkDeletions()
        for finding in try await store.read({ try StoreCheck.findings(in: $0) }) {
            fail("the \(finding.object) \(finding.name) contradicts the store: \(finding.message)")
        }
        for (workspace, handedOver) in world.with(\.handedOver) where handedOver.count > 1 {
            fail("\(workspace) was handed over for the claims \(handedOver)")
        }
    }

    /// Notes how many claims wait for the pool of 0, whose size follows from them.
    func noteWaiting() async throws {
        let counts = try await store.read { try $0.ticketCounts() }
        mostWaiting = max(mostWaiting, counts[PresetKey(source: "presets", name: "b"), default: 0])
    }

    /// The pool of 0 never has more workspaces of its current version than claims waited for it at the same time.
    private func checkDemand(_ workspaces: [Workspace], _ current: Fingerprint?) async throws {
        try await noteWaiting()
        let live: Set<WorkspaceState> = [.pending, .creating, .ready, .suspect]
        let made = workspaces.count {
            $0.preset.name == "b" && $0.fingerprint == current && live.contains($0.state)
        }
        if made > 0 { counts["workspaces for waiting claims", default: 0] += 1 }
        if made > mostWaiting { fail("\(made) workspaces are made for at most \(mostWaiting) waiting claims") }
    }

    private func checkOwners(_ workspaces: [Workspace], _ claims: [Claim]) {
        let byWorkspace = Dictionary(grouping: claims.filter { $0.workspace != nil }) { $0.workspace }
        for (workspace, claims) in byWorkspace where claims.count > 1 {
            fail("\(workspace.map(\.rawValue) ?? "") has \(claims.count) claims")
        }
        let inPools: Set<WorkspaceState> = [.pending, .creating, .ready, .suspect, .unhealthy]
        for workspace in workspaces where inPools.contains(workspace.state) && claimOf[workspace.id] != nil {
            fail("\(workspace.id) was claimed and is \(workspace.state) again")
        }
    }

    private func checkPromises(_ workspaces: [WorkspaceID: Workspace], _ records: [ClaimID: Claim]) {
        let instances = world.with(\.instances)
        for (id, promise) in promises {
            let workspace = workspaces[promise.workspace]
            guard let workspace, workspace.state == .claimed, let record = records[id], record.isHeld else {
                noteEnd(of: id, promise, workspace, records[id])
                continue
            }
            if workspace.owner != promise.owner { fail("\(workspace.id) has another owner than \(promise.owner)") }
            if workspace.readyAt != nil, !instances.contains(workspace.id.rawValue), !broken.contains(workspace.id) {
                fail("\(workspace.id) is claimed, and the provider has deleted it")
            }
            let lived = free - promise.grantedFree
            if promise.ends, lived > Self.longest + Self.longestGrace + .seconds(150) + slack {
                fail("\(workspace.id) is claimed since \(lived), longer than its longest lease")
            }
        }
    }

    /// Notes the end of a claim that no report told of, because the process died after its commit.
    private func noteEnd(of id: ClaimID, _ promise: Promise, _ workspace: Workspace?, _ record: Claim?) {
        switch record?.endReason {
        case .expired: noteExpiry(of: id, promise)
        // The create of a claim on an empty pool may fail for good.
        case .lost,
            .failed where workspace?.readyAt == nil:
            promises[id] = nil
        default: fail("the claim of \(promise.workspace) is gone: \(workspace?.state.rawValue ?? "no row")")
        }
    }

    /// A check that fails once, or that lies once, deletes nothing.
    private func checkDeletions() async throws {
        let deletes = try await store.read { try $0.operations(OperationFilter()) }.map(\.operation)
            .filter { $0.kind == .delete }
        for delete in deletes where [.lost, .unhealthy].contains(delete.reason) && !broken.contains(delete.workspace) {
            fail("\(delete.workspace) is deleted as \(delete.reason), and nothing was wrong with it")
        }
    }

    // MARK: Liveness

    /// Ends all faults, and lets time pass until nothing is left to do.
    func settle() async throws {
        steps.append("the end of all faults")
        world.with { state in
            (state.outcome, state.failsToList) = (nil, false)
        }
        for process in processes { process.life.end(after: .max, diesAfterCommit: false) }
        if processes.isEmpty { await start() }
        guard let process = processes.first else { return fail("no process starts") }
        await run(process) { _ = try await process.engine.resync(force: true) }
        if isSuspended { await run(process) { _ = try await process.engine.resume(.all, by: "op") } }
        var unsettled = ""
        for _ in 0..<400 {
            await pass(.seconds(20))
            for process in processes {
                await run(process) {
                    try await self.retry(process)
                    _ = try await process.engine.resync()
                    try await process.engine.sync()
                }
            }
            try await check()
            unsettled = try await unsettledState(process.engine)
            if unsettled.isEmpty || !faults.isEmpty { return }
        }
        fail("it does not settle: \(unsettled)")
    }

    /// Returns what is not as it should be at the end; an empty text if nothing is left to do.
    private func unsettledState(_ engine: Engine) async throws -> String {
        let (tickets, unfinished, rows, failures) = try await store.read { store in
            (
                try store.ticketCounts(), try store.operations(OperationFilter(states: [.pending, .running])),
                try store.workspaces(WorkspaceFilter()), try store.failures(source: nil)
            )
        }
        if !tickets.isEmpty { return "claims wait: \(tickets)" }
        if !unfinished.isEmpty { return "operations wait: \(unfinished.map { "\($0.operation)" })" }
        if !failures.isEmpty { return "builds count as failed: \(failures)" }
        for name in ["a", "b"] {
            guard let counts = try await engine.counts(name) else { return "there is no pool \(name)" }
            if counts.claimable != counts.desired { return "the pool \(name) has \(counts)" }
        }
        let ids = Set(rows.filter { !broken.contains($0.id) }.map(\.id.rawValue))
        let instances = world.with(\.instances).filter { !broken.contains(WorkspaceID($0)) }
        let (lost, leaked) = (ids.subtracting(instances), instances.subtracting(ids))
        return lost.isEmpty && leaked.isEmpty ? "" : "the provider lacks \(lost), and leaks \(leaked)"
    }
}
