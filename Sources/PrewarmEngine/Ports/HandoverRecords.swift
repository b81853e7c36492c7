package import PrewarmCore

/// The reads of the records of handovers.
package protocol HandoverReader {
    /// Returns the handovers that have not ended: those that wait and those that run.
    func handovers() throws -> [OperationRecord]
    /// Returns the values of the claim parameters of a workspace, without secrets and with the template's defaults.
    func claimParameters(of workspace: WorkspaceID) throws -> [String: ParameterValue]
    /// Returns the presets whose last handovers failed.
    /// - Parameter source: The source; nil for all sources.
    func handoverFailures(source: String?) throws -> [HandoverFailures]
    func handoverFailures(of preset: PresetKey) throws -> HandoverFailures?
}

/// The writes of the records of handovers.
package protocol HandoverWriter: HandoverReader {
    /// Saves the values of the claim parameters of a workspace. They must not contain a secret.
    func save(claimParameters: [String: ParameterValue], of workspace: WorkspaceID) throws
    /// Sets the failed handovers of a preset; nil deletes them.
    func setHandoverFailures(_ failures: HandoverFailures?, of preset: PresetKey) throws
}

extension StoreReader {
    /// Returns the failed handovers of a source's presets, by preset.
    func handoversFailing(source: String) throws -> [PresetKey: HandoverFailures] {
        Dictionary(try handoverFailures(source: source).map { ($0.preset, $0) }) { first, _ in first }
    }
}
