/// A reading of the machine's monotonic clock. All processes of the machine read the same clock, so a reading that one of
/// them stored shows another one how much time has passed, also if the wall clock was set meanwhile.
package struct Uptime: Hashable, Sendable {
    /// The boot of the machine, and the time namespace; nil if they are unknown. Readings can be compared only if both are the
    /// same.
    package let boot: String?
    /// The time since the boot, without the time in which the machine slept, in whole milliseconds.
    package let elapsed: Duration

    package init(boot: String?, elapsed: Duration) {
        self.boot = boot
        self.elapsed = elapsed
    }

    /// Returns the time since another reading; nil if the two cannot be compared.
    package func since(_ other: Uptime) -> Duration? {
        boot != nil && boot == other.boot ? elapsed - other.elapsed : nil
    }
}
