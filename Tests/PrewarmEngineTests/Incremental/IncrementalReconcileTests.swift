import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import Testing

/// Compares an incremental reconciliation with a whole one. Each reconciliation runs twice from the same state: the
/// incremental one on the store, and one that reads and plans everything on a copy. Both must have the same result.
@Suite("An incremental reconciliation")
struct IncrementalReconcileTests {
    @Test("An incremental reconciliation has the same result as a whole one", arguments: 0..<16 as Range<UInt64>)
    func sameAsWhole(seed: UInt64) async throws { try await compare(seed, on: .memory) }

    @Test("The same holds on the SQLite store", arguments: 0..<3 as Range<UInt64>)
    func sameAsWholeOnSQLite(seed: UInt64) async throws { try await compare(seed, on: .sqlite) }

    private func compare(_ seed: UInt64, on kind: StoreKind) async throws {
        var life = try Life(seed: seed, on: kind)
        for step in 0..<60 {
            let problem = try await life.step()
            guard problem == nil else {
                Issue.record(
                    "seed \(seed), step \(step): \(problem ?? "")\n\(life.diary.suffix(8).joined(separator: "\n"))")
                return
            }
        }
        #expect(life.smallCommits > 0, "seed \(seed): every commit was read as a whole")
    }

    @Test("An incremental reconciliation reads only the changed manifests")
    func readsLittle() async throws {
        let world = try World()
        let git = FileGit()
        let engine = world.engine(git: git, store: try world.open())
        func preset(_ name: String, _ instances: Int) -> String {
            "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: \(name)}\n"
                + "spec: {template: go, version: \"1\", instances: \(instances)}\n"
        }
        var files = Dictionary(uniqueKeysWithValues: (0..<50).map { ("p\($0).yaml", preset("p\($0)", 1)) })
        git.commit(files)
        try await engine.sync()
        #expect(git.wholeReadings == 1)
        files["p7.yaml"] = preset("p7", 3)
        files["p8.yaml"] = nil
        files["new.yaml"] = preset("new", 2)
        git.commit(files)
        let report = try await engine.reconcile("presets")
        #expect(report.presets.map(\.key.name) == ["new", "p7", "p8"], "the other presets are not planned for")
        try await engine.sync()
        #expect(git.wholeReadings == 1)
        #expect(world.with(\.instances).count == 48 + 3 + 2)
        #expect(try await engine.store.read { try $0.source("presets")?.files } == 50)
    }
}

extension IncrementalReconcileTests {
    @Test("A commit that changes no manifest is applied, with an event")
    func changesNothing() async throws {
        let world = try World()
        let git = FileGit()
        let engine = world.engine(git: git, store: try world.open())
        let files = [
            "a.yaml": "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: a}\n"
                + "spec: {template: go, version: \"1\", instances: 2}\n"
        ]
        git.commit(files)
        try await engine.sync()
        let first = try #require(try await engine.store.read { try $0.source("presets")?.applied })
        git.commit(files)
        let report = try await engine.reconcile("presets")
        #expect(report.presets.isEmpty && report.plan.actions.isEmpty && git.wholeReadings == 1)
        let (source, revisions, events) = try await engine.store.read { store in
            (
                try store.source("presets"), try store.revisions(source: "presets", limit: 9),
                try store.events(EventFilter())
            )
        }
        let second = try #require(source?.applied)
        #expect(second != first && revisions.map(\.revision) == [second, first])
        #expect(revisions.first?.convergedAt != nil)
        #expect(events.filter { $0.reason == "Applied" }.map(\.name) == [first.description, second.description])
        #expect(events.last { $0.reason == "Applied" }?.message.hasPrefix("0 presets changed") == true)
    }

    /// A small commit can break files that it does not change.
    @Test(
        "An incremental reconciliation reports errors in files that did not change",
        arguments: [
            (["new.yaml": nil], "invalid replacement \"new\": the source has no preset of that name"),
            (["other.yaml": "new"], "the preset \"new\" is defined here and in"),
            (
                [
                    "t.yaml":
                        "kind: Template\nmetadata: {name: go}\nspec: {parameters: [{name: cpu, type: integer, required: true}]}\n"
                ], "requires the parameter"
            ),
        ] as [([String: String?], String)])
    func breaksOthers(change: [String: String?], message: String) async throws {
        let head = "apiVersion: prewarm/v1\n"
        func preset(_ name: String, _ more: String = "") -> String {
            head
                + "kind: Preset\nmetadata: {name: \(name)}\nspec: {template: go, version: \"1\", instances: 1\(more)}\n"
        }
        let world = try World()
        let git = FileGit()
        let engine = world.engine(git: git, store: try world.open())
        var files = ["old.yaml": preset("old", ", deprecated: {replacement: new}"), "new.yaml": preset("new")]
        git.commit(files)
        try await engine.sync()
        #expect(try await engine.reconcile("presets").diagnostics.isEmpty)
        for (path, text) in change {
            files[path] = text.map { $0.hasPrefix("kind") ? head + $0 : preset($0) }
        }
        git.commit(files)
        let found = try await engine.reconcile("presets").diagnostics
        #expect(found.contains { $0.message.contains(message) }, "\(found)")
    }
}

