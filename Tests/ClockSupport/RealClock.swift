package import PrewarmCore
package import PrewarmEngine

/// A clock of which the test decides the wall time and the machine's clock. Pauses take their real time, or that of another
/// clock.
package struct RealClock: EngineClock {
    private static let start = ContinuousClock.now
    private let wall: @Sendable () -> Timestamp
    private let machine: @Sendable () -> Uptime
    private let pauses: (any EngineClock)?

    package init(
        now: @escaping @Sendable () -> Timestamp,
        uptime: @escaping @Sendable () -> Uptime = { Uptime(boot: nil, elapsed: .zero) },
        pausing pauses: (any EngineClock)? = nil
    ) {
        self.pauses = pauses
        wall = now
        machine = uptime
    }

    package func now() -> Timestamp { wall() }
    package func uptime() -> Uptime { machine() }
    package func instant() -> Instant {
        pauses?.instant() ?? Instant(elapsed: ContinuousClock.now - Self.start)
    }

    package func sleep(until instant: Instant) async throws {
        if let pauses { return try await pauses.sleep(until: instant) }
        try await Task.sleep(until: Self.start + instant.elapsed, clock: .continuous)
    }
}

/// Returns 64 random bits.
@Sendable package func randomBits() -> UInt64 { .random(in: .min ... .max) }
