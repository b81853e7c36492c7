package import PrewarmCore

/// The clock of a process. Nothing in the engine reads the time or sleeps in another way, so a test decides how time passes.
package protocol EngineClock: Sendable {
    /// Returns the wall time, which may jump in both directions. Times that are stored or shown are wall times. With a store of
    /// several machines, it is the time of the store (``Store/sharedTime()``).
    func now() -> Timestamp
    /// Returns the wall time of this machine, by which tokens and certificates of others are judged.
    func machineTime() -> Timestamp
    /// Returns the machine's own clock, which other processes of the machine can compare and which shows jumps of ``now()``.
    func uptime() -> Uptime
    /// Returns the monotonic time of this process, for pauses and deadlines. The time in which the machine slept counts.
    func instant() -> Instant
    /// Returns when the instant has come.
    /// - Throws: `CancellationError` if the task is canceled first.
    func sleep(until instant: Instant) async throws
}

extension EngineClock {
    package func machineTime() -> Timestamp { now() }

    /// Returns when the time has passed.
    /// - Throws: `CancellationError` if the task is canceled first.
    package func sleep(for time: Duration) async throws { try await sleep(until: instant() + time) }
}
