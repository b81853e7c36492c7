import PrewarmCore
import PrewarmEngine
internal import Synchronization

/// The check that the store is writable. It writes to the store, since only a write detects a full disk. Results are kept
/// for a second, so that frequent probes cost at most one write per second.
final class Readiness: Sendable {
    private static let interval = Duration.seconds(1)

    private struct State {
        var lookedAt: ContinuousClock.Instant?
        /// The problem that the last check found; `.some(nil)` if it found no problem.
        var last: String??
    }

    private let state = Mutex(State())

    /// Returns why the store cannot be used, or nil if it can.
    func problem(of store: any Store) async -> String? {
        let known = state.withLock { state in
            if let last = state.last, let lookedAt = state.lookedAt, .now - lookedAt < Self.interval {
                return String??.some(last)
            }
            state.lookedAt = .now
            return nil
        }
        if let known { return known }
        let problem = await Self.look(at: store)
        state.withLock { $0.last = .some(problem) }
        return problem
    }

    private static func look(at store: any Store) async -> String? {
        do {
            try await store.checkWritable()
            return store.damage.first.map { "it is damaged: \($0.printable); see `prewarm doctor`" }
        } catch {
            return Problem(error)?.message ?? "cannot write to the store: an unexpected error occurred"
        }
    }
}
