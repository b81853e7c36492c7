package import PrewarmCore

extension StoreReader {
    /// Returns the suspects of a provisioner that are still ready or claimed: the number of unclaimed ones, and the
    /// claimed ones that were reported.
    package func openSuspects(
        provisioner: String
    ) throws -> (unclaimed: Int, claimed: [(suspect: Suspect, workspace: Workspace)]) {
        var (unclaimed, claimed): (Int, [(suspect: Suspect, workspace: Workspace)]) = (0, [])
        for suspect in try suspects(provisioner: provisioner) {
            guard let workspace = try workspace(suspect.workspace.rawValue) else { continue }
            switch workspace.state {
            case .ready: unclaimed += 1
            case .claimed where suspect.isReported: claimed.append((suspect, workspace))
            // The list lacks so many workspaces that prewarm does not trust it yet.
            case .claimed: unclaimed += 1
            default: break
            }
        }
        return (unclaimed, claimed)
    }
}
