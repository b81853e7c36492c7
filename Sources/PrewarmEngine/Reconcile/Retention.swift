import PrewarmCore

/// The times for which history is kept.
enum Retention {
    /// The time for finished operations with their logs, events and deleted workspaces: 14 days.
    static let history = Duration.seconds(14 * 86_400)
    /// The time for entries of the audit log: 90 days.
    static let audit = Duration.seconds(90 * 86_400)
    /// The time for the records of claims after their end: 90 days.
    static let claims = Duration.seconds(90 * 86_400)
}

extension StoreWriter {
    /// Deletes history that is older than ``Retention`` says. It does nothing if that was done within the last hour.
    func forgetOld(now: Timestamp) throws {
        guard try forgetHistory(before: now - Retention.history) else { return }
        try forgetAudit(before: now - Retention.audit)
        try forgetClaims(endedBefore: now - Retention.claims)
    }
}
