import PrewarmCore
package import PrewarmEngine

/// The part of an ``Overview`` that comes from the provisioners' lists: orphans, suspects and claimed workspaces that are
/// broken. Its size does not grow with the lists.
package struct ListOverview: Sendable {
    /// The largest number of orphans, and of broken claims, in the document.
    static let shownLimit = 100

    private let shownOrphans: [Orphan]
    /// The number of all orphans.
    let orphanCount: Int
    private let suspects: [(provisioner: String, count: Int)]
    private let broken: [(provisioner: String, suspect: Suspect, workspace: Workspace)]
    private let failures: [ListFailure]

    package init(_ engine: Engine) async throws {
        let (names, now) = (engine.provisioners.keys.sorted(), engine.now())
        (shownOrphans, orphanCount, suspects, broken, failures) = try await engine.store.read { store in
            let orphans = try store.orphans()
            let more = try names.reduce(0) { $0 + (try store.listing(provisioner: $1)?.moreOrphans ?? 0) }
            var (counts, broken): ([(String, Int)], [(String, Suspect, Workspace)]) = ([], [])
            for name in names {
                let open = try store.openSuspects(provisioner: name)
                if open.unclaimed > 0 { counts.append((name, open.unclaimed)) }
                broken += open.claimed.map { (name, $0.suspect, $0.workspace) }
            }
            func lists(_ name: String) -> Bool { engine.provisioners[name]?.operations.contains(.list) == true }
            var failures = try store.listFailures().filter { lists($0.provisioner) }
            for name in names where engine.provisioners[name]?.operations.isDisjoint(with: [.list, .inspect]) == true {
                guard try store.healthInterval(provisioner: name) != nil else { continue }
                failures.append(
                    ListFailure(
                        provisioner: name,
                        message: "a template has `health`, which needs `list` or `inspect` in its `operations`",
                        since: now))
            }
            return (
                Array(orphans.prefix(Self.shownLimit)), orphans.count + more, counts, broken, failures
            )
        }
    }

    var isHealthy: Bool { suspects.isEmpty && broken.isEmpty && failures.isEmpty }

    func orphans(for audience: some Audience) -> [OrphanDocument]? {
        shownOrphans.compactMap { OrphanDocument($0, for: audience) }.unlessEmpty
    }

    var suspectLists: [SuspectListDocument]? {
        suspects.map { SuspectListDocument(provisioner: $0.provisioner, missing: $0.count) }.unlessEmpty
    }

    /// Returns the broken claims of the workspaces that the audience may see, without their owners.
    func brokenClaims(for audience: some Audience) -> [BrokenClaimDocument]? {
        broken.prefix(Self.shownLimit).compactMap { provisioner, suspect, workspace in
            guard audience.view(of: workspace.preset, owner: workspace.owner) != .hidden else { return nil }
            return BrokenClaimDocument(
                suspect, workspace, provisioner: provisioner, readsLogs: audience.readsLogs(of: workspace.preset))
        }.unlessEmpty
    }

    func failingLists(for audience: some Audience) -> [ListFailureDocument]? {
        let readsLogs = audience.readsLogs(of: nil)
        return failures.map { ListFailureDocument($0, readsLogs: readsLogs) }.unlessEmpty
    }
}
