package import PrewarmCore

/// The result of comparing the list of one provisioner with the store.
package struct ResyncReport: Sendable {
    package let provisioner: String
    /// Ready workspaces that are lost or broken. The next reconciliation replaces them.
    package var lost: [Workspace] = []
    /// Ready workspaces that the list lacks or reports as broken, and that the provisioner inspects one by one first.
    package var inspected: [Workspace] = []
    /// Claimed workspaces that are lost or broken. They belong to their owners, so prewarm does not touch them.
    package var missingClaimed: [Workspace] = []
    /// The ids in ``missingClaimed`` that the list contains as broken. The list lacks the others.
    package var brokenClaimed: Set<WorkspaceID> = []
    /// Ready workspaces that are not claimable until a later check.
    package var suspected: [Workspace] = []
    /// Workspaces whose checks failed and that are claimable again.
    package var well: [Workspace] = []
    /// Set if the list lacks so many workspaces that prewarm does not trust it until a later list agrees.
    package var suspicion: Suspicion?
    /// The orphans, at most ``Orphan/keptLimit``.
    package var orphans: [Orphan] = []
    /// The number of orphans beyond ``orphans``.
    package var moreOrphans = 0
    /// The number of times of activity that are too far in the future to be believed.
    package var unusableTimes = 0
    /// Orphans that prewarm deletes, because the policy says so.
    package var deleted: [WorkspaceID] = []
    /// The reason why the provisioner could not list. Nothing was changed then.
    package var failure: ProvisionerFailure?
}

extension Engine {
    /// Compares the store with the lists of the provisioners. It asks each provisioner that can list and whose last list
    /// is older than its resync interval.
    /// - Parameter force: If true, it asks every provisioner that can list.
    package func resync(force: Bool = false) async throws -> [ResyncReport] {
        var reports: [ResyncReport] = []
        if !provisioners.values.contains(where: { $0.operations.contains(.list) }) { try await confirmStore() }
        for name in provisioners.keys.sorted() {
            guard let provisioner = provisioners[name] else { continue }
            guard provisioner.operations.contains(.list) else {
                if let report = try await checkHealth(of: name, force: force) { reports.append(report) }
                continue
            }
            if !force { guard try await isResyncDue(name) else { continue } }
            if let report = try await listAlone(provisioner, name, force: force) { reports.append(report) }
        }
        return reports
    }

    /// Ends the hold of a store whose identity file was missing, if no provisioner can list.
    private func confirmStore() async throws {
        guard try await store.read({ try $0.restoredHold()?.reason }) == .unconfirmed else { return }
        let now = now()
        _ = try await store.write { try confirmStore(at: now, in: $0) }
    }

    /// Asks a provisioner for its list while no other process does.
    /// - Parameter force: If true, it also asks while another process does.
    /// - Returns: Nil if another process asks, or has just asked.
    private func listAlone(
        _ provisioner: any Provisioner, _ name: String, force: Bool
    ) async throws -> ResyncReport? {
        let lease = StoreLease(self, name: "lists/\(name)", time: provisioner.longestList + .seconds(30))
        do {
            try await lease.take()
        } catch ReconcileError.leaseHeld {
            return force ? try await list(provisioner, name) : nil
        }
        do {
            var report: ResyncReport?
            let isDue = try await isResyncDue(name)
            if force || isDue { report = try await list(provisioner, name) }
            await lease.release()
            return report
        } catch {
            await lease.release()
            throw error
        }
    }

    private func list(_ provisioner: any Provisioner, _ name: String) async throws -> ResyncReport {
        let startedAt = now()
        do {
            let listed = try await provisioner.list()
            return try await compare(listed, of: name, startedAt: startedAt)
        } catch let failure as ProvisionerFailure {
            try await store.write { store in
                try store.setListed(provisioner: name, at: startedAt)
                try noteList(failure, of: name, at: startedAt, in: store)
            }
            return ResyncReport(provisioner: name, failure: failure)
        }
    }

    /// Returns the time between two lists: the `resync` of the provisioner, or a shorter interval of health checks.
    private func resyncInterval(of provisioner: String, in store: any StoreReader) throws -> Duration {
        let usual = policy.resync[provisioner] ?? Policy.standardResync
        return min(usual, try store.healthInterval(provisioner: provisioner) ?? usual)
    }

    /// Returns the pause between two looks at whether a list is due.
    package func resyncPause() async throws -> Duration {
        let names = provisioners.keys.sorted()
        let shortest = try await store.read { store in
            try names.compactMap { try store.healthInterval(provisioner: $0) }.min()
        }
        return min(.seconds(5), max(.seconds(1), (shortest ?? .seconds(60)) / 10))
    }

