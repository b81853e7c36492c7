package import PrewarmCore

/// The part of an ``Overview`` that comes from the provisioners' lists: orphans, suspects and claimed workspaces that are
/// broken. Its size does not grow with the lists.
package struct ListOverview: Sendable {
    /// The largest number of orphans, and of broken claims, in the document.
    static let shownLimit = 100

    private let shownOrphans: [Orphan]
    private let orphanCount: Int
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

    func orphans(for audience: some Audience) -> Value? { list(shownOrphans) { Value($0, for: audience) } }
    var orphansTotal: Value? { orphanCount == 0 ? nil : .int(orphanCount) }

    var suspectLists: Value? {
        list(suspects) { .object(known: ["provisioner": .string($0.provisioner), "missing": .int($0.count)]) }
    }

    /// Returns the broken claims of the workspaces that the audience may see, without their owners.
    func brokenClaims(for audience: some Audience) -> Value? {
        list(broken.prefix(Self.shownLimit)) { provisioner, suspect, workspace in
            guard audience.view(of: workspace.preset, owner: workspace.owner) != .hidden else { return nil }
            let readsLogs = audience.readsLogs(of: workspace.preset)
            return .object(known: [
                "id": .string(workspace.id.rawValue), "name": .string(workspace.name),
                "preset": .string(workspace.preset.name), "source": .string(workspace.preset.source),
                "provisioner": .string(provisioner),
                "state": readsLogs ? .string(suspect.state ?? "lost") : nil,
                "message": .string(
                    readsLogs ? suspect.message(of: provisioner) : "the workspace is broken; \(Operation.withheldError)"
                ),
                "since": Value(suspect.since),
            ])
        }
    }

    func failingLists(for audience: some Audience) -> Value? {
        let readsLogs = audience.readsLogs(of: nil)
        return list(failures) {
            .object(known: [
                "provisioner": .string($0.provisioner),
                "message": .string(readsLogs ? $0.message : Operation.withheldError), "since": Value($0.since),
            ])
        }
    }

    private func list<Element>(_ elements: some Collection<Element>, _ value: (Element) -> Value?) -> Value? {
        let values = elements.compactMap(value)
        return values.isEmpty ? nil : .array(values)
    }
}

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
