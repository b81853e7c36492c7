/// Workspaces of one preset that have the same fingerprint and state.
package struct Tally: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
    package let count: Int
    /// When the oldest of them was ready; nil where none was.
    package let oldestReadyAt: Timestamp?

    package init(
        preset: PresetKey, fingerprint: Fingerprint, state: WorkspaceState, count: Int,
        oldestReadyAt: Timestamp? = nil
    ) {
        self.preset = preset
        self.fingerprint = fingerprint
        self.state = state
        self.count = count
        self.oldestReadyAt = oldestReadyAt
    }
}

/// What the planner needs to know of one unclaimed workspace to choose it.
package struct Instance: Hashable, Sendable {
    package let id: WorkspaceID
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    package let state: WorkspaceState
    package let readyAt: Timestamp?

    package init(
        id: WorkspaceID, preset: PresetKey, fingerprint: Fingerprint, state: WorkspaceState, readyAt: Timestamp? = nil
    ) {
        self.id = id
        self.preset = preset
        self.fingerprint = fingerprint
        self.state = state
        self.readyAt = readyAt
    }
}

/// Builds of one fingerprint that failed in a row.
package struct FailureRecord: Hashable, Sendable {
    package let preset: PresetKey
    package let fingerprint: Fingerprint
    /// From 1.
    package let count: Int
    /// No build before.
    package let retryAt: Timestamp
    package let message: String

    package init(preset: PresetKey, fingerprint: Fingerprint, count: Int, retryAt: Timestamp, message: String) {
        self.preset = preset
        self.fingerprint = fingerprint
        self.count = count
        self.retryAt = retryAt
        self.message = message
    }
}
