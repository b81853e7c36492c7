package import PrewarmCore

/// When a source is pulled next: a pure value, told what happened.
///
/// The interval is that of the configuration, a tenth more or less, so that many daemons don't come at one moment. It
/// relaxes to ``relaxed`` while pushes are announced by webhooks, and tightens again when one was not. While a remote
/// can't be read it grows.
package struct Pacing: Hashable, Sendable {
    package let interval: Duration
    /// The forge's webhooks are known to arrive.
    package private(set) var isRelaxed = false
    /// Pulls in a row that failed.
    package private(set) var failures = 0
    package private(set) var nextPull: Timestamp?
    private var lastPush: Timestamp?

    package static let relaxed = Duration.seconds(900)
    /// The longest pause after failures, if the interval is no longer than that.
    private static let longestBackoff = Duration.seconds(300)
    /// A push is announced and can be seen within this time; forges have replicas that lag.
    private static let lag = Duration.seconds(60)

    package init(interval: Duration) {
        self.interval = interval
    }

    /// The time from the last pull to the next.
    private var pause = Duration.zero

    package func isDue(at now: Timestamp) -> Bool { wait(from: now) == .zero }

    /// How long until the next pull.
    package func wait(from now: Timestamp) -> Duration { nextPull?.wait(from: now, atMost: pause) ?? .zero }

    package mutating func notePush(at now: Timestamp) {
        lastPush = now
    }

    /// - Parameter isNew: the pull found another commit than the one before.
    package mutating func notePull(
        failed: Bool, isNew: Bool, at now: Timestamp, using generator: inout some RandomNumberGenerator
    ) {
        failures = failed ? failures + 1 : 0
        if isNew { isRelaxed = lastPush.map { now - $0 <= Self.lag } ?? false }
        let base = isRelaxed ? max(interval, Self.relaxed) : interval
        var pause = base
        if failures > 0 {
            let grown = interval * (1 << min(failures - 1, 6))
            pause = max(interval, min(grown, Self.longestBackoff))
        }
        let spread = pause / 10
        let jitter = Duration.milliseconds(
            Int64.random(in: 0...max(1, 2 * spread.inMilliseconds), using: &generator))
        self.pause = pause - spread + jitter
        nextPull = now + self.pause
    }
}

extension Duration {
    /// Whole ones, rounded towards zero.
    fileprivate var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
