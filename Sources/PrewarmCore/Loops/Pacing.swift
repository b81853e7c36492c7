/// The time of the next pull of a source: a pure value that is updated with each pull and each announced push.
///
/// The interval is that of the configuration, up to a tenth more or less, so that many daemons do not pull at the same
/// moment. It becomes ``relaxed`` while webhooks announce pushes, and the configured one again after a push that was not
/// announced. It doubles with each failed pull in a row, up to five minutes. For example, an interval of 1m becomes 1m, 2m,
/// 4m and 5m after one, two, three and four failures.
package struct Pacing: Hashable, Sendable {
    package let interval: Duration
    /// True if the last push was announced by a webhook.
    package private(set) var isRelaxed = false
    /// The number of failed pulls in a row.
    package private(set) var failures = 0
    /// The time of the next pull; nil before the first one.
    package private(set) var nextPull: Instant?
    private var lastPush: Instant?

    /// The interval while webhooks arrive, unless the configured one is longer.
    package static let relaxed = Duration.seconds(900)
    /// The longest pause after failures, unless the interval is longer.
    private static let longestBackoff = Duration.seconds(300)
    /// The longest time between the announcement of a push and the pull that finds it. Replicas of forges may lag.
    private static let lag = Duration.seconds(60)

    package init(interval: Duration) {
        self.interval = interval
    }

    package func isDue(at now: Instant) -> Bool { wait(from: now) == .zero }

    /// Returns the time until the next pull.
    package func wait(from now: Instant) -> Duration { nextPull.map { max(.zero, $0 - now) } ?? .zero }

    /// Notes that a webhook announced a push.
    package mutating func notePush(at now: Instant) {
        lastPush = now
    }

    /// Notes the end of a pull, and sets the time of the next one.
    /// - Parameters:
    ///   - failed: True if the remote could not be read.
    ///   - isNew: True if the pull found another commit than the one before.
    package mutating func notePull(
        failed: Bool, isNew: Bool, at now: Instant, using generator: inout some RandomNumberGenerator
    ) {
        failures = failed ? min(failures + 1, 1000) : 0
        if isNew { isRelaxed = lastPush.map { now - $0 <= Self.lag } ?? false }
        let pause = failures > 0 ? backoff : isRelaxed ? max(interval, Self.relaxed) : interval
        let spread = pause / 10
        let jitter = Duration.milliseconds(
            Int64.random(in: 0...max(1, 2 * spread.wholeMilliseconds), using: &generator))
        nextPull = now + pause - spread + jitter
    }

    private var backoff: Duration {
        max(interval, min(interval * (1 << min(failures - 1, 6)), Self.longestBackoff))
    }
}
