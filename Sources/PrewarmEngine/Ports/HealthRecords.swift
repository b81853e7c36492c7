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
    /// Returns the time of the provisioner's last answer; nil if it never reported the activity of a workspace.
    func activityHeardAt(provisioner: String) throws -> Timestamp?
    /// Returns true if the provisioner has to be asked before its interval has passed (``HealthWriter/wantList(of:at:)``).
    func isListWanted(of provisioner: String) throws -> Bool
}

/// The writes that belong to ``HealthReader``.
package protocol HealthWriter {
    /// Makes the pools of these presets be planned for again.
    func unsettle(_ presets: Set<PresetKey>) throws
    /// Marks ready workspaces for their replacement.
    func replace(_ workspaces: [WorkspaceID], of preset: PresetKey, at now: Timestamp) throws
    /// Sets the time of the provisioner's last answer, if the provisioner is a source of activity.
    /// - Parameter isSource: True if the answer reports activity. The provisioner is a source from then on.
    func setActivityHeard(provisioner: String, at: Timestamp, isSource: Bool) throws
    /// Makes a list of the provisioner due, until it is asked.
    func wantList(of provisioner: String, at: Timestamp) throws
}
