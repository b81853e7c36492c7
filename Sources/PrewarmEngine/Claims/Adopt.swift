package import PrewarmCore

/// Why an instance could not be taken over.
package enum AdoptionError: Error, Sendable {
    /// No provisioner's last list shows it as an orphan.
    case notAnOrphan(String, known: [Orphan])
    /// The preset's workspaces are made by another provisioner.
    case otherProvisioner(Orphan, Preset)
    case retired(Preset)
}

extension Engine {
    /// Takes over instances that a provisioner lists and nobody knows, as ready ones of the preset as it is now.
    package func adopt(_ ids: [String], into name: String, by: String) async throws -> [Workspace] {
        let now = now()
        return try await store.write { store in
            let preset = try preset(named: name, in: store)
            guard preset.retirement == nil else { throw AdoptionError.retired(preset) }
            var orphans = try store.orphans()
            let revision = try store.source(preset.key.source)?.applied?.description
            var adopted: [Workspace] = []
            for id in ids {
                guard let index = orphans.firstIndex(where: { $0.id.rawValue == id }) else {
                    throw AdoptionError.notAnOrphan(id, known: orphans)
                }
                let orphan = orphans.remove(at: index)
                guard orphan.provisioner == preset.spec.provisioner else {
                    throw AdoptionError.otherProvisioner(orphan, preset)
                }
                adopted.append(
                    Workspace(
                        id: orphan.id, preset: preset.key, spec: preset.spec, fingerprint: preset.fingerprint,
                        state: .ready, createdAt: now, readyAt: now, revision: revision))
            }
            try store.insert(adopted)
            let provisioner = preset.spec.provisioner
            let listedAt = try store.listedAt(provisioner: provisioner) ?? now
            try store.replaceOrphans(
                orphans.filter { $0.provisioner == provisioner }, provisioner: provisioner, listedAt: listedAt)
            try store.append(
                adopted.map { workspace in
                    Event(
                        at: now, reason: "Adopted", object: "workspace", name: workspace.name,
                        source: preset.key.source, preset: preset.key.name, message: "taken over by \(by)")
                })
            try store.markDirty(source: preset.key.source)
            return adopted
        }
    }
}
