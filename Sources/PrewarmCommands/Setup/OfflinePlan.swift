import PrewarmCore
import PrewarmEngine

/// A plan of a folder of manifests against an exported state at a given time. It changes nothing. The same input always
/// gives the same output, byte for byte.
struct OfflinePlan {
    let path: String
    let observed: String?
    let at: Timestamp
    let policy: Policy
    let folder: ManifestFolder

    func report() throws -> ReconcileReport {
        let file = try observed.map { try ObservedFile(path: $0) }
        let loaded = try folder.load(path)
        var report = ReconcileReport(source: ManifestFolder.source)
        report.diagnostics = loaded.catalog.diagnostics
        report.presets = loaded.catalog.presets
        if let file, !loaded.catalog.hidesPresets {
            // If an invalid manifest may define a preset, its workspaces are kept.
            report.presets += file.pruned(besides: report.presets).filter {
                !loaded.catalog.invalidNames.contains($0.key.name)
            }
            report.presets.sort { $0.key < $1.key }
        }
        var names = Set(report.presets.compactMap { $0.schedule?.timezone })
        for freeze in policy.freezes.values.joined() { names.insert(freeze.timezone) }
        let zones = ZoneDirectory(environment: Environment.variables).rules(of: names)
        let planner = Planner(now: at, policy: policy, zones: zones)
        report.plan = planner.plan(report.presets, observed: file?.observed(of: report.presets) ?? Observed())
        return report
    }
}
