package import PrewarmCore

/// What a provisioner's own list says about what the store believes.
package struct ResyncReport: Sendable {
    package let provisioner: String
    /// Ready ones that are gone: the next turn replaces them.
    package var lost: [Workspace] = []
    /// Claimed ones that are gone. They are their owners', so they stay as they are.
    package var missingClaimed: [Workspace] = []
    /// The list lacks so much that it is not believed until the next one agrees.
    package var suspicion: Suspicion?
    package var orphans: [Orphan] = []
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
            var listed: [ListedWorkspace]?
            var report = ResyncReport(provisioner: name)
            do {
                listed = try await provisioner.list()
            } catch {
                report.failure = error
            }
            let (before, answer) = (report, listed)
            reports.append(try await store.write { try compare(before, answer, startedAt: startedAt, in: $0) })
        }
        return reports
    }

    /// Where nothing exists there is nothing to compare: the time runs from then on.
    private func isResyncDue(_ name: String) async throws -> Bool {
        let now = now()
        let interval = policy.resync[name] ?? Policy.standardResync
        if let last = try await store.read({ try $0.listedAt(provisioner: name) }) {
            return (last + interval).hasCome(at: now, atMost: interval)
        }
        if try await store.read({ try !$0.workspaces(WorkspaceFilter()).isEmpty }) { return true }
        try await store.write { try $0.replaceOrphans([], provisioner: name, listedAt: now) }
        return false
    }

    private func compare(
        _ before: ResyncReport, _ listed: [ListedWorkspace]?, startedAt: Timestamp, in store: any StoreWriter
    ) throws -> ResyncReport {
        var report = before
        let name = report.provisioner
        let known = try store.orphans().filter { $0.provisioner == name }
        // Named twice, it is one all the same.
        var seen: Set<WorkspaceID> = []
        guard let listed = listed?.filter({ seen.insert($0.id).inserted }) else {
            try store.replaceOrphans(known, provisioner: name, listedAt: startedAt)
            try noteList(report.failure, of: name, at: startedAt, in: store)
            return report
        }
        try store.recognizeRestored(listed, of: name, at: startedAt)
        let identity = try store.identity()
        let present = Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }
        let workspaces = try store.workspaces(WorkspaceFilter()).filter { $0.spec.provisioner == name }
        let listedAt = now()
        // What became ready while the list was made need not be in it.
        let expected = workspaces.filter { workspace in
            guard [.ready, .claimed].contains(workspace.state), let readyAt = workspace.readyAt else { return false }
            // One of the future was ready before the clock was put back.
            return readyAt < startedAt || readyAt > listedAt
        }
        let missing = expected.filter { present[$0.id]?.isThere != true }
        report.suspicion = try suspicion(missing: missing, of: expected.count, provisioner: name, in: store)
        for workspace in missing where report.suspicion?.missing.contains(workspace.id) != true {
            switch workspace.state {
            case .ready:
                var lost = workspace
                lost.state = .lost
                if try store.update(lost, from: [.ready]) { report.lost.append(lost) }
            case .claimed: report.missingClaimed.append(workspace)
            default: break
            }
        }
        report.orphans = try orphans(listed, name, known, live: Set(workspaces.map(\.id)), startedAt, in: store)
        let ours = report.orphans.filter { !identity.isForeign($0.store) }
        if policy.deletesOrphans, identity.hold == nil, !ours.isEmpty,
            !policy.deletionGuard.holds(ours.count, of: listed.count)
        {
            report.deleted = ours.map(\.id)
            try delete(ours, in: store)
            report.orphans.removeAll { !identity.isForeign($0.store) }
        }
        try store.replaceOrphans(report.orphans, provisioner: name, listedAt: startedAt)
        try noteList(nil, of: name, at: startedAt, in: store)
        try store.append(events(report, known: Set(known.map(\.id)), at: startedAt))
        for source in Set(report.lost.map(\.preset.source)) { try store.markDirty(source: source) }
        return report
    }

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
        let message = failure.message.printable
        guard earlier?.message != message else { return }
        try store.setListFailure(
            ListFailure(provisioner: provisioner, message: message, since: earlier?.since ?? now),
            provisioner: provisioner)
        guard earlier == nil else { return }
        try store.append([
            Event(
                at: now, kind: .warning, reason: "ListFailed", object: "provisioner", name: provisioner,
                message: "what it has can't be listed, so that nothing that is lost is found: \(message)")
        ])
    }

    private func orphans(
        _ listed: [ListedWorkspace], _ provisioner: String, _ known: [Orphan], live: Set<WorkspaceID>,
        _ startedAt: Timestamp, in store: any StoreReader
    ) throws -> [Orphan] {
        let since = Dictionary(known.map { ($0.id, $0.since) }) { first, _ in first }
        return try listed.filter { $0.isThere && !live.contains($0.id) }.compactMap { found in
            // One that was deleted while the list was made may still be in it.
            if try store.workspace(found.id.rawValue)?.id == found.id {
                let last = try store.operations(OperationFilter(workspace: found.id)).compactMap(\.operation.finishedAt)
                guard let last = last.max(), (last + Self.listLag).hasCome(at: startedAt, atMost: Self.listLag) else {
                    return nil
                }
            }
            return Orphan(
                provisioner: provisioner, id: found.id, state: found.state, since: since[found.id] ?? startedAt,
                store: found.store)
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

    private func events(_ report: ResyncReport, known: Set<WorkspaceID>, at: Timestamp) -> [Event] {
        let lost = report.lost.map { workspace in
            Event(
                at: at, kind: .warning, reason: Reason.lost.rawValue, object: "workspace", name: workspace.name,
                source: workspace.preset.source, preset: workspace.preset.name,
                message: "the provisioner \(report.provisioner) does not list it any more")
        }
        let orphans = report.orphans.map(\.id).filter { !known.contains($0) } + report.deleted
        return lost + (report.suspicion.map { [$0.event(of: report.provisioner, at: at)] } ?? [])
            + orphans.map { id in
                Event(
                    at: at, kind: .warning, reason: Reason.orphaned.rawValue, object: "workspace", name: id.rawValue,
                    message: "the provisioner \(report.provisioner) lists it, and nobody knows it"
                        + (report.deleted.contains(id) ? "; it is deleted" : ""))
            }
    }
}

extension ListedWorkspace {
    /// Some provisioners go on listing what is gone.
    fileprivate var isThere: Bool { !["lost", "gone", "deleted", "deleting"].contains(state?.lowercased() ?? "") }
}

extension PresetKey {
    /// Where the deletions of orphans stand; no source and no preset can have this name.
    package static let orphans = PresetKey(source: "-", name: "orphans")
}
