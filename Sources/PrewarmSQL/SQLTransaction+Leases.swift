internal import PrewarmCore
internal import PrewarmEngine

/// The running leases of claims, and the record of when renewals were possible.
extension SQLTransaction {
    /// The condition for a running lease that this version can read. A newer version may use other words.
    private static let isRunning = """
        lease_look IS NOT NULL AND lease_phase IN (\(list(ClaimLease.Phase.allCases.map(\.rawValue))))
        AND lease_on_expiry IN (\(list(LeasePolicy.OnExpiry.allCases.map(\.rawValue))))
        AND result IN (\(list(Claim.Result.allCases.map(\.rawValue))))
        """

    private static func list(_ words: [String]) -> String { words.map { "'\($0)'" }.joined(separator: ",") }

    func nextLeaseLook() throws -> Timestamp? {
        try statement("SELECT lease_look FROM claims WHERE \(Self.isRunning) ORDER BY lease_look LIMIT 1")
            .first { $0.next(Timestamp.self) }
    }

    func dueLeases(at now: Timestamp, limit: Int) throws -> [Claim] {
        try statement(
            "\(Self.selectClaims) WHERE \(Self.isRunning) AND lease_look <= ? ORDER BY lease_look LIMIT ?"
        ).all(now, limit, read: Self.claim).compactMap { $0 }
    }

    func leaseCounts(at now: Timestamp) throws -> (running: Int, due: Int) {
        try statement(
            "SELECT count(*), count(CASE WHEN lease_look <= ? THEN 1 END) FROM claims WHERE \(Self.isRunning)"
        )
        .first(now) { columns in (columns.next(Int.self), columns.next(Int.self)) } ?? (0, 0)
    }

    private static let saveLeaseClock = SQLText.save(
        into: "lease_clock", "\"only\", holder, until, boot, uptime_ms", key: "\"only\"")

    func leaseClock() throws -> LeaseClock? {
        try statement("SELECT holder, until, boot, uptime_ms FROM lease_clock").first { columns in
            let (holder, until) = (columns.next(String.self), columns.next(Timestamp.self))
            let (boot, elapsed) = (columns.next(String?.self), columns.next(Int64?.self))
            let uptime = boot.flatMap { boot in elapsed.map { Uptime(boot: boot, elapsed: .milliseconds($0)) } }
            return LeaseClock(holder: holder, until: until, uptime: uptime)
        }
    }

    func save(_ clock: LeaseClock) throws {
        try statement(Self.saveLeaseClock)
            .run(1, clock.holder, clock.until, clock.uptime?.boot, clock.uptime?.elapsed.wholeMilliseconds)
    }

    /// The new values of a lease: see ``ClaimLease/remove(_:grantedAt:at:)``, which the contract test compares it with.
    private static let removal = """
        WITH shifted AS (
            SELECT id, lease_phase AS phase, lease_warn AS warn, lease_grace AS grace, lease_hold_until AS hold,
                min(lease_expires_at + max(min(?1, ?2 - coalesce(granted_at, ?2)), 0), ?2 + lease_span) AS expires,
                lease_ends_at + max(min(?1, ?2 - coalesce(granted_at, ?2)), 0) AS ends,
                coalesce(granted_at, ?2) AS granted
            FROM claims INDEXED BY claims_leased WHERE \(isRunning)
        ), moved AS (
            SELECT *, max(expires, coalesce(hold, expires)) AS finish,
                phase = '\(ClaimLease.Phase.expiring.rawValue)'
                    AND ?2 >= max(expires, coalesce(hold, expires)) - warn AS expiring
            FROM shifted
        )
        UPDATE claims SET granted_at = CASE WHEN granted_at > ?2 THEN ?2 ELSE granted_at END, lease_expires_at = expires,
            lease_ends_at = min(ends, ?2 + ends - granted), lease_suspected_at = NULL,
            lease_phase = CASE WHEN expiring THEN '\(ClaimLease.Phase.expiring.rawValue)'
                ELSE '\(ClaimLease.Phase.active.rawValue)' END,
            lease_look = CASE WHEN expiring THEN finish + grace ELSE finish - warn END
        FROM moved WHERE claims.id = moved.id
        """

    func removeLeaseTime(_ gap: Duration, at now: Timestamp) throws {
        progress.note()
        try statement(Self.removal).run(gap.wholeMilliseconds, now)
        guard gap < .zero else { return }
        try statement("UPDATE listings SET failing_since = failing_since + ?1, heard_at = heard_at + ?1")
            .run(gap.wholeMilliseconds)
    }
}
