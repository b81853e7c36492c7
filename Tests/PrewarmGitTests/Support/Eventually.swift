import Testing

/// Waits until a condition is true, for two minutes at least, and records an issue if it never is.
func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
    for _ in 0..<6000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record(what)
}
