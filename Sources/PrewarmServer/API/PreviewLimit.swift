import PrewarmEngine
import ServiceLifecycle
import Synchronization

/// How many plans are made at once. Each may wait for a remote, and all of a source wait for the same one.
final class PreviewLimit: Sendable {
    static let mostOfSource = 2
    static let most = 8

    private let running = Mutex<[String: Int]>([:])

    /// Runs the body, which ends when the daemon stops.
    /// - Throws: ``Problem`` with the status 429 where too many run already.
    func run<Value: Sendable>(
        of source: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let problem: Problem? = running.withLock { running in
            let (ofSource, all) = (running[source] ?? 0, running.values.reduce(0, +))
            guard ofSource < Self.mostOfSource else { return .tooManyPreviews("\(ofSource) of source \(source)") }
            guard all < Self.most else { return .tooManyPreviews("\(all)") }
            running[source] = ofSource + 1
            return nil
        }
        if let problem { throw problem }
        defer { running.withLock { $0[source] = $0[source].flatMap { $0 > 1 ? $0 - 1 : nil } } }
        return try await cancelWhenGracefulShutdown { try await body() }
    }
}

extension Problem {
    fileprivate static func tooManyPreviews(_ running: String) -> Problem {
        Problem(
            "TooManyPlans", status: 429, "cannot make another plan: \(running) are being made",
            hint: "try again in some seconds")
    }
}
