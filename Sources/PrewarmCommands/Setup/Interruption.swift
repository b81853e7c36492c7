import UnixSignals

/// Cancels the body at the first SIGINT or SIGTERM, so that what runs is ended and given back.
func withInterruption(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return true
        }
        group.addTask {
            for await _ in signals { throw CancellationError() }
            return false
        }
        defer { group.cancelAll() }
        while let isDone = try await group.next(), !isDone {}
    }
}
