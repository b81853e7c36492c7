package import PrewarmCore

/// The reason why an orphan could not be adopted.
package enum AdoptionError: Error, Sendable {
    /// The last lists of the provisioners do not show the id as an orphan.
    case notAnOrphan(String, known: [Orphan])
    /// The orphan belongs to another store, so another prewarm counts on it.
    case foreign(Orphan)
    /// The preset uses another provisioner than the one that lists the orphan.
    case otherProvisioner(Orphan, Preset)
    /// The preset is deprecated, inactive or removed from git.
    case retired(Preset)
    /// The store knows the workspace, and it is not deleted.
    case known(Workspace)
    /// The provisioner does not report the orphan as ready; the text says how it is.
    case notReady(Orphan, String)
    /// The endpoint of the orphan is unknown, and the full pool would delete a workspace that has an endpoint.
    /// `isInspected` is true if the provisioner has `inspect`, but answered without an endpoint.
    case withoutEndpoint(Orphan, Preset, isInspected: Bool)
}

extension Engine {
    /// Adopts orphans as ready workspaces of a preset, with its current fingerprint. If the provisioner can inspect,
    /// prewarm first asks it for their endpoints and metadata.
    /// - Throws: ``AdoptionError``
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
            if let listing = try store.listing(provisioner: preset.spec.provisioner) {
                try store.save(listing.without(Set(adopted.map(\.id))))
            }
            try store.append(
                adopted.map { workspace in
                    Event(
                        at: now, reason: .adopted, object: "workspace", name: workspace.name,
                        source: preset.key.source, preset: preset.key.name, message: "adopted by \(by)")
                })
            try store.markDirty(source: preset.key.source)
            return adopted
        }
    }

    /// Returns the preset and the orphans with these ids.
    private func adoptable(
        _ ids: [String], into name: String, in store: any StoreReader
    ) throws -> (preset: Preset, orphans: [Orphan]) {
        let preset = try preset(named: name, in: store)
        guard preset.retirement == nil else { throw AdoptionError.retired(preset) }
        var known = try store.orphans()
        let identity = try store.identity()
        let orphans = try ids.map { id in
            guard let index = known.firstIndex(where: { $0.id.rawValue == id }) else {
                throw AdoptionError.notAnOrphan(id, known: known)
            }
            let orphan = known.remove(at: index)
            guard !identity.isForeign(orphan.store) else { throw AdoptionError.foreign(orphan) }
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

    /// Asks the provisioner for the endpoint and metadata of each orphan. Returns nothing if it cannot inspect.
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
        var identifiers = identifiers(at: now)
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
        case .lost: throw AdoptionError.notReady(orphan, "it no longer exists")
        case .tryLater(let message), .failed(let message), .broken(let message):
            throw AdoptionError.notReady(orphan, masked(message).printable)
        case .refused(let error): throw AdoptionError.notReady(orphan, masked(error.message).printable)
        }
    }

    /// Throws if a workspace without an endpoint would displace one with an endpoint: a pool above its desired number
    /// deletes its oldest ready workspaces.
    private func checkRoom(
        for adopted: [Workspace], _ orphans: [Orphan], of preset: Preset, at now: Timestamp, in store: any StoreReader
    ) throws {
        guard let index = adopted.firstIndex(where: { $0.endpoint == nil }) else { return }
        let planner = try Observer(self, preset.key.source).planner(for: [preset], at: now, in: store)
        let room = planner.desired(preset) - (try store.unclaimed(of: preset.key))
        guard adopted.count > room else { return }
        let ready = try store.workspaces(WorkspaceFilter(preset: preset.key, states: [.ready]))
        if ready.contains(where: { $0.endpoint != nil }) {
            throw AdoptionError.withoutEndpoint(
                orphans[index], preset,
                isInspected: provisioners[preset.spec.provisioner]?.operations.contains(.inspect) == true)
        }
    }
}
