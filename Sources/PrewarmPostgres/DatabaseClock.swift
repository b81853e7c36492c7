internal import PrewarmCore
internal import Synchronization

/// The clock of the database server, as this process knows it. Leases, heartbeats and due times are times by this clock, so
/// that replicas whose own clocks differ agree.
///
/// Each answer of the server with its time bounds the difference between its clock and the monotonic clock of this process:
/// the server read its clock between the question and the answer. Several answers bound it closer (Cristian's algorithm).
/// The wall clock of this machine plays no part.
///
/// Example: a question is sent at 10.000 s by the monotonic clock, the server answers 50,000.003 s, and the answer arrives
/// at 10.008 s. So the difference is between 49,989.995 s and 49,990.003 s.
final class DatabaseClock: Sendable {
    /// The bounds of the difference, in microseconds.
    private struct Bounds {
        var low: Int64
        var high: Int64
        /// The monotonic time at which they were true.
        var at: ContinuousClock.Instant

        /// Returns the bounds at a later time. The clocks of two machines drift apart by less than 500 microseconds a second.
        func widened(at now: ContinuousClock.Instant) -> Bounds {
            let drift = max(0, (now - at).wholeMicroseconds) / 2000
            return Bounds(low: low - drift, high: high + drift, at: now)
        }
    }

    private struct State {
        var bounds: Bounds?
        var jumps = 0
    }

    /// A smaller difference between the expected and the actual time is no jump.
    private static let jumpLimit: Int64 = 1_000_000

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// The query for the time of the server, in microseconds since 1970.
    static let query = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)::text"

    /// Notes an answer of the server. If it contradicts earlier ones, for example because another server answers now, it
    /// replaces them.
    /// - Parameter server: The answer to ``query``.
    func note(server: Int64, asked: ContinuousClock.Instant, answered: ContinuousClock.Instant) {
        let new = Bounds(
            low: server - (answered - start).wholeMicroseconds, high: server - (asked - start).wholeMicroseconds,
            at: answered)
        state.withLock { state in
            guard let known = state.bounds?.widened(at: answered) else {
                state.bounds = new
                return
            }
            let common = Bounds(low: max(known.low, new.low), high: min(known.high, new.high), at: answered)
            if common.low <= common.high {
                state.bounds = common
            } else {
                if common.low - common.high > Self.jumpLimit { state.jumps += 1 }
                state.bounds = new
            }
        }
    }

    /// The time by the clock of the server; nil before its first answer.
    var now: Timestamp? {
        state.withLock(\.bounds).map { bounds in
            let difference = bounds.low + (bounds.high - bounds.low) / 2
            return Timestamp(milliseconds: ((ContinuousClock.now - start).wholeMicroseconds + difference) / 1000)
        }
    }

    /// The number of times at which the server's clock jumped by more than a second.
    var jumps: Int { state.withLock(\.jumps) }
}

extension Duration {
    fileprivate var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
