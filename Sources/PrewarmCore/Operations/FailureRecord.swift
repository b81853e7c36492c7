/// The builds of one fingerprint that failed in a row.
///
/// Builds that run at the same time count as one failure. A build counts again only if it started after the last
/// counted failure ended. Example: three builds start at 10:00 and fail at 10:01, 10:02 and 10:03. That is one
/// failure, counted at 10:01. The next try starts at 10:03:20 and fails at 10:04. That is the second failure.
package struct FailureRecord: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    /// The number of failures, from 1.
    package let count: Int
    /// The time at which the last counted failure ended.
    package let failedAt: Timestamp
    /// The time from which the next try may start: after a backoff, or an hour later if the preset is stalled.
    package let retryAt: Timestamp
    /// The error of the last counted failure, which may be the end of a long log.
    package let message: String

    /// - Parameter failedAt: the end of the last counted failure (default: long ago, so that every further failure
    ///   counts).
    package init(
        preset: PresetKey, fingerprint: Fingerprint, count: Int, failedAt: Timestamp = .distantPast,
        retryAt: Timestamp, message: String
    ) {
        self.preset = preset
        self.fingerprint = fingerprint
        self.count = count
        self.failedAt = failedAt
        self.retryAt = retryAt
        self.message = message
    }

    /// The pause between two tries of a stalled preset.
    package static let stalledPause = Duration.seconds(3600)

    /// Returns true if the pause after the last counted failure has ended, so that a build may be tried.
    package func mayRetry(at now: Timestamp) -> Bool {
        let pause = min(max(retryAt - failedAt, .zero), Self.stalledPause)
        return retryAt.hasCome(at: now, atMost: pause)
    }
}

/// A build that failed.
package struct FailedBuild: Hashable, Sendable {
    package let startedAt: Timestamp
    package let endedAt: Timestamp
    package let message: String
    /// The seed of the jitter that spreads the next tries of several presets over time.
    package let seed: UInt64
    /// True if no other try can succeed, so that the failure limit is reached at once.
    package let isInvalid: Bool

    package init(
        startedAt: Timestamp, endedAt: Timestamp, message: String, seed: UInt64, isInvalid: Bool = false
    ) {
        self.isInvalid = isInvalid
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.message = message
        self.seed = seed
    }

    /// Returns the record of a preset after this build of its current fingerprint failed.
    /// - Parameter known: the record before this failure; nil if no build had failed.
    package func noted(after known: FailureRecord?, of preset: Preset) -> FailureRecord {
        let known = known?.fingerprint == preset.fingerprint ? known : nil
        if !isInvalid, let known, !isNewTry(after: known) { return known }
        let next = (known?.count ?? 0) + 1
        let count = isInvalid ? max(next, preset.failureLimit) : next
        let pause =
            count >= preset.failureLimit
            ? FailureRecord.stalledPause : Backoff.build.delay(attempt: count, seed: seed)
        return FailureRecord(
            preset: preset.key, fingerprint: preset.fingerprint, count: count, failedAt: endedAt,
            retryAt: endedAt + pause, message: message)
    }

    /// Returns true if this build counts as a new try.
    ///
    /// A recorded failure that lies in the future was recorded before the clock was set back. It is ignored, so that
    /// later failures count. Builds that end at almost the same time may be recorded out of order: up to 60 s are
    /// tolerated.
    private func isNewTry(after known: FailureRecord) -> Bool {
        startedAt > known.failedAt || known.failedAt - endedAt > .seconds(60)
    }
}
