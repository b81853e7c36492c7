import PrewarmCore

extension Daemon {
    /// The document of the daemon: its process and the number of the newest event.
    package var value: Value {
        .object(known: ["holder": .string(engine.holder), "sequence": .int(Int(changes.sequence))])
    }

    /// Returns the documents of the loops, by source.
    package func sourceValues() async throws -> [String: Value] {
        let pulls = try await engine.store.read { try $0.pulls() }
        let values = loops.map { ($0.name, value($0.record.value, pulls[$0.name])) }
        return Dictionary(values) { first, _ in first }
    }

    private func value(_ loop: SourceLoop.Record.State, _ pull: PullRecord?) -> Value {
        return .object(known: [
            "lastTurnAt": loop.lastReconciledAt.map { Value($0) },
            "lastPullAt": loop.lastPullAt.map { Value($0) },
            "nextPullAt": loop.nextPullAt.map { Value($0) },
            "webhooksArrive": .bool(loop.isRelaxed),
            "lastHandledRequest": pull?.answeredRequest.map { .string($0) },
            "problem": loop.problem.map { .string($0) },
        ])
    }
}
