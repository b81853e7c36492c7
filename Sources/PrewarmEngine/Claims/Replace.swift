package import PrewarmCore

/// The reason why workspaces cannot be replaced.
package enum ReplaceError: Error, Sendable {
    /// The workspace is claimed, being built, or being deleted.
    case notReady(Workspace)
}

extension Engine {
    /// Marks a ready workspace for its replacement. The next reconciliation replaces it by the rollout strategy.
    /// - Throws: ``ClaimError/unknownWorkspace(_:)``, ``ReplaceError/notReady(_:)``
    package func replace(workspace idOrName: String, by: String) async throws -> Workspace {
        let now = now()
        return try await store.write { store in
            guard let workspace = try store.workspace(idOrName) else { throw ClaimError.unknownWorkspace(idOrName) }
            guard workspace.state == .ready else { throw ReplaceError.notReady(workspace) }
            try replace([workspace], of: workspace.preset, by: by, at: now, in: store)
            return workspace
        }
    }

    /// Marks all ready workspaces of a preset for their replacement.
    /// - Returns: The number of ready workspaces.
    package func replace(preset key: PresetKey, by: String) async throws -> Int {
        let now = now()
        return try await store.write { store in
            let ready = try store.workspaces(WorkspaceFilter(preset: key, states: [.ready]))
            try replace(ready, of: key, by: by, at: now, in: store)
            return ready.count
        }
    }

    private func replace(
        _ workspaces: [Workspace], of preset: PresetKey, by: String, at now: Timestamp, in store: any StoreWriter
    ) throws {
        try store.replace(workspaces.map(\.id), of: preset, at: now)
        try store.append([
            Event(
                at: now, reason: .replaced, object: "preset", name: preset.name, source: preset.source,
                preset: preset.name, message: "\(by) asked to replace \(workspaces.count.counted("workspace"))")
        ])
        try store.markDirty(source: preset.source)
    }
}
