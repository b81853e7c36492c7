import PrewarmCore

/// One process's view of the time in which renewals were possible, from one review of the leases to the next.
package struct LeaseWatch: Sendable {
    /// True for a daemon, which accepts renewals while it runs.
    let serves: Bool
    /// The clocks at the last review of this process; nil before the first one.
    var last: Reading?

    /// Both clocks at one moment.
    struct Reading: Sendable {
        let wall: Timestamp
        let uptime: Uptime
    }

    package init(serves: Bool) {
        self.serves = serves
    }
}

/// The clocks at one review of the leases, compared with the last record in the store.
///
/// All processes on a store compare with the same record (``LeaseClock``), and replace it when they remove time. So each
/// stretch of time that does not count is removed once, even if several daemons detect it.
struct LeaseClocks: Sendable {
    /// The time between two records of a daemon.
    private static let period = Duration.seconds(5)
    /// The age from which a record counts as the last one of a process that stopped.
    private static let limit = Duration.seconds(30)
    /// A smaller difference between the clocks is no jump.
    private static let jumpLimit = Duration.seconds(1)

    let reading: LeaseWatch.Reading
    private let last: LeaseWatch.Reading?
    private let holder: String
    private let serves: Bool
    /// The holder of a record that is known to have ended.
    private var deadHolder: String?

    init(_ engine: Engine, _ watch: LeaseWatch) {
        reading = LeaseWatch.Reading(wall: engine.now(), uptime: engine.clock.uptime())
        last = watch.last
        holder = engine.holder
        serves = watch.serves
    }

    var now: Timestamp { reading.wall }

    /// Looks whether the process that wrote a record has ended. It looks at processes, so it is called outside of
    /// transactions.
    mutating func noteHolder(of clock: LeaseClock?, _ isDead: (String) -> Bool) {
        guard let clock, clock.holder != holder, isDead(clock.holder) else { return }
        deadHolder = clock.holder
    }

    /// Returns the stretches of time since the record that do not count for leases, in their order. A jump is negative if the
    /// clock was set back.
    ///
    /// Example: the record is 60 s old by the monotonic clock and 7260 s by the wall clock. The wall clock jumped by two hours,
    /// and these do not count. If no daemon ran in between, the 60 s do not count either.
    func gaps(since clock: LeaseClock?) -> [Duration] {
        let own = last.flatMap { last in
            reading.uptime.since(last.uptime).map { (passed: now - last.wall, elapsed: $0) }
        }
        let isServing = serves && own.map { $0.elapsed <= Self.limit } ?? false
        guard let clock else {
            // Without a daemon, commands on the store can renew at any time.
            return own.map { jump($0.passed, $0.elapsed) } ?? []
        }
        let (passed, isDead) = (now - clock.until, clock.holder == deadHolder)
        guard let elapsed = clock.uptime.flatMap({ reading.uptime.since($0) }) else {
            // The machine was started again since, so only the wall clock shows how much time has passed.
            return isDead || abs(passed) > Self.limit ? [passed] : []
        }
        // This process looked after the record was written.
        if isServing, let own, own.elapsed < elapsed { return jump(own.passed, own.elapsed) }
        let isServed = isServing || elapsed <= Self.limit && !isDead
        return jump(passed, elapsed) + (isServed || elapsed == .zero ? [] : [elapsed])
    }

    private func jump(_ passed: Duration, _ elapsed: Duration) -> [Duration] {
        let jump = passed - elapsed
        return abs(jump) > Self.jumpLimit ? [jump] : []
    }

    /// Returns true if the record was written after these clocks were read.
    func isOlder(than clock: LeaseClock?) -> Bool {
        clock?.uptime.flatMap { reading.uptime.since($0) }.map { $0 < .zero } ?? false
    }

    /// Returns true if a daemon has to replace the record.
    func isDue(after clock: LeaseClock?) -> Bool {
        guard serves, let clock else { return serves }
        guard let elapsed = clock.uptime.flatMap({ reading.uptime.since($0) }) else {
            // It is the record of another machine, or of an earlier start of this one.
            return abs(now - clock.until) >= Self.period
        }
        return clock.holder == deadHolder || elapsed >= Self.period
    }

    /// Returns the record of these clocks. A command keeps the holder of the record, so that time without a daemon still does
    /// not count.
    func record(after clock: LeaseClock?) -> LeaseClock {
        LeaseClock(holder: serves ? holder : clock?.holder ?? holder, until: now, uptime: reading.uptime)
    }
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
