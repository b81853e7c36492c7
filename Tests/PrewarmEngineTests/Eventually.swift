import Logging

/// Waits until a condition holds, for two minutes at least: a busy machine makes each look later.
///
/// - Throws: ``NeverHappened`` if the condition does not hold by then.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<12_000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw NeverHappened(what: what)
}

struct NeverHappened: Error {
    let what: String
}

extension Logger {
    /// A logger that writes nothing.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
