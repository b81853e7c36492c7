import PrewarmCore

extension Engine {
    /// Returns the time since which a workspace has to be ready to count as checked lately; nil if the last list of the
    /// provisioner is fresh, so that all workspaces in it are, or if the template has no health checks.
    func freshSince(_ preset: Preset, at now: Timestamp, in store: any StoreReader) throws -> Timestamp? {
        guard let health = preset.health else { return nil }
        let provisioner = preset.spec.provisioner
        let oldest = now - health.freshness
        let isFailing = try store.listFailures().contains { $0.provisioner == provisioner }
        if !isFailing, let listed = try store.listedAt(provisioner: provisioner), listed >= oldest { return nil }
        return oldest
    }
}
