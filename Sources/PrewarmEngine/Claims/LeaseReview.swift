package import PrewarmCore

/// One process's view of the time in which renewals were possible, from one review of the leases to the next.
package struct LeaseWatch: Sendable {
    /// True for a daemon, which accepts renewals while it runs.
    let serves: Bool
    /// The clocks at the last review of this process; nil before the first one.
    var last: (wall: Timestamp, monotonic: SuspendingClock.Instant)?

    package init(serves: Bool) {
        self.serves = serves
    }
}

/// The result of one review of the leases.
package struct LeaseReport: Sendable {
    /// The workspaces whose claims ended.
    package var ended: [Workspace] = []
    /// The time until the next lease has to be looked at; nil if no lease runs.
    package var next: Duration?
    /// The time that did not count for the leases since the last review, because renewals were impossible or the clock
    /// jumped.
    package var removed = Duration.zero
}

/// The review of leases: warnings, ends, and the time that does not count. A review without anything due only reads two rows.
extension Engine {
    /// The time between two records of the daemon that renewals are possible.
    private static let clockPeriod = Duration.seconds(5)
    /// The age from which such a record of another process counts as stopped.
    private static let clockLimit = Duration.seconds(30)
    /// A smaller difference between the clocks is no jump.
    private static let jumpLimit = Duration.seconds(1)
    /// The time between two rounds that have to agree before most leases end at once, and between two looks at a lease
    /// whose end is held.
    static let leaseRound = Duration.seconds(30)
    /// The largest number of leases that one review changes.
    private static let reviewLimit = 500

    package func reviewLeases(_ watch: inout LeaseWatch) async throws -> LeaseReport {
        let (now, monotonic) = (now(), SuspendingClock.now)
        defer { watch.last = (now, monotonic) }
        let (next, clock) = try await store.read { (try $0.nextLeaseLook(), try $0.leaseClock()) }
        guard let next else { return LeaseReport() }
        let gap = gap(watch, clock, now, monotonic)
        let isClockDue = clock.map { $0.holder != holder || abs(now - $0.until) >= Self.clockPeriod } ?? true
        let writesClock = (watch.serves && isClockDue) || (gap != .zero && clock != nil)
        var report = LeaseReport()
        var look: Timestamp? = next
        if gap != .zero || writesClock || next <= now {
            let serves = watch.serves
            (report, look) = try await store.write { store in
                if writesClock {
                    let writer = serves ? holder : try store.leaseClock()?.holder ?? holder
                    try store.save(LeaseClock(holder: writer, until: now))
                }
                try removeTime(gap, at: now, in: store)
                return (try review(at: now, in: store), try store.nextLeaseLook())
            }
            report.removed = gap
            for workspace in report.ended { observe(.claimEnded(workspace.preset, .expired)) }
        }
        report.next = look.map { max($0 - now, .zero) }
        return report
    }

    /// Returns the time since the last review that does not count for leases; negative if the clock was set back.
    private func gap(
        _ watch: LeaseWatch, _ clock: LeaseClock?, _ now: Timestamp, _ monotonic: SuspendingClock.Instant
    ) -> Duration {
        if let last = watch.last {
            let jump = (now - last.wall) - (monotonic - last.monotonic)
            return abs(jump) > Self.jumpLimit ? jump : .zero
        }
        // Without a daemon, commands on the store can renew at any time.
        guard let clock else { return .zero }
        let gap = now - clock.until
        let hasStopped = clock.holder != holder && isDead(clock.holder)
        return hasStopped || abs(gap) > Self.clockLimit ? gap : .zero
    }

    /// Moves the ends of all leases by a stretch of time that does not count.
    private func removeTime(_ gap: Duration, at now: Timestamp, in store: any StoreWriter) throws {
        guard gap != .zero else { return }
        for var claim in try store.claims(ClaimFilter(isHeld: true, isLeased: true)) {
            claim.lease?.remove(gap, grantedAt: claim.grantedAt ?? now, at: now)
            try store.save(claim)
        }
    }

    private func review(at now: Timestamp, in store: any StoreWriter) throws -> LeaseReport {
        var ending: [(Claim, Workspace)] = []
        for var claim in try store.dueLeases(at: now, limit: Self.reviewLimit) {
            guard let workspace = try claim.workspace.flatMap({ try store.workspace($0.rawValue) }),
                workspace.state == .claimed, workspace.claim == claim.id, let step = claim.lease?.advance(at: now)
            else {
                // The workspace no longer belongs to the claim.
                claim.lease?.report()
                try store.save(claim)
                continue
            }
            switch step {
            case .none: try store.save(claim)
            case .warns:
                try store.save(claim)
                try store.append([Event(expiring: workspace, claim, at: now)])
            case .ends: ending.append((claim, workspace))
            }
        }
        return try end(ending, at: now, in: store)
    }

