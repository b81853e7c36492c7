package import PrewarmCore

extension Engine {
    /// What `plan --observed` reads: the workspaces that exist, the operations that are not finished, and the builds in
    /// a row that failed, which the backoff of a preset follows from.
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

    package func export(for audience: some Audience) async throws -> Value {
        let state = try await exported()
        return .object(known: [
            "at": Value(now()),
            "workspaces": .array(
                state.workspaces.compactMap { Value($0, ttl: state.ttls[$0.preset] ?? nil, for: audience) }),
            // Who may export sees operations of every owner.
            "operations": .array(state.operations.compactMap { Value($0, owner: nil, for: audience) }),
        ])
    }
}

extension [OperationRecord] {
    /// Returns the newest builds that make up so many failures in a row, where builds that ran side by side are one.
    /// - Requires: the newest come first.
    fileprivate func latest(_ failures: Int) -> [OperationRecord] {
        let builds = filter { $0.operation.kind == .create && $0.operation.finishedAt != nil }
            .sorted { $0.operation.finishedAt ?? .distantPast > $1.operation.finishedAt ?? .distantPast }
        var (found, counted): ([OperationRecord], Timestamp) = ([], .distantFuture)
        var left = failures
        for build in builds {
            // One that ended before the counted one after it began is a try of its own.
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
