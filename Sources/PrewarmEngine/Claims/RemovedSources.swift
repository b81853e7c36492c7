package import PrewarmCore

/// Sources that are in the store, and not in the configuration any more. A line that was lost there must not cost a
/// pool: their workspaces stay, and can be claimed, until the source is back or somebody approves its last revision.
extension Engine {
    /// One with what it left behind.
    package struct RemovedSource: Sendable {
        package let name: String
        package let applied: Revision?
        /// Unclaimed ones, which wait for an approval.
        package let unclaimed: Int
    }

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

    /// Forgets those of which nothing is left, and goes on with those that somebody let go.
    package func settleRemovedSources() async throws {
        for source in try await removedSources() {
            guard try await store.read({ try isLeaving(source.name, in: $0) }) else { continue }
            if source.unclaimed == 0 { try await retire(source.name) }
            try await settle(source.name)
        }
    }

    /// Nothing is left of it, or of one of its presets, or more of it may go. What is claimed or to be retained is
    /// nothing to look at again and again.
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

    /// What is claimed stays its owner's; the source is forgotten when the last of its presets is.
    func settle(_ name: String) async throws {
        do {
            _ = try await turn(name, pull: false)
        } catch TurnError.leaseHeld, TurnError.leaseLost {
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
                    at: now, reason: "Forgotten", object: "source", name: name, source: name,
                    message: "gone from the configuration, and its last instance is gone")
            ])
        }
    }

    /// Its presets are as if they were gone from git. Should the source come back, all of it is read anew.
    func retire(_ name: String) async throws {
        try await store.write { store in
            guard var record = try store.source(name) else { return }
            record.inputs = ""
            record.quietUntil = nil
            try store.save(record)
            let presets = try store.presets(source: name).filter { $0.retirement != .pruned }
            try store.save(presets.map(\.pruned))
        }
    }

    /// Nil where the configuration has it.
    func removedSource(_ name: String) -> Source? {
        sources[name] == nil ? Source(name: name, url: "", git: NoRepository(source: name)) : nil
    }
}

/// Of a source that the configuration does not name nothing is read.
private struct NoRepository: GitSource {
    let source: String

    private var failure: GitFailure {
        GitFailure(.refused, "the source \(source) is not in the configuration any more")
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
