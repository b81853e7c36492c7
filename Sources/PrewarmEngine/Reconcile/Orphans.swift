package import PrewarmCore

/// Orphans: workspaces that a provisioner lists and the store does not know.
extension Engine {
    /// Finds the orphans in a list.
    /// - Returns: At most ``Orphan/keptLimit`` orphans in the order of their ids, and the number of further ones.
    func orphans(
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
                // A workspace that was deleted while the list was made may still be in it.
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

    /// The time for which a list may still show a deleted workspace.
    private static let listLag = Duration.seconds(60)

    func delete(_ orphans: [Orphan], in store: any StoreWriter) throws {
        let now = now()
        var identifiers = identifiers(at: now)
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
    /// The key under which the deletions of orphans are stored. No source and no preset can have this name.
    package static let orphans = PresetKey(source: "-", name: "orphans")
}
