package import PrewarmCore

/// The reads of the records of claims.
package protocol ClaimReader {
    func claim(_ id: ClaimID) throws -> Claim?
    /// Returns records of claims, the newest first.
    func claims(_ filter: ClaimFilter) throws -> [Claim]
    /// Returns the number of workspaces that an owner holds. Claims from before prewarm recorded the kinds of owners count
    /// for each owner of their name.
    func heldCount(of owner: Owner) throws -> Int
    /// Returns true if there is a record of a claim of an owner. It reads one row of an index for each kind of owner with the
    /// name.
    func hasClaimed(_ owner: Owner) throws -> Bool
    /// Returns the workspaces that count for ``heldCount(of:)``, the longest held first.
    func heldWorkspaces(of owner: Owner, limit: Int) throws -> [Workspace]
    /// Returns the first time at which a lease has to be looked at; nil if no lease runs. It reads one row of an index.
    func nextLeaseLook() throws -> Timestamp?
    /// Returns the claims whose leases have to be looked at, the earliest first. Rows of a newer version of prewarm are left
    /// out, here and in the other reads of running leases.
    func dueLeases(at now: Timestamp, limit: Int) throws -> [Claim]
    /// Returns the number of leases that end by themselves, and how many of them have to be looked at now. It is one pass
    /// over an index.
    func leaseCounts(at now: Timestamp) throws -> (running: Int, due: Int)
    /// Returns the time since `since` for which workspaces were ready and unclaimed, by preset. Workspaces whose records are
    /// deleted do not count.
    func idleTimes(since: Timestamp, at now: Timestamp) throws -> [PresetKey: Duration]
    /// Returns the numbers of claims by result, for each preset that has any.
    /// - Parameters:
    ///   - preset: The only preset to read; nil for all.
    ///   - since: The time from which claims count.
    ///   - limit: The largest number of claims of a preset to read, the newest ones. It is at least 1.
    func claimResults(of preset: PresetKey?, since: Timestamp, limit: Int) throws -> [PresetKey: [Claim.Result: Int]]
    /// Returns the record of when renewals were possible; nil if no daemon used the store yet.
    func leaseClock() throws -> LeaseClock?
}

/// The writes of the records of claims.
package protocol ClaimWriter: ClaimReader {
    /// Saves the record of a claim, which replaces an earlier one with the same id. The lease of a claim that has ended is
    /// not looked at again.
    func save(_ claim: Claim) throws
    /// Deletes the records of claims that ended, or were refused, before a time.
    func forgetClaims(endedBefore: Timestamp) throws
    func save(_ clock: LeaseClock) throws
    /// Moves the ends of all leases by a stretch of time that does not count, as ``ClaimLease/remove(_:grantedAt:at:)`` does for
    /// one. It is one statement, so that claims do not wait for a row after the other. After the clock was set back, claims
    /// count as granted now at the latest: a later stretch of time would otherwise seem to lie before them. The times since
    /// which provisioners answer or do not answer move with the clock.
    func removeLeaseTime(_ gap: Duration, at now: Timestamp) throws
}

/// The record of when a daemon last accepted renewals. Time after it does not count for leases.
package struct LeaseClock: Hashable, Sendable {
    /// The process that wrote it: a ``Holder`` in its text form.
    package let holder: String
    package let until: Timestamp
    /// The machine's monotonic clock at ``until``; nil in a record of an earlier version.
    package let uptime: Uptime?

    package init(holder: String, until: Timestamp, uptime: Uptime?) {
        self.holder = holder
        self.until = until
        self.uptime = uptime
    }
}

/// A filter for the records of claims. Each property that is set restricts the result.
package struct ClaimFilter: Sendable {
    package var preset: PresetKey?
    /// The names of owners of any kind.
    package var owners: [String]?
    /// Only claims that asked at this time or later.
    package var since: Timestamp?
    /// If true, only claims that have a workspace now.
    package var isHeld: Bool
    /// If true, only claims whose leases end by themselves.
    package var isLeased: Bool
    /// If true, only claims whose leases end soon.
    package var isExpiring: Bool
    /// Only claims with a smaller id.
    package var before: ClaimID?
    /// The largest number of results.
    package var limit: Int?

    package init(
        preset: PresetKey? = nil, owners: [String]? = nil, since: Timestamp? = nil, isHeld: Bool = false,
        isLeased: Bool = false, isExpiring: Bool = false, before: ClaimID? = nil, limit: Int? = nil
    ) {
        self.isLeased = isLeased
        self.isExpiring = isExpiring
        self.preset = preset
        self.owners = owners
        self.since = since
        self.isHeld = isHeld
        self.before = before
        self.limit = limit
    }
}

/// The identity of one claim while it asks for a workspace. A wait may take many attempts and several requests.
package struct ClaimAttempt: Sendable {
    package let id: ClaimID
    /// The time of the first attempt.
    package let askedAt: Timestamp
    /// True if an earlier attempt found no workspace, so that a workspace from now on was waited for.
    package var hasWaited: Bool
    /// The length of the lease that the claim asks for; nil for that of the preset.
    package var requested: Duration?
    /// The text that the claim asked with if it did not name its preset; see ``Claim/asked``.
    package var asked: String?
    /// True if an earlier request began the claim, so that the store may have a record of it.
    let isContinued: Bool
    /// The priority in the queue, from 0 to 100.
    package var priority = Ticket.standardPriority
}

extension ClaimAttempt {
    /// The text for events and the audit log, for example ` (asked for lang=go)`; empty if the claim named the preset.
    package var askedText: String { asked.askedText }
}

extension String? {
    /// See ``ClaimAttempt/askedText``.
    var askedText: String { map { " (asked for \($0.printable))" } ?? "" }
}

/// The parameters of one claim.
package struct ClaimRequest: Sendable {
    package let preset: PresetKey
    package let owner: Owner
    /// The current fingerprint of the preset.
    package let current: Fingerprint
    /// The time at or before which a workspace has to have become ready to be expired; nil if none expires.
    package let readySince: Timestamp?
    /// If true, a claim may get an outdated workspace when no current one is ready.
    package let offersOutdated: Bool
    /// If true, a claim may get an expired workspace when nothing else is ready.
    package let offersExpired: Bool
    package let now: Timestamp
    package let idempotencyKey: ClaimKey?
    /// The id of the claim, which the claimed workspace gets.
    package let id: ClaimID?
    /// The time since which a workspace has to be ready to be preferred as checked; nil if all were checked lately.
    package let freshSince: Timestamp?

    package init(
        preset: PresetKey, owner: Owner, current: Fingerprint, readySince: Timestamp?, offersOutdated: Bool = true,
        offersExpired: Bool = false, now: Timestamp, idempotencyKey: ClaimKey? = nil, id: ClaimID? = nil,
        freshSince: Timestamp? = nil
    ) {
        self.id = id
        self.freshSince = freshSince
        self.preset = preset
        self.owner = owner
        self.current = current
        self.readySince = readySince
        self.offersOutdated = offersOutdated
        self.offersExpired = offersExpired
        self.now = now
        self.idempotencyKey = idempotencyKey
    }
}
