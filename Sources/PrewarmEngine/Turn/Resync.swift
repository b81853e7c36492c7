package import PrewarmCore

/// What a provisioner's own list says about what the store believes.
package struct ResyncReport: Sendable {
    package let provisioner: String
    /// Ready ones that are gone or broken: the next turn replaces them.
    package var lost: [Workspace] = []
    /// Ready ones that the provisioner is asked about, one by one, before they count as gone.
    package var inspected: [Workspace] = []
    /// Claimed ones that are gone or broken. They are their owners', so they stay as they are.
    package var missingClaimed: [Workspace] = []
    /// The list lacks so much that it is not believed until a later one agrees.
    package var suspicion: Suspicion?
    /// At most ``Orphan/keptLimit``.
    package var orphans: [Orphan] = []
    /// The number of orphans beyond ``orphans``.
    package var moreOrphans = 0
    /// Orphans that are deleted from now on, because the policy says so.
    package var deleted: [WorkspaceID] = []
    /// Why the list could not be had; everything stays as it is.
    package var failure: ProvisionerFailure?
}

extension Engine {
    /// Compares the store with what really exists, for each provisioner that can list and that was not asked for longer
    /// than its interval.
    /// - Parameter force: asks all of them, whenever they were asked.
    package func resync(force: Bool = false) async throws -> [ResyncReport] {
        var reports: [ResyncReport] = []
        for name in provisioners.keys.sorted() {
            guard let provisioner = provisioners[name], provisioner.operations.contains(.list) else { continue }
            if !force { guard try await isResyncDue(name) else { continue } }
            let startedAt = now()
            do {
                let listed = try await provisioner.list()
                reports.append(try await compare(listed, of: name, startedAt: startedAt))
            } catch let failure as ProvisionerFailure {
                try await store.write { store in
                    try store.setListed(provisioner: name, at: startedAt)
                    try noteList(failure, of: name, at: startedAt, in: store)
                }
                reports.append(ResyncReport(provisioner: name, failure: failure))
            }
        }
        return reports
    }

    private func resyncInterval(of provisioner: String) -> Duration {
        policy.resync[provisioner] ?? Policy.standardResync
    }

    /// The time that a resync may take: that of each list, and some for the store.
    var longestResync: Duration {
        provisioners.values.filter { $0.operations.contains(.list) }.reduce(.seconds(60)) { $0 + $1.longestList }
    }

    /// Where nothing exists there is nothing to compare: the time runs from then on.
    private func isResyncDue(_ name: String) async throws -> Bool {
        let now = now()
        let interval = resyncInterval(of: name)
        if let last = try await store.read({ try $0.listedAt(provisioner: name) }) {
            return (last + interval).hasCome(at: now, atMost: interval)
        }
        if try await store.read({ try !$0.workspaces(WorkspaceFilter()).isEmpty }) { return true }
        try await store.write { try $0.save(Listing(provisioner: name, at: now)) }
        return false
    }

