package import PrewarmCore

/// The reads of the records of claims.
package protocol ClaimReader {
    func claim(_ id: ClaimID) throws -> Claim?
    /// Returns records of claims, the newest first.
    func claims(_ filter: ClaimFilter) throws -> [Claim]
}

/// The writes of the records of claims.
package protocol ClaimWriter: ClaimReader {
    /// Saves the record of a claim, which replaces an earlier one with the same id.
    func save(_ claim: Claim) throws
    /// Deletes the records of claims that ended, or were refused, before a time.
    func forgetClaims(endedBefore: Timestamp) throws
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
    /// Only claims with a smaller id.
    package var before: ClaimID?
    /// The largest number of results.
    package var limit: Int?

    package init(
        preset: PresetKey? = nil, owners: [String]? = nil, since: Timestamp? = nil, isHeld: Bool = false,
        before: ClaimID? = nil, limit: Int? = nil
    ) {
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
    /// True if an earlier request began the claim, so that the store may have a record of it.
    let isContinued: Bool
    /// The priority in the queue, from 0 to 100.
    package var priority = Ticket.standardPriority
}
