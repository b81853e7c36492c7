import Synchronization

/// The open streams about claims. Each look at a waiting claim reads its whole queue, so the time between two looks of a stream
/// grows with the number of streams.
///
/// Example: up to 100 streams look every 0.5 s. With 1000 streams each one looks every 5 s.
final class ClaimStreams: Sendable {
    private let count = Mutex(0)

    /// The shortest time between two looks of a stream.
    private static let shortest = Duration.milliseconds(500)
    /// The time that each open stream adds, so that all of them together look at most 200 times a second.
    private static let share = Duration.milliseconds(5)

    func begin() { count.withLock { $0 += 1 } }

    func end() { count.withLock { $0 -= 1 } }

    /// The time until the next look of a stream.
    var pause: Duration { Swift.max(Self.shortest, Self.share * count.withLock(\.self)) }
}