    /// Reads and compares before the write transaction: a list can be long, and claims wait for nothing but writing.
    private func compare(
        _ listed: [ListedWorkspace], of name: String, startedAt: Timestamp
    ) async throws -> ResyncReport {
        // Named twice, it is one all the same.
        let present = Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }
        let canInspect = provisioners[name]?.operations.contains(.inspect) == true
        let (known, last) = try await store.read { store in
            (
                ListComparison.Known(
                    workspaces: try store.workspaces(WorkspaceFilter()).filter { $0.spec.provisioner == name },
                    suspects: try store.suspects(provisioner: name), canInspect: canInspect, policy: policy,
                    interval: resyncInterval(of: name)),
                try store.listing(provisioner: name)
            )
        }
        let comparison = ListComparison(present, startedAt: startedAt, listedAt: now(), known: known)
        let strangers = try await orphans(
            Array(present.values), name, last?.orphans ?? [], live: Set(known.workspaces.map(\.id)), startedAt)
        return try await store.write { store in
            try store.recognizeRestored(listed, of: name, at: startedAt)
            let identity = try store.identity()
            var report = ResyncReport(provisioner: name)
            report.suspicion = comparison.suspicion
            report.missingClaimed = comparison.claimed.map(\.workspace)
            (report.orphans, report.moreOrphans) = strangers
            report.lost = try condemn(comparison, in: store)
            report.inspected = try inspect(comparison.inspected, in: store)
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
            try noteList(nil, of: name, at: startedAt, in: store)
            try store.append(
                ListEvents(report, comparison, before: last, unknown: unknown, at: startedAt).events)
            for source in Set(report.lost.map(\.preset.source)) { try store.markDirty(source: source) }
            return report
        }
    }

    private static let unknownStatesLimit = 20

    /// - Returns: those that were ready until now.
    private func condemn(_ comparison: ListComparison, in store: any StoreWriter) throws -> [Workspace] {
        var condemned: [Workspace] = []
        for (workspace, suspect) in comparison.condemned {
            var workspace = workspace
            workspace.state = suspect.state == nil ? .lost : .failed
            let moved = try store.move([workspace.id], from: [.ready], to: workspace.state)
            if !moved.isEmpty { condemned.append(workspace) }
        }
        return condemned
    }

    /// - Returns: all that are being inspected, earlier ones included.
    private func inspect(_ workspaces: [Workspace], in store: any StoreWriter) throws -> [Workspace] {
        let now = now()
        var generator = SystemRandomNumberGenerator()
        var identifiers = IdentifierFactory(now: now, using: &generator)
        let inspected = workspaces.prefix(Self.inspectionsLimit)
        for workspace in inspected {
            let unfinished = OperationFilter(workspace: workspace.id, states: [.pending, .running], limit: 1)
            guard try store.operations(unfinished).isEmpty else { continue }
            try store.insert([
                Operation(
                    id: OperationID(identifiers.next()), kind: .inspect, workspace: workspace.id,
                    preset: workspace.preset, provisioner: workspace.spec.provisioner, reason: .lost,
                    nextAttemptAt: now, createdAt: now)
            ])
        }
        return Array(inspected)
    }

    /// The number of workspaces of which one list may cause inspections; the next list causes those of the rest.
    private static let inspectionsLimit = 500

    /// An event where that begins or ends.
    private func noteList(
        _ failure: ProvisionerFailure?, of provisioner: String, at now: Timestamp, in store: any StoreWriter
    ) throws {
        let earlier = try store.listFailures().first { $0.provisioner == provisioner }
        guard let failure else {
            guard earlier != nil else { return }
            try store.setListFailure(nil, provisioner: provisioner)
            return try store.append([
                Event(
                    at: now, reason: "ListRecovered", object: "provisioner", name: provisioner,
                    message: "what it has can be listed again")
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
                at: now, kind: .warning, reason: "ListFailed", object: "provisioner", name: provisioner,
                message: "its list failed, so that prewarm finds no lost workspaces; \(Operation.withheldError)",
                detail: "what it has can't be listed, so that nothing that is lost is found: \(message)")
        ])
    }

    /// - Returns: those that are kept, in the order of their ids, and how many more there are.
    private func orphans(
        _ listed: [ListedWorkspace], _ provisioner: String, _ known: [Orphan], live: Set<WorkspaceID>,
        _ startedAt: Timestamp
    ) async throws -> ([Orphan], more: Int) {
        let strangers = listed.filter { ListedState($0.state).isThere && !live.contains($0.id) }
            .sorted { $0.id < $1.id }
        if strangers.isEmpty { return ([], 0) }
        let since = Dictionary(known.map { ($0.id, $0.since) }) { first, _ in first }
        return try await store.read { store in
            var kept: [Orphan] = []
            for (index, found) in strangers.enumerated() {
                guard kept.count < Orphan.keptLimit else { return (kept, strangers.count - index) }
                // One that was deleted while the list was made may still be in it.
                if try store.workspace(found.id.rawValue)?.id == found.id {
                    let operations = try store.operations(OperationFilter(workspace: found.id))
                    guard let last = operations.compactMap(\.operation.finishedAt).max(),
                        (last + Self.listLag).hasCome(at: startedAt, atMost: Self.listLag)
                    else { continue }
                }
                kept.append(
                    Orphan(
                        provisioner: provisioner, id: found.id, state: found.state,
                        since: since[found.id] ?? startedAt, store: found.store))
            }
            return (kept, 0)
        }
    }

    /// How long a list may go on showing what is deleted.
    private static let listLag = Duration.seconds(60)

    private func delete(_ orphans: [Orphan], in store: any StoreWriter) throws {
        let now = now()
        var generator = SystemRandomNumberGenerator()
        var identifiers = IdentifierFactory(now: now, using: &generator)
        for orphan in orphans {
            let spec = WorkspaceSpec(template: "", version: "", provisioner: orphan.provisioner, parameters: [:])
            let workspace = Workspace(
                id: orphan.id, preset: .orphans, spec: spec, fingerprint: spec.fingerprint, state: .deleting,
                createdAt: orphan.since)
            if try store.workspace(orphan.id.rawValue)?.id == orphan.id {
                _ = try store.move([orphan.id], from: [.deleted], to: .deleting)
            } else {
                try store.insert([workspace])
            }
            try store.insert([
                Operation(
                    id: OperationID(identifiers.next()), kind: .delete, workspace: orphan.id, preset: .orphans,
                    provisioner: orphan.provisioner, reason: .orphaned, nextAttemptAt: now, createdAt: now)
            ])
        }
    }
}

extension PresetKey {
    /// Where the deletions of orphans stand; no source and no preset can have this name.
    package static let orphans = PresetKey(source: "-", name: "orphans")
}
