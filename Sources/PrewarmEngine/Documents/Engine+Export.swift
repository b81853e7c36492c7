package import PrewarmCore

extension Engine {
    /// Returns the state that `plan --observed` reads: the workspaces that are not deleted, the unfinished operations,
    /// and the last failed builds in a row of each preset. The backoff of a preset follows from these.
    package func exported() async throws -> (
        workspaces: [Workspace], ttls: [PresetKey: Duration?], operations: [Operation]
    ) {
        try await store.read { store in
            var operations = try store.operations(OperationFilter(states: [.pending, .running]))
            for failure in try store.failures(source: nil) {
                let failed = try store.operations(
                    OperationFilter(preset: failure.preset, states: [.failed], limit: 1000))
                operations += failed.latest(failure.count)
            }
            let ttls = Dictionary(try store.presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
            return (try store.workspaces(WorkspaceFilter()), ttls, operations.map(\.operation).reversed())
        }
    }
}

extension [OperationRecord] {
    /// Returns the newest builds that make up a number of failures in a row. Builds that ran side by side count as one
    /// failure. For example, with two builds from 10:00 to 10:05 and one from 9:50 to 9:55, `latest(1)` returns the two
    /// and `latest(2)` returns all three.
    fileprivate func latest(_ failures: Int) -> [OperationRecord] {
        let builds = filter { $0.operation.kind == .create && $0.operation.finishedAt != nil }
            .sorted { $0.operation.finishedAt ?? .distantPast > $1.operation.finishedAt ?? .distantPast }
        var (found, counted): ([OperationRecord], Timestamp) = ([], .distantFuture)
        var left = failures
        for build in builds {
            // A build that ended before the last counted one started is a failure of its own.
            if build.operation.finishedAt ?? .distantPast < counted {
                guard left > 0 else { break }
                left -= 1
                counted = build.operation.startedAt ?? .distantPast
            }
            found.append(build)
        }
        return found
    }
}
