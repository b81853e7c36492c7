package import PrewarmCore

/// Sources that are in the store and no longer in the configuration. A line that was lost there must not cost a pool:
/// their workspaces stay claimable until the source is configured again or someone approves its last revision.
extension Engine {
    /// A source that was removed from the configuration.
    package struct RemovedSource: Sendable {
        package let name: String
        package let applied: Revision?
        /// The number of its unclaimed workspaces, whose deletion needs an approval.
        package let unclaimed: Int
    }

    /// Returns the sources that are in the store and not in the configuration.
    package func removedSources() async throws -> [RemovedSource] {
        try await store.read { store in
            try store.sources().filter { sources[$0.name] == nil }.map { record in
                let tallies = try store.tallies(source: record.name)
                let unclaimed = tallies.filter { ![.claimed, .deleting, .lost].contains($0.state) }
                return RemovedSource(
                    name: record.name, applied: record.applied, unclaimed: unclaimed.reduce(0) { $0 + $1.count })
            }
        }
    }

    /// Deletes removed sources that have no workspaces left, and continues the deletions of approved ones.
    package func settleRemovedSources() async throws {
        // While replicas read a new configuration one after the other, another one may still have the source.
        let elsewhere = try await store.read { store in
            Set(try store.replicas().filter { $0.holder != holder && isAlive($0) }.flatMap(\.sources))
        }
        for source in try await removedSources() where !elsewhere.contains(source.name) {
            guard try await store.read({ try isLeaving(source.name, in: $0) }) else { continue }
            if source.unclaimed == 0 { try await retire(source.name) }
            try await settle(source.name)
        }
    }

    /// Returns true if there is something to delete: the source, a preset without workspaces, or workspaces of a
    /// removed preset. Claimed workspaces and presets with `deletionPolicy: Retain` give no reason to reconcile.
    private func isLeaving(_ name: String, in store: any StoreReader) throws -> Bool {
        let tallies = Dictionary(grouping: try store.tallies(source: name), by: \.preset)
        if tallies.isEmpty { return true }
        return try store.presets(source: name).contains { preset in
            guard preset.retirement == .pruned else { return false }
            guard let tallies = tallies[preset.key] else { return true }
            let isIdle = tallies.allSatisfy { $0.state == .claimed || $0.state == .deleting }
            return preset.options.deletionPolicy != .retain && !isIdle
        }
    }

    /// Reconciles a removed source, and deletes its record after the last of its presets. Claimed workspaces stay.
    func settle(_ name: String) async throws {
        do {
            _ = try await reconcile(name, pull: false)
        } catch ReconcileError.leaseHeld, ReconcileError.leaseLost {
            return
        }
        let now = now()
        try await store.write { store in
            guard sources[name] == nil, try store.source(name) != nil, try store.presets(source: name).isEmpty else {
                return
            }
            try store.forget(source: name)
            try store.append([
                Event(
                    at: now, reason: .forgotten, object: "source", name: name, source: name,
                    message: "the source was removed from the configuration, and its last workspace is deleted")
            ])
        }
    }

    /// Marks all presets of the source as removed from git. If the source is configured again, all of its manifests are
    /// read again.
    func retire(_ name: String) async throws {
        try await store.write { store in
            guard var record = try store.source(name) else { return }
            record.inputs = ""
            record.quietUntil = nil
            try store.save(record)
            let presets = try store.presets(source: name).filter { $0.retirement != .pruned }
            try store.save(presets.map(\.pruned))
            try store.save(GuardRecord(), ofSource: name)
        }
    }

    /// Returns a source without a repository; nil if the source is in the configuration.
    func removedSource(_ name: String) -> Source? {
        sources[name] == nil ? Source(name: name, url: "", git: NoRepository(source: name)) : nil
    }
}

/// The repository of a source that is not in the configuration. Every call fails.
private struct NoRepository: GitSource {
    let source: String

    private var failure: GitFailure {
        GitFailure(.refused, "cannot read the source \(source): it is no longer in the configuration")
    }

    func head() async throws(GitFailure) -> Revision { throw failure }
    func fetch(_ revision: Revision) async throws(GitFailure) { throw failure }
    func lookUp(_ text: String) async throws(GitFailure) -> Revision { throw failure }
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] { throw failure }
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        throw failure
    }
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription { throw failure }
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) { throw failure }
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] { throw failure }
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool { throw failure }
}
