/// Builds of one fingerprint that failed in a row, one try after the other.
///
/// Builds that run side by side say one thing together: only a build that started after the last counted failure had
/// ended counts again. Example: three builds start at 10:00 and fail at 10:01, 10:02 and 10:03. That is one failure. The
/// next try starts at 10:02:30 and fails at 10:04. That is the second one.
package struct FailureRecord: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    /// The number of failures, from 1.
    package let count: Int
    /// When the last counted failure ended.
    package let failedAt: Timestamp
    /// When the next try may start: after a backoff, or once an hour where the preset is stalled.
    package let retryAt: Timestamp
    package let message: String

    /// - Parameter failedAt: by default long ago, so that every further failure counts.
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

    /// Returns true if the pause after the last counted failure is over.
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
    /// Spreads the times of further tries.
    package let seed: UInt64

    package init(startedAt: Timestamp, endedAt: Timestamp, message: String, seed: UInt64) {
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.message = message
        self.seed = seed
    }

    /// Returns the record of a preset after this build of its current fingerprint failed.
    /// - Parameter known: the record before it; nil: nothing had failed.
    package func noted(after known: FailureRecord?, of preset: Preset) -> FailureRecord {
        let known = known?.fingerprint == preset.fingerprint ? known : nil
        if let known, !isNewTry(after: known) { return known }
        let count = (known?.count ?? 0) + 1
        let pause =
            count >= preset.failureLimit
            ? FailureRecord.stalledPause : Backoff.build.delay(attempt: count, seed: seed)
        return FailureRecord(
            preset: preset.key, fingerprint: preset.fingerprint, count: count, failedAt: endedAt,
            retryAt: endedAt + pause, message: message)
    }

    /// A failure in the future was noted before the clock was put back: it hides no later one. Builds that end at the same
    /// moment may be noted a little out of order.
    private func isNewTry(after known: FailureRecord) -> Bool {
        startedAt > known.failedAt || known.failedAt - endedAt > .seconds(60)
    }
}
