#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

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

    package static var now: Uptime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Uptime(boot: thisBoot, elapsed: .milliseconds(time.tv_sec * 1000 + time.tv_nsec / 1_000_000))
    }

    private static let thisBoot = Holder.boot

    /// Returns the time since another reading; nil if the two cannot be compared.
    package func since(_ other: Uptime) -> Duration? {
        boot != nil && boot == other.boot ? elapsed - other.elapsed : nil
    }
}
