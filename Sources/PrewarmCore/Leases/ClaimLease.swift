/// The lease of one claim: a pure state machine. Its terms are fixed at the claim.
///
/// A lease is `active` until ``warn`` before its end, then `expiring` until ``grace`` after its end. Then it ends: the
/// workspace is deleted, or the lease becomes `expired` and only reports it. A renewal makes it active again in each phase.
///
/// Example: with a ttl of 8 h, warn 1 h and grace 1 h, a claim at 9:00 without a renewal is expiring from 16:00 on, has
/// the end 17:00, and is deleted at 18:00. A renewal at 17:30 moves the end to 1:30.
package struct ClaimLease: Hashable, Sendable {
    package enum Phase: String, CaseIterable, Sendable {
        /// The end is far. Next: expiring.
        case active
        /// The end is near or has passed. Next: active, expired, or the end of the claim.
        case expiring
        /// The end was reported, and the workspace stays (`onExpiry: Report`). Next: active.
        case expired
    }

    /// An operator's order to keep a workspace until a time.
    package struct Hold: Hashable, Sendable {
        package let until: Timestamp
        package let reason: String
        package let by: String

        package init(until: Timestamp, reason: String, by: String) {
            self.until = until
            self.reason = reason
            self.by = by
        }
    }

    /// The time that a renewal gives.
    package private(set) var ttl: Duration
    package private(set) var warn: Duration
    package private(set) var grace: Duration
    package private(set) var onExpiry: LeasePolicy.OnExpiry
    /// The end of the lease without the hold.
    package private(set) var expiresAt: Timestamp
    /// The time that no renewal exceeds; nil if renewals have no limit.
    package private(set) var endsAt: Timestamp?
    /// The longest time that was granted at once. The end is never later than this after now, which bounds the effect of a
    /// clock that is set back.
    package private(set) var span: Duration
    package private(set) var phase = Phase.active
    package private(set) var hold: Hold?
    /// The time of the round that found the end together with too many others; nil if no round did.
    package var suspectedAt: Timestamp?
    /// The time at which the lease has to be looked at again; nil if only a renewal changes it.
    package private(set) var lookAt: Timestamp?

    /// Begins the lease of a claim.
    /// - Parameters:
    ///   - requested: The time that the claim asks for; nil for the ttl of the preset.
    ///   - now: The time of the claim.
    package init(_ policy: LeasePolicy, requested: Duration? = nil, at now: Timestamp) {
        ttl = Swift.min(requested ?? policy.ttl, policy.max ?? requested ?? policy.ttl)
        warn = policy.warn < ttl ? policy.warn : LeasePolicy.standardWarn(of: ttl)
        grace = policy.grace
        onExpiry = policy.onExpiry
        expiresAt = now + ttl
        endsAt = policy.max.map { now + $0 }
        span = ttl
        refresh(at: now)
    }

    /// The state as the store keeps it.
    package init(
        ttl: Duration, warn: Duration, grace: Duration, onExpiry: LeasePolicy.OnExpiry, expiresAt: Timestamp,
        endsAt: Timestamp?, span: Duration, phase: Phase, hold: Hold?, suspectedAt: Timestamp?, lookAt: Timestamp?
    ) {
        self.ttl = ttl
        self.warn = warn
        self.grace = grace
        self.onExpiry = onExpiry
        self.expiresAt = expiresAt
        self.endsAt = endsAt
        self.span = span
        self.phase = phase
        self.hold = hold
        self.suspectedAt = suspectedAt
        self.lookAt = lookAt
    }

    /// The end of the lease, which a hold may delay.
    package var end: Timestamp { Swift.max(expiresAt, hold?.until ?? .distantPast) }

    /// The time at which the workspace is deleted; nil if the end is only reported.
    package var deletesAt: Timestamp? { onExpiry == .delete ? end + grace : nil }

    /// Sets the phase and the next look after the times changed. A lease that was active stays so even if its end is near,
    /// so that ``advance(at:)`` reports it.
    private mutating func refresh(at now: Timestamp) {
        if phase == .expired, end <= now { return }
        suspectedAt = nil
        if phase != .expiring || now < end - warn { phase = .active }
        lookAt = phase == .active ? end - warn : end + grace
    }
}

// MARK: Time passes

extension ClaimLease {
    package enum Step: Hashable, Sendable {
        /// Nothing is due.
        case none
        /// The lease became expiring.
        case warns
        /// The grace has passed. The caller ends the claim, or calls ``report()`` or ``postpone(until:)``.
        case ends
    }

    /// Moves the lease forward by at most one step, so that a warning always comes before the end.
    package mutating func advance(at now: Timestamp) -> Step {
        switch phase {
        case .active where now >= end - warn:
            phase = .expiring
            lookAt = end + grace
            return .warns
        case .expiring where now >= end + grace: return .ends
        case .active: lookAt = end - warn
        case .expiring: lookAt = end + grace
        case .expired: lookAt = nil
        }
        return .none
    }

