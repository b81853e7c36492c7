/// The state of the handover of a claimed workspace to its owner.
package enum HandoverState: String, CaseIterable, Sendable {
    /// The workspace is not claimed, or its provisioner hands nothing over. Next: pending.
    case none
    /// The process that holds the claim's request carries the handover out. Next: done, failed.
    case pending
    /// The owner can use the workspace.
    case done
    /// The handover failed or was interrupted. A claimed workspace can be handed over again. Next: done.
    case failed
}

/// The failed handovers of a preset since the last one that succeeded.
package struct HandoverFailures: Hashable, Sendable {
    package let preset: PresetKey
    package var count: Int
    /// The time of the last failure.
    package var failedAt: Timestamp
    /// The error of the last failure, with the end of the provisioner's log.
    package var message: String

    package init(preset: PresetKey, count: Int, failedAt: Timestamp, message: String) {
        self.preset = preset
        self.count = count
        self.failedAt = failedAt
        self.message = message
    }
}
