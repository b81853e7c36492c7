import PrewarmCore

/// How long what is over is kept.
enum Retention {
    /// Finished operations with their logs, events and deleted workspaces.
    static let history = Duration.seconds(14 * 86_400)
    static let audit = Duration.seconds(90 * 86_400)
}

extension StoreWriter {
    func forgetOld(now: Timestamp) throws {
        if try forgetHistory(before: now - Retention.history) { try forgetAudit(before: now - Retention.audit) }
    }
}