    /// The longest time of a resync: the sum over all lists, and one minute for the store.
    var longestResync: Duration {
        provisioners.values.filter { $0.operations.contains(.list) }.reduce(.seconds(60)) { $0 + $1.longestList }
    }

    /// Returns true if the last list is older than the interval. If no workspace exists yet, there is nothing to compare:
    /// the interval then begins now.
    private func isResyncDue(_ name: String) async throws -> Bool {
        let now = now()
        let interval = try await store.read { try resyncInterval(of: name, in: $0) }
        if let last = try await store.read({ try $0.listedAt(provisioner: name) }) {
            if try await store.read({ try $0.isListWanted(of: name) }) { return true }
            return (last + interval).hasCome(at: now, atMost: interval)
        }
        if try await store.read({ try !$0.workspaces(WorkspaceFilter()).isEmpty }) { return true }
        try await store.write { try $0.save(Listing(provisioner: name, at: now)) }
        return false
    }

    /// Compares a list and records the result. It reads and compares before the write transaction: a list can be long, and
    /// claims wait only for writes.
    private func compare(
        _ listed: [ListedWorkspace], of name: String, startedAt: Timestamp
    ) async throws -> ResyncReport {
        let answeredAt = now()
        let listed = listed.map(withMaskedState)
        // A workspace that is listed twice counts once.
        let present = Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }
        let canInspect = provisioners[name]?.operations.contains(.inspect) == true
        let (known, last) = try await store.read { store in
            (
                ListComparison.Known(
                    workspaces: try store.workspaces(WorkspaceFilter()).filter { $0.spec.provisioner == name },
                    suspects: try store.suspects(provisioner: name), health: try store.health(provisioner: name),
                    canInspect: canInspect, policy: policy, interval: try resyncInterval(of: name, in: store)),
                try store.listing(provisioner: name)
            )
        }
        let comparison = ListComparison(present, startedAt: startedAt, listedAt: answeredAt, known: known)
        let strangers = try await orphans(
            Array(present.values), name, last?.orphans ?? [], live: Set(known.workspaces.map(\.id)), startedAt)
        return try await store.write { store in
            try store.recognizeRestored(listed, of: name, at: startedAt)
            let identity = try store.identity()
            var report = ResyncReport(provisioner: name)
            try apply(comparison, to: &report, in: store)
            (report.orphans, report.moreOrphans) = strangers
            report.inspected = try inspect(comparison.inspected, reason: .lost, in: store)
            try store.replaceSuspects(comparison.suspects, provisioner: name)
            let ours = report.orphans.filter { !identity.isForeign($0.store) }
            if policy.deletesOrphans, identity.hold == nil, !ours.isEmpty,
                !policy.deletionGuard.holds(ours.count + report.moreOrphans, of: present.count)
            {
                report.deleted = ours.map(\.id)
                try delete(ours, in: store)
                report.orphans.removeAll { !identity.isForeign($0.store) }
            }
            let states = comparison.unknownStates.sorted()
            let unknown = states.filter { last?.unknownStates.contains($0) != true }
            try store.save(
                Listing(
                    provisioner: name, at: startedAt, orphans: report.orphans, moreOrphans: report.moreOrphans,
                    unknownStates: Array(((last?.unknownStates ?? []) + unknown).prefix(Self.unknownStatesLimit))))
            let failure = try store.listFailures().first { $0.provisioner == name }
            let active = present.compactMapValues(\.activeAt)
            report.unusableTimes = try store.noteAnswer(
                of: name, active, after: failure, claimed: known.workspaces.filter { $0.state == .claimed },
                startedAt: startedAt, at: answeredAt)
            try noteList(nil, of: name, at: startedAt, in: store)
            try store.append(
                ListEvents(report, comparison, before: last, unknown: unknown, at: startedAt).events)
            try markChanges(report, comparison, in: store)
            _ = try confirmStore(at: answeredAt, in: store)
            return report
        }
    }

    /// Changes the states of unclaimed workspaces that are lost, broken or well again.
    func apply(_ comparison: ListComparison, to report: inout ResyncReport, in store: any StoreWriter) throws {
        report.suspicion = comparison.suspicion
        report.missingClaimed = comparison.claimed.map(\.workspace)
        report.brokenClaimed = Set(comparison.claimed.filter { $0.suspect.state != nil }.map(\.workspace.id))
        report.lost = try condemn(comparison, in: store)
        report.suspected = try move(comparison.suspected, from: [.ready], to: .suspect, in: store)
        report.well = try move(comparison.well, from: [.suspect, .unhealthy], to: .ready, in: store)
    }

    /// Marks the pools of changed workspaces for planning.
    func markChanges(_ report: ResyncReport, _ comparison: ListComparison, in store: any StoreWriter) throws {
        let claims = comparison.claimed.filter(\.isNew).map(\.workspace) + comparison.recovered
        try store.unsettle(Set(claims.map(\.preset)))
        let changed = report.lost + report.suspected + report.well + claims
        for source in Set(changed.map(\.preset.source)) { try store.markDirty(source: source) }
    }

    private static let unknownStatesLimit = 20

    /// Returns the listed workspace with configuration values masked in a state that is not in the contract. Such a state
    /// is any text.
    private func withMaskedState(_ listed: ListedWorkspace) -> ListedWorkspace {
        guard case .unknown(let text) = ListedState(listed.state) else {
            guard let message = listed.message else { return listed }
            return ListedWorkspace(
                id: listed.id, state: listed.state, message: masked(message), store: listed.store,
                activeAt: listed.activeAt)
        }
        return ListedWorkspace(
            id: listed.id, state: masked(text), message: listed.message.map(masked), store: listed.store,
            activeAt: listed.activeAt)
    }

    /// Marks workspaces as lost, failed or unhealthy.
    /// - Returns: The workspaces that were still unclaimed.
    private func condemn(_ comparison: ListComparison, in store: any StoreWriter) throws -> [Workspace] {
        var condemned: [Workspace] = []
        for (workspace, _) in comparison.condemned {
            condemned += try move(
                [workspace], from: [.ready, .suspect, .unhealthy], to: workspace.state, in: store)
        }
        return condemned
    }

    /// Changes the state of workspaces that are still in one of the states, and returns them.
    private func move(
        _ workspaces: [Workspace], from states: [WorkspaceState], to state: WorkspaceState, in store: any StoreWriter
    ) throws -> [Workspace] {
        guard !workspaces.isEmpty else { return [] }
        let moved = try store.move(workspaces.map(\.id), from: states, to: state)
        return workspaces.filter { moved.contains($0.id) }
    }

    /// Inserts an inspect operation for each workspace that has no unfinished operation.
    /// - Returns: All workspaces that are being inspected, also because of earlier lists.
    func inspect(_ workspaces: [Workspace], reason: Reason, in store: any StoreWriter) throws -> [Workspace] {
        let now = now()
        var identifiers = identifiers(at: now)
        let inspected = workspaces.prefix(Self.inspectionsLimit)
        for workspace in inspected {
            let unfinished = OperationFilter(workspace: workspace.id, states: [.pending, .running], limit: 1)
            guard try store.operations(unfinished).isEmpty else { continue }
            try store.insert([
                Operation(
                    id: OperationID(identifiers.next()), kind: .inspect, workspace: workspace.id,
                    preset: workspace.preset, provisioner: workspace.spec.provisioner, reason: reason,
                    nextAttemptAt: now, createdAt: now)
            ])
        }
        return Array(inspected)
    }

    /// The largest number of inspections that one list causes. The next list causes the others.
    private static let inspectionsLimit = 500

    /// Records that the list failed or works again, with an event when that begins and when it ends.
    /// - Parameter verb: The operation that fails: `list`, or `inspect` of a provisioner without `list`.
    func noteList(
        _ failure: ProvisionerFailure?, of provisioner: String, verb: String = "list", at now: Timestamp,
        in store: any StoreWriter
    ) throws {
        let earlier = try store.listFailures().first { $0.provisioner == provisioner }
        guard let failure else {
            guard earlier != nil else { return }
            try store.setListFailure(nil, provisioner: provisioner)
            return try store.append([
                Event(
                    at: now, reason: .listRecovered, object: "provisioner", name: provisioner,
                    message: "the provisioner can \(verb) its workspaces again")
            ])
        }
        let message = masked(failure.message).printable
        guard earlier?.message != message else { return }
        try store.setListFailure(
            ListFailure(provisioner: provisioner, message: message, since: earlier?.since ?? now),
            provisioner: provisioner)
        guard earlier == nil else { return }
        try store.append([
            Event(
                at: now, kind: .warning, reason: .listFailed, object: "provisioner", name: provisioner,
                message: "the provisioner cannot \(verb) its workspaces, so prewarm cannot detect lost workspaces; "
                    + "\(Operation.withheldError)",
                detail: "the provisioner cannot \(verb) its workspaces, so prewarm cannot detect lost workspaces: "
                    + message)
        ])
    }
}