    /// Ends claims whose grace has passed, unless something holds their end.
    private func end(
        _ ending: [(claim: Claim, workspace: Workspace)], at now: Timestamp, in store: any StoreWriter
    ) throws -> LeaseReport {
        var report = LeaseReport()
        guard !ending.isEmpty else { return report }
        let isSuspect = try isSuspect(ending.map(\.claim), at: now, in: store)
        var holds = LeaseHolds(self, at: now)
        for (ended, workspace) in ending {
            var claim = ended
            if isSuspect, claim.lease?.suspectedAt == nil {
                claim.lease?.suspectedAt = now
                claim.lease?.postpone(until: now + Self.leaseRound)
                try store.save(claim)
            } else if claim.lease?.onExpiry == .report {
                claim.lease?.report()
                try store.save(claim)
                try store.append([
                    Event(.leaseExpired, .warning, of: workspace, "\(claim.expiry); it stays claimed", at: now)
                ])
            } else if try holds.isHeld(workspace.preset, in: store) {
                claim.lease?.postpone(until: now + Self.leaseRound)
                try store.save(claim)
            } else {
                let expired = ClaimEnding(
                    reason: .expired, operation: .leaseExpired, event: .leaseExpired, kind: .warning,
                    message: "\(claim.expiry); the workspace is deleted")
                report.ended.append(try end(workspace, expired, at: now, in: store))
            }
        }
        return report
    }

    /// Returns true if so many leases end at once that another round has to agree, and reports it the first time.
    private func isSuspect(_ ending: [Claim], at now: Timestamp, in store: any StoreWriter) throws -> Bool {
        let new = ending.count { $0.lease?.suspectedAt == nil }
        guard new > policy.deletionGuard.above else { return false }
        let counts = try store.leaseCounts(at: now)
        guard policy.deletionGuard.holds(counts.due, of: counts.running) else { return false }
        try store.append([
            Event(
                at: now, kind: .warning, reason: .expiriesSuspect, object: "store", name: "leases",
                message: "\(counts.due) of \(counts.running) leases would end at once, so prewarm waits "
                    + "\(Self.leaseRound.prewarmText) before it ends them")
        ])
        return true
    }
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }

/// The holds that postpone the end of leases: freezes, suspensions, `observe`, and the hold of a restored store.
private struct LeaseHolds {
    private let engine: Engine
    private let now: Timestamp
    private var known: [PresetKey: Bool] = [:]

    init(_ engine: Engine, at now: Timestamp) {
        self.engine = engine
        self.now = now
    }

    mutating func isHeld(_ key: PresetKey, in store: any StoreReader) throws -> Bool {
        if let known = known[key] { return known }
        let held = try find(key, in: store)
        known[key] = held
        return held
    }

    private func find(_ key: PresetKey, in store: any StoreReader) throws -> Bool {
        if try store.restoredHold() != nil || engine.policy.observedSources.contains(key.source) { return true }
        if try store.suspensions().contains(where: { $0.scope.covers(key) && $0.isInForce(at: now) }) { return true }
        let preset = try store.presets(named: key.description).first
        if let preset, preset.isSuspended || preset.options.mode == .observe { return true }
        guard engine.policy.mayFreeze(key.source) else { return false }
        return try Observer(engine, key.source).planner(for: [], at: now, in: store).isDeletionFrozen(in: key.source)
    }
}

extension Claim {
    /// The sentence about the end of the lease, for example `the lease of ada ended at 2026-11-24T17:00:00Z`.
    fileprivate var expiry: String { "the lease of \(owner) ended at \((lease?.end ?? askedAt).inSentence)" }
}

extension Event {
    fileprivate init(expiring workspace: Workspace, _ claim: Claim, at now: Timestamp) {
        let end = (claim.lease?.end ?? now).inSentence
        let deletion = claim.lease?.deletesAt.map { ", and the workspace is deleted at \($0.inSentence)" } ?? ""
        self.init(
            .expiring, of: workspace,
            "the lease of \(claim.owner) ends at \(end)\(deletion); to extend it: `prewarm renew \(workspace.name)`",
            at: now)
    }
}
