import PrewarmCore
import PrewarmEngine
internal import Synchronization

/// Says whether the store can be written, by writing to it: a full disk shows only then. Whoever asks often gets the
/// last answer, so that questions cost at most one write a second.
final class Readiness: Sendable {
    private static let interval = Duration.seconds(1)

    private struct State {
        var lookedAt: ContinuousClock.Instant?
        /// The problem that the last look found; a nil inside if it found none.
        var last: String??
    }

    private let state = Mutex(State())

    /// Returns why the store can't be used; nil if it can.
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
            return store.damage.first.map { "it is damaged, see `prewarm doctor`: \($0.printable)" }
        } catch {
            return Problem(error)?.message ?? "it can't be used"
        }
    }
}
