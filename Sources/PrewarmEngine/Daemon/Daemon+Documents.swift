import PrewarmCore

extension Daemon {
    /// The document of the daemon: its process and the number of the newest event.
    package var value: Value {
        .object(known: ["holder": .string(engine.holder), "sequence": .int(Int(changes.sequence))])
    }

    /// Returns the document of the loop of a source; nil if there is no such loop.
    package func value(ofSource name: String) -> Value? {
        guard let loop = record(ofSource: name) else { return nil }
        return .object(known: [
            "lastTurnAt": loop.lastReconciledAt.map { Value($0) },
            "lastPullAt": loop.lastPullAt.map { Value($0) },
            "nextPullAt": loop.nextPullAt.map { Value($0) },
            "webhooksArrive": .bool(loop.isRelaxed),
            "lastHandledRequest": requests.lastHandled(source: name).map { .string($0) },
            "problem": loop.problem.map { .string($0) },
        ])
    }
}
