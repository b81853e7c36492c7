import Foundation
import PrewarmCore
import PrewarmEngine

/// The clock of the machine. Its wall time is that of the store if processes of several machines share it.
struct SystemClock: EngineClock {
    /// The store whose time it follows; nil to follow the machine alone.
    private let store: (any Store)?

    init(of store: (any Store)? = nil) {
        self.store = store
    }

    private static let start = ContinuousClock.now
    private static let boot = Holder.boot

    func now() -> Timestamp { store?.sharedTime() ?? .now }

    func machineTime() -> Timestamp { .now }

    func uptime() -> Uptime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Uptime(boot: Self.boot, elapsed: .milliseconds(time.tv_sec * 1000 + time.tv_nsec / 1_000_000))
    }

    func instant() -> Instant { Instant(elapsed: ContinuousClock.now - Self.start) }

    func sleep(until instant: Instant) async throws {
        try await Task.sleep(until: Self.start + instant.elapsed, clock: .continuous)
    }

    /// Returns 64 bits of the system's random generator.
    static func random() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

extension Timestamp {
    /// The current time of the wall clock.
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
