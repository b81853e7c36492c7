package import PrewarmCore

/// Why an instance could not be taken over.
package enum AdoptionError: Error, Sendable {
    /// No provisioner's last list shows it as an orphan.
    case notAnOrphan(String, known: [Orphan])
    /// The preset's workspaces are made by another provisioner.
    case otherProvisioner(Orphan, Preset)
    case retired(Preset)
    /// The store knows it, and it is not deleted.
    case known(Workspace)
    /// Its provisioner does not call it ready, but what the text says.
    case notReady(Orphan, String)
    /// Its endpoint is not known, and the full pool would delete a workspace with one for it.
    case withoutEndpoint(Orphan, Preset)
}

extension Engine {
    /// Takes over instances that a provisioner lists and the store does not know, as ready ones of the preset as it is
    /// now. A provisioner that can inspect is asked first, so that they have their endpoints.
    package func adopt(_ ids: [String], into name: String, by: String) async throws -> [Workspace] {
        let found = try await store.read { store in
            let preset = try adoptable(ids, into: name, in: store)
            return (preset: preset.preset, orphans: preset.orphans, store: try store.identity().id)
        }
        let looks = try await inspect(found.orphans, for: found.preset, store: found.store)
        let now = now()
        return try await store.write { store in
            let (preset, orphans) = try adoptable(ids, into: name, in: store)
            let revision = try store.source(preset.key.source)?.applied?.description
            let adopted = orphans.map { orphan in
                Workspace(
                    id: orphan.id, preset: preset.key, spec: preset.spec, fingerprint: preset.fingerprint,
                    state: .ready, createdAt: now, readyAt: now, endpoint: looks[orphan.id]?.endpoint,
                    metadata: looks[orphan.id]?.metadata ?? [:], revision: revision)
            }
            try checkRoom(for: adopted, orphans, of: preset, at: now, in: store)
            try store.replaceDeleted(by: adopted)
            let (provisioner, ids) = (preset.spec.provisioner, Set(adopted.map(\.id)))
            let rest = try store.orphans().filter { $0.provisioner == provisioner && !ids.contains($0.id) }
            try store.replaceOrphans(
                rest, provisioner: provisioner, listedAt: try store.listedAt(provisioner: provisioner) ?? now)
            try store.append(
                adopted.map { workspace in
                    Event(
                        at: now, reason: "Adopted", object: "workspace", name: workspace.name,
                        source: preset.key.source, preset: preset.key.name, message: "taken over by \(by)")
                })
            try store.markDirty(source: preset.key.source)
            return adopted
        }
    }

    /// The preset, and the orphans that have these ids.
    private func adoptable(
        _ ids: [String], into name: String, in store: any StoreReader
    ) throws -> (preset: Preset, orphans: [Orphan]) {
        let preset = try preset(named: name, in: store)
        guard preset.retirement == nil else { throw AdoptionError.retired(preset) }
        var known = try store.orphans()
        let orphans = try ids.map { id in
            guard let index = known.firstIndex(where: { $0.id.rawValue == id }) else {
                throw AdoptionError.notAnOrphan(id, known: known)
            }
            let orphan = known.remove(at: index)
            guard orphan.provisioner == preset.spec.provisioner else {
                throw AdoptionError.otherProvisioner(orphan, preset)
            }
            if let workspace = try store.workspace(id), workspace.id == orphan.id, workspace.state != .deleted {
                throw AdoptionError.known(workspace)
            }
            return orphan
        }
        return (preset, orphans)
    }

    private struct Look: Sendable {
        let endpoint: String?
        let metadata: [String: String]
    }

    /// What the provisioner says of each; empty where it can't be asked.
    private func inspect(_ orphans: [Orphan], for preset: Preset, store: String) async throws -> [WorkspaceID: Look] {
        guard let provisioner = provisioners[preset.spec.provisioner], provisioner.operations.contains(.inspect) else {
            return [:]
        }
        return try await withThrowingTaskGroup(of: (WorkspaceID, Look).self) { group in
            var looks: [WorkspaceID: Look] = [:]
            for (index, orphan) in orphans.enumerated() {
                if index >= provisioner.concurrency, let (id, look) = try await group.next() { looks[id] = look }
                group.addTask { (orphan.id, try await inspect(orphan, by: provisioner, for: preset, store: store)) }
            }
            for try await (id, look) in group { looks[id] = look }
            return looks
        }
    }

    private func inspect(
        _ orphan: Orphan, by provisioner: any Provisioner, for preset: Preset, store: String
    ) async throws -> Look {
        let now = now()
        var generator = SystemRandomNumberGenerator()
        var identifiers = IdentifierFactory(now: now, using: &generator)
        let workspace = Workspace(
            id: orphan.id, preset: preset.key, spec: preset.spec, fingerprint: preset.fingerprint, state: .ready,
            createdAt: now)
        let reply = await provisioner.perform(
            ProvisionerRequest(
                id: OperationID(identifiers.next()), operation: .inspect, attempt: 1, workspace: workspace,
                labels: preset.labels, store: store)
        ) { _ in }
        switch reply.outcome {
        case .done(let endpoint, let metadata): return Look(endpoint: endpoint, metadata: metadata)
        case .starting: throw AdoptionError.notReady(orphan, "it is still starting")
        case .lost: throw AdoptionError.notReady(orphan, "it is gone")
        case .tryLater(let message), .failed(let message), .broken(let message):
            throw AdoptionError.notReady(orphan, message.printable)
        }
    }

    /// A full pool deletes its oldest ready workspaces for new ones.
    private func checkRoom(
        for adopted: [Workspace], _ orphans: [Orphan], of preset: Preset, at now: Timestamp, in store: any StoreReader
    ) throws {
        guard let index = adopted.firstIndex(where: { $0.endpoint == nil }) else { return }
        let planner = try planner(for: [preset], GuardRecord(), at: now, in: store)
        let room = planner.desired(preset) - (try store.unclaimed(of: preset.key))
        guard adopted.count > room else { return }
        let ready = try store.workspaces(WorkspaceFilter(preset: preset.key, states: [.ready]))
        if ready.contains(where: { $0.endpoint != nil }) {
            throw AdoptionError.withoutEndpoint(orphans[index], preset)
        }
    }
}