    /// Keeps a workspace whose lease ended, because the end is only reported.
    package mutating func report() {
        phase = .expired
        suspectedAt = nil
        lookAt = nil
    }

    /// Ends the lease with its claim, so that nothing looks at it again.
    package mutating func endWithClaim() { lookAt = nil }

    /// Delays the next look at a lease that has ended.
    package mutating func postpone(until time: Timestamp) { lookAt = time }

    /// Removes a stretch of time that does not count, since renewals were impossible or the clock jumped.
    /// - Parameters:
    ///   - gap: The length of the stretch, which ends now. It is negative if the clock was set back.
    ///   - grantedAt: The time of the claim. Only the part of the stretch after it is removed.
    package mutating func remove(_ gap: Duration, grantedAt: Timestamp, at now: Timestamp) {
        let lost = Swift.min(gap, now - grantedAt)
        if lost > .zero {
            expiresAt = expiresAt + lost
            endsAt = endsAt.map { $0 + lost }
        }
        expiresAt = Swift.min(expiresAt, now + span)
        // After the clock was set back, the claim lasts at most as long as a new one, and the time that was removed before.
        endsAt = endsAt.map { Swift.min($0, now + ($0 - grantedAt)) }
        refresh(at: now)
    }

    /// Adds a stretch of time in which a sign of life could not arrive, because its source could not be asked. Renewals were
    /// possible meanwhile, so ``endsAt`` stays.
    /// - Parameters:
    ///   - gap: The length of the stretch, which ends now.
    ///   - grantedAt: The time of the claim. Only the part of the stretch after it counts.
    package mutating func excuse(_ gap: Duration, grantedAt: Timestamp, at now: Timestamp) {
        let lost = Swift.max(Swift.min(gap, now - grantedAt), .zero)
        let target = Swift.min(expiresAt + lost, Swift.min(now + span, endsAt ?? .distantFuture))
        guard target > expiresAt else { return }
        expiresAt = target
        refresh(at: now)
    }
}

// MARK: Orders

extension ClaimLease {
    /// The bound that shortened a request.
    package enum Clamp: String, CaseIterable, Hashable, Sendable {
        /// `lease.max` of the preset.
        case max
    }

    /// Returns the bound that shortens a claim that asks for a time; nil if it gets that time.
    package static func clamp(of requested: Duration?, by policy: LeasePolicy?) -> Clamp? {
        guard let requested, let max = policy?.max else { return nil }
        return requested > max ? .max : nil
    }

    /// Moves the end to `requested` after now (default: the ttl), if that is later.
    /// - Returns: The bound that shortened the renewal; nil if it got its time.
    package mutating func renew(for requested: Duration? = nil, at now: Timestamp) -> Clamp? {
        let length = requested ?? ttl
        let clamp: Clamp? = endsAt.map { now + length > $0 } == true ? .max : nil
        span = Swift.max(span, length)
        expiresAt = Swift.max(expiresAt, Swift.min(now + length, endsAt ?? .distantFuture))
        refresh(at: now)
        return clamp
    }

    /// The time by which a clock that reports a sign of life may be ahead. prewarm ignores a sign of life that is further in the
    /// future.
    package static let clockTolerance = Duration.seconds(60)

    /// Notes a sign of life at a time. A time in the future counts as now, if it is within ``clockTolerance``.
    /// - Returns: False if it changes nothing.
    package mutating func noteActivity(at time: Timestamp, now: Timestamp) -> Bool {
        guard time <= now + Self.clockTolerance else { return false }
        let target = Swift.min(Swift.min(time, now) + ttl, endsAt ?? .distantFuture)
        guard target > expiresAt else { return false }
        expiresAt = target
        refresh(at: now)
        return true
    }

    /// Sets the hold, which replaces an earlier one; nil ends it.
    package mutating func set(_ hold: Hold?, at now: Timestamp) {
        self.hold = hold
        refresh(at: now)
    }

    /// Lengthens the terms after a commit. Terms that the commit shortens stay.
    /// - Parameters:
    ///   - old: The lease of the preset before the commit.
    ///   - new: The lease of the preset after the commit.
    ///   - grantedAt: The time of the claim.
    package mutating func lengthen(
        from old: LeasePolicy?, to new: LeasePolicy, grantedAt: Timestamp, at now: Timestamp
    ) {
        endsAt = endsAt.flatMap { end in new.max.map { Swift.max(end, grantedAt + $0) } }
        // A claim that asked for another time keeps it.
        if ttl == old?.ttl, new.ttl > ttl {
            let target = expiresAt + (new.ttl - ttl)
            expiresAt = Swift.max(expiresAt, Swift.min(target, endsAt ?? .distantFuture))
            (ttl, span) = (new.ttl, Swift.max(span, new.ttl))
        }
        if new.grace > grace { grace = new.grace }
        if new.onExpiry == .report { onExpiry = .report }
        refresh(at: now)
    }
}
