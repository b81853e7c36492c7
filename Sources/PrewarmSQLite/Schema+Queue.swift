internal import PrewarmCore
internal import PrewarmSQL

extension Schema {
    /// Adds the order in which operations start (``QueuePlace``), the times of failures, and the durations of builds.
    static let queue = """
        ALTER TABLE operations ADD COLUMN lane_class INTEGER NOT NULL DEFAULT \(LaneClass(.delete).rawValue);
        ALTER TABLE operations ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
        UPDATE operations SET lane_class = CASE
            WHEN kind = \(Operation.Kind.claim.code) THEN \(LaneClass(.handover).rawValue)
            WHEN kind = \(Operation.Kind.inspect.code) THEN \(LaneClass(.inspect).rawValue)
            WHEN kind <> \(Operation.Kind.create.code) THEN \(LaneClass(.create).rawValue)
            WHEN reason = '\(Reason.claimed.rawValue)' THEN \(LaneClass(.waitingClaim).rawValue)
            ELSE \(LaneClass(.create).rawValue) END
            WHERE state < 2 AND kind <> \(Operation.Kind.delete.code);
        DROP INDEX operations_due;
        -- In the order in which operations start, so that a query reads up to its limit without sorting.
        CREATE INDEX operations_due ON operations (
            provisioner, lane_class, round, id, next_attempt_at, preset, kind, state) WHERE state = 0;
        ALTER TABLE failures ADD COLUMN failed_at INTEGER NOT NULL DEFAULT 0;
        -- Builds that started before the next try was due ran at the same time as the failed build.
        UPDATE failures SET failed_at = retry_at;
        ALTER TABLE standings ADD COLUMN build_ms INTEGER;
        """
}