/// The simulated life of a source over some weeks: commits, claims, failing builds, suspensions and passing time.
private struct Life {
    private(set) var diary: [String] = []
    /// The number of commits of which only the changed files were read.
    private(set) var smallCommits = 0
    private var random: SplitMix64
    private var history: ManifestHistory
    private let git = FileGit()
    private let world: World
    private let store: any Store
    private let kind: StoreKind
    private let engine: Engine
    private let policy: Policy

    init(seed: UInt64, on kind: StoreKind) throws {
        self.kind = kind
        random = SplitMix64(seed: seed &* 7919)
        history = ManifestHistory(seed: seed)
        world = try World()
        store = try world.open(kind)
        var policy = Policy()
        if seed % 3 == 1 {
            policy.limits = Policy.Limits(
                instancesPerPreset: 4, instancesPerSource: seed % 2 == 0 ? 12 : nil, instances: 15,
                actionsPerTurn: seed % 4 == 1 ? 3 : nil)
        }
        if seed % 2 == 0 {
            policy.deletionGuard.percent = 20
            policy.deletionGuard.above = 1
            policy.deletionGuard.window = .seconds(60)
        }
        self.policy = policy
        engine = world.engine(git: git, store: store, policy: policy)
        git.commit(history.files)
    }

    /// Performs one random step. Returns a difference between the two reconciliations; nil if there is no difference.
    mutating func step() async throws -> String? {
        let names = try await store.read { try $0.presets(source: nil).map(\.key.name) }
        let name = names.isEmpty ? "p0" : names[below(names.count)]
        switch below(15) {
        case 0...3:
            history.change()
            git.commit(history.files)
            diary.append("commit")
        case 4...8:
            let broken: [Set<String>] = [["1"], ["2"], [], [], [], []]
            let index = below(broken.count)
            world.with { $0.brokenVersions = broken[index] }
            _ = try await OperationRunner(engine).run()
            diary.append("operations")
        case 9, 10:
            let claimed = try? await engine.claim(name, owner: "ada")
            diary.append("claim \(name): \(claimed != nil)")
        case 11:
            let span = [1, 30, 600, 3600, 9 * 3600][below(5)]
            world.with { $0.now = $0.now + .seconds(span) }
            diary.append("\(span) s later")
        case 12: try await order(name)
        case 13:
            // The provider loses a workspace.
            world.with { state in
                if let lost = state.instances.sorted().first { state.instances.remove(lost) }
            }
            _ = try await engine.resync(force: true)
            diary.append("resync")
        default:
            let revision = try await store.read { try $0.source("presets")?.applied?.commit }
            if let revision { _ = try? await engine.approve(revision, by: "ada") }
            diary.append("approve")
        }
        world.with { $0.now = $0.now + .milliseconds(5) }
        return try await reconcile()
    }

    private mutating func order(_ name: String) async throws {
        let scope: Suspension.Scope =
            chance(70) ? .preset(PresetKey(source: "presets", name: name)) : .source("presets")
        switch below(3) {
        case 0:
            let until = chance(50) ? world.with(\.now) + .seconds(600) : nil
            try await engine.suspend(scope, reason: nil, by: "ada", until: until)
        case 1:
            for suspension in try await store.read({ try $0.suspensions() }) {
                _ = try await engine.resume(suspension.scope, by: "ada")
            }
        default: _ = try? await engine.retry(name, by: "ada")
        }
        diary.append("orders about \(name)")
    }

