package import PrewarmCore

/// The reads of health checks and of replacements on demand.
package protocol HealthReader {
    /// Returns the health checks of the presets of a provisioner that have some.
    func health(provisioner: String) throws -> [PresetKey: Health]
    /// Returns the shortest interval of these health checks; nil if no preset has any.
    func healthInterval(provisioner: String) throws -> Duration?
    /// Returns the numbers of claimed workspaces that the last list lacked or reported as broken, by preset.
    func brokenClaims() throws -> [PresetKey: Int]
    /// Returns the ready workspaces that an operator wants to have replaced.
    func replacements() throws -> [PresetKey: Set<WorkspaceID>]
}

/// The writes that belong to ``HealthReader``.
package protocol HealthWriter {
    /// Makes the pools of these presets be planned for again.
    func unsettle(_ presets: Set<PresetKey>) throws
    /// Marks ready workspaces for their replacement.
    func replace(_ workspaces: [WorkspaceID], of preset: PresetKey, at now: Timestamp) throws
}
