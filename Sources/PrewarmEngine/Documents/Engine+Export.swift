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
                operations += try store.operations(
                    OperationFilter(preset: failure.preset, states: [.failed], limit: failure.count))
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