    private mutating func reconcile() async throws -> String? {
        let (copy, other) = try world.copied(kind)
        defer { withExtendedLifetime(copy) {} }
        let whole = world.engine(git: git, store: other, policy: policy, isIncremental: false)
        let pulls = chance(85)
        let expected = try await whole.reconcile("presets", pull: pulls)
        let before = (git.wholeReadings, try await store.read { try $0.source("presets")?.applied })
        let report = try await engine.reconcile("presets", pull: pulls)
        if git.wholeReadings == before.0, report.revision != before.1 { smallCommits += 1 }
        diary.append(
            "reconciliation: \(report.isQuiet ? "quiet" : "\(report.plan.actions.count) actions, \(report.plan.held.count) held")"
        )
        if report.plan.actions != expected.plan.actions {
            return "actions \(report.plan.actions), in the whole: \(expected.plan.actions)"
        }
        if report.plan.held != expected.plan.held {
            return "held \(report.plan.held), in the whole: \(expected.plan.held)"
        }
        if report.diagnostics != expected.diagnostics { return "diagnostics" }
        let (left, right) = (try await Remains(store), try await Remains(other))
        if let difference = left.difference(from: right) { return difference }
        return try await assessment()
    }

    /// Compares the assessment of some pools with that of all pools, and the sums of the other pools.
    private mutating func assessment() async throws -> String? {
        let whole = try await engine.assess("presets")
        let touched = Set(whole.presets.map(\.key).filter { _ in chance(30) })
        let part = try await engine.assess("presets", touched: touched)
        let keys = Set(part.presets.map(\.key))
        if !keys.isSuperset(of: touched) { return "touched pools are not looked at" }
        let pools = Dictionary(uniqueKeysWithValues: whole.plan.pools.map { ($0.preset, $0) })
        if part.plan.pools.contains(where: { pools[$0.preset] != $0 }) { return "assessed pools differ" }
        if part.plan.held != whole.plan.held {
            let (left, right) = (Set(part.plan.held.map { "\($0)" }), Set(whole.plan.held.map { "\($0)" }))
            return "held in the part: \(left.subtracting(right)), held in the whole: \(right.subtracting(left))"
        }
        let others = Unfinished.of([whole], preset: nil).count { !keys.contains($0.pool.preset) }
        let rest = (part.rest?.count ?? 0, part.rest?.unfinished ?? 0)
        let expected = (whole.presets.count - keys.count, others)
        return rest == expected ? nil : "rest of the part: \(rest), expected: \(expected)"
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// The contents of a store, without the random part of ids.
private struct Remains {
    private var parts: [String: [String]] = [:]

    init(_ store: any Store) async throws {
        parts = try await store.read { store in
            let conditions = try store.conditions(source: "presets")
            // ULIDs begin with the time, which is unique for each reconciliation here, and end with random digits.
            func name(_ id: some CustomStringConvertible) -> String { String(id.description.prefix(10)) }
            return [
                "presets": try store.presets(source: nil).map { "\($0)" },
                "templates": try store.templates(source: nil).map { "\($0)" },
                "diagnostics": try store.diagnostics(source: "presets").map { "\($0)" },
                "source": try store.sources().map { "\($0)" },
                "revisions": try store.revisions(source: "presets", limit: 500).map { "\($0)" },
                "guard": ["\(try store.guardRecord(ofSource: "presets").binary)"],
                "failures": try store.failures(source: nil).map { "\($0)" },
                "conditions": conditions.map { "\($0.key.name) \($0.value)" }.sorted(),
                "workspaces": try store.workspaces(WorkspaceFilter(states: WorkspaceState.allCases)).map {
                    "\(name($0.id)) \($0.preset) \($0.fingerprint) \($0.state) \($0.createdAt) \($0.readyAt as Any) \($0.revision ?? "")"
                }.sorted(),
                "operations": try store.operations(OperationFilter()).map {
                    "\(name($0.operation.id)) \($0.operation.kind) \(name($0.operation.workspace)) \($0.operation.preset) "
                        + "\($0.operation.reason) \($0.operation.state) \($0.operation.provisioner)"
                }.sorted(),
                "events": try store.events(EventFilter()).map { "\($0)" },
                "settled": ["\(try store.settledPools(source: "presets", without: [], after: .distantPast))"],
                "open pools": try store.openPresets(source: "presets", dueBy: .distantPast)?.presets.map(\.key.name)
                    ?? [
                        "unreadable"
                    ],
            ]
        }
    }

    func difference(from other: Remains) -> String? {
        for (part, lines) in parts.sorted(by: { $0.key < $1.key }) {
            let others = other.parts[part] ?? []
            guard lines != others else { continue }
            let (left, right) = (Set(lines), Set(others))
            return
                "\(part) differ: \(left.subtracting(right).sorted()), in the whole: \(right.subtracting(left).sorted())"
        }
        return nil
    }
}
