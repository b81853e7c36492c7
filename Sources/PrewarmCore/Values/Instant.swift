/// A reading of the monotonic clock of this process. Pauses and deadlines are measured with it, so that a wall clock that is
/// set changes none of them.
///
/// The readings of two processes cannot be compared, and a reading is never stored.
package struct Instant: Hashable, Comparable, Sendable {
    /// The time since a fixed moment, which each clock chooses.
    package let elapsed: Duration

    package init(elapsed: Duration) {
        self.elapsed = elapsed
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.elapsed < right.elapsed }
    package static func + (instant: Instant, time: Duration) -> Instant { Instant(elapsed: instant.elapsed + time) }
    package static func - (instant: Instant, time: Duration) -> Instant { Instant(elapsed: instant.elapsed - time) }
    package static func - (left: Instant, right: Instant) -> Duration { left.elapsed - right.elapsed }
}
