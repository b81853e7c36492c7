/// The state of the circuit breaker of one provisioner. ``BreakerMachine`` changes it.
package struct Breaker: Hashable, Sendable {
    package enum Phase: String, CaseIterable, Sendable {
        /// Creates start. Next: ``open``.
        case closed
        /// The provider does not work: creates wait, except for one probe at a time. Next: ``closed``.
        case open
    }

    package let provisioner: String
    package var phase = Phase.closed
    /// The time of the last change of ``phase``; nil if it never changed.
    package var since: Timestamp?
    /// The error that opened the breaker, or of the last probe; nil if the breaker is closed.
    package var cause: String?
    /// The number of probes that did not succeed since the breaker opened.
    package var failedProbes = 0
    /// The workspace of the last probe; nil if no probe was started since the breaker opened.
    package var probe: WorkspaceID?
    /// The time of the next probe; nil if the breaker is closed.
    package var nextProbeAt: Timestamp?
    /// The number of creates that may run at the same time after the breaker closed; nil for no limit. It begins with 1
    /// and doubles.
    package var room: Int?
    /// The number of builds that succeeded since ``room`` changed.
    package var successes = 0
    /// The preset of the last build that succeeded; nil if none did.
    package var lastBuilt: PresetKey?
    /// The preset of the last probe since the breaker opened; nil if there was none.
    package var lastProbed: PresetKey?
    /// The failed builds since the last build that succeeded, the oldest first, at most ``failuresLimit``.
    package var failures: [BreakerFailure] = []

    /// The largest number of failed builds that are kept.
    package static let failuresLimit = 100

    package init(provisioner: String) {
        self.provisioner = provisioner
    }
}

/// A failed build since a provisioner's last build that succeeded.
package struct BreakerFailure: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let at: Timestamp
    /// True if a workspace of the preset was built from the fingerprint before.
    package let isProven: Bool
    /// The failures of the preset before this one; nil if there were none.
    package let before: FailureRecord?

    package init(
        preset: PresetKey, fingerprint: Fingerprint, at: Timestamp, isProven: Bool, before: FailureRecord? = nil
    ) {
        self.preset = preset
        self.fingerprint = fingerprint
        self.at = at
        self.isProven = isProven
        self.before = before
    }
}

/// The outage of a provisioner, as the planner and the status see it.
package struct Outage: Hashable, Sendable {
    package let provisioner: String
    package let since: Timestamp
    /// The error of the provisioner on one line.
    package let cause: String

    package init(provisioner: String, since: Timestamp, cause: String) {
        self.provisioner = provisioner
        self.since = since
        self.cause = cause
    }

    /// The sentence of conditions and plans.
    /// - Parameter cause: the text that is shown as the cause.
    package func sentence(cause: String) -> String {
        "the provisioner \(provisioner) is unavailable since \(since.inSentence): \(cause). Creates wait, and prewarm tries "
            + "one of them at least every 5m"
    }
}

extension Breaker {
    /// The outage; nil if the breaker is closed.
    package var outage: Outage? {
        guard phase == .open else { return nil }
        return Outage(
            provisioner: provisioner, since: since ?? .distantPast,
            cause: cause?.cause ?? Operation.withoutCause)
    }
}
