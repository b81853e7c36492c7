import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

/// A reader of the events about sources, revisions and presets since its last look, in the form `object reason`.
private final class Reader {
    private let store: any Store
    private var cursor: Int64 = 0
    private(set) var last: [Event] = []

    init(_ engine: Engine) { store = engine.store }

    func news() async throws -> [String] {
        let from = cursor
        let events = try await store.read { try $0.events(after: from, limit: 10_000) }
        cursor = events.last?.sequence ?? cursor
        let reasons: Set<String> = [
            "Applied", "Converged", "ManifestsInvalid", "ManifestsValid", "DeletionsHeld", "HoldEnded", "Stalled",
            "Recovered", "AtDesired", "Unreachable", "Approved",
        ]
        last = events.map(\.event).filter { reasons.contains($0.reason) }
        return last.map { "\($0.object == "preset" ? $0.name : $0.object) \($0.reason)" }
    }
}

@Suite("Events of reconciliations")
struct EventTests {
    private static func begin() throws -> (World, Engine, Reader) {
        let world = try World()
        let engine = world.engine(store: try world.open())
        return (world, engine, Reader(engine))
    }

    @Test("A revision causes events when it is applied, fills its pools and converges, but not after later claims")
    func revision() async throws {
        let (world, engine, reader) = try Self.begin()
        world.commit("a 2 1\nb 1 1")
        try await engine.sync()
        #expect(try await reader.news() == ["revision Applied", "a AtDesired", "b AtDesired", "revision Converged"])
        #expect(reader.last[0].name == Revision(ref: "main", commit: world.with(\.head) ?? "").description)
        #expect(reader.last[0].message.hasPrefix("2 presets changed"))
        _ = try await engine.claim("a", owner: "ada")
        try await engine.sync()
        try await engine.sync()
        #expect(try await reader.news().isEmpty)
        world.commit("a 2 2\nb 1 1")
        try await engine.sync()
        #expect(try await reader.news() == ["revision Applied", "a AtDesired", "revision Converged"])
    }

    @Test("Invalid manifests cause an event with place and reason at each revision, and one when they are fixed")
    func manifests() async throws {
        let (world, engine, reader) = try Self.begin()
        world.commit("a 1 1")
        try await engine.sync()
        _ = try await reader.news()
        world.commit("a 1 2 broken")
        try await engine.sync()
        #expect(try await reader.news() == ["revision Applied", "revision ManifestsInvalid", "revision Converged"])
        #expect(reader.last[1].kind == .warning)
        #expect(reader.last[1].message == "presets.txt:1:1: it is broken")
        try await engine.sync()
        #expect(try await reader.news().isEmpty)
        world.commit("a 1 3 broken\nb 0 1 broken")
        try await engine.sync()
        #expect(try await reader.news().prefix(2) == ["revision Applied", "revision ManifestsInvalid"])
        #expect(reader.last[1].message.hasPrefix("2 errors, the first: presets.txt:1:1"))
        world.commit("a 1 1")
        try await engine.sync()
        #expect(try await reader.news().prefix(2) == ["revision Applied", "revision ManifestsValid"])
    }

    @Test("A stalled pool causes one event when it stalls and one when it recovers")
    func stalled() async throws {
        let (world, engine, reader) = try Self.begin()
        world.with { $0.brokenVersions = ["2"] }
        world.commit("a 1 2")
        for _ in 0..<6 {
            try await engine.sync()
            world.with { $0.now = $0.now + .seconds(600) }
        }
        #expect(try await reader.news() == ["revision Applied", "a Stalled"])
        #expect(reader.last[1].kind == .warning && reader.last[1].message.contains("3 builds in a row failed"))
        world.with { $0.brokenVersions = [] }
        _ = try await engine.retry("a", by: "ada")
        try await engine.sync()
        #expect(try await reader.news() == ["a Recovered", "a AtDesired", "revision Converged"])
    }

    @Test("Held deletions cause one event with their number and one when the hold ends", arguments: [true, false])
    func held(isApproved: Bool) async throws {
        let (world, engine, reader) = try Self.begin()
        world.commit("a 10 1\nb 1 1")
        try await engine.sync()
        _ = try await reader.news()
        world.commit("b 1 1")
        try await engine.sync()
        #expect(try await reader.news().prefix(2) == ["revision Applied", "revision DeletionsHeld"])
        #expect(reader.last[1].kind == .warning)
        #expect(reader.last[1].message.hasPrefix("10 deletions held by the deletion guard"))
        let commit = (world.with(\.head) ?? "").prefix(8)
        #expect(reader.last[1].message.hasSuffix("To allow it: `prewarm approve \(commit)`"))
        try await engine.sync()
        #expect(try await reader.news().isEmpty)
        if isApproved {
            _ = try await engine.approve(world.with(\.head) ?? "", by: "ada")
            try await engine.sync()
            #expect(try await reader.news().prefix(2) == ["source Approved", "revision HoldEnded"])
        } else {
            world.commit("a 10 1\nb 1 1")
            try await engine.sync()
            let news = try await reader.news().filter { !$0.hasSuffix("AtDesired") }
            #expect(news == ["revision Applied", "revision HoldEnded", "revision Converged"])
        }
    }

    @Test("A remote that can be read again causes one event, with and without a new commit", arguments: [true, false])
    func source(isNew: Bool) async throws {
        let (world, engine, reader) = try Self.begin()
        world.commit("a 1 1")
        try await engine.sync()
        _ = try await reader.news()
        world.with { $0.failure = GitFailure(.unreachable, "no answer") }
        try await engine.sync()
        try await engine.sync()
        #expect(try await reader.news() == ["source Unreachable"])
        world.with { $0.failure = nil }
        if isNew { world.commit("a 2 1") }
        try await engine.sync()
        try await engine.sync()
        #expect(try await reader.news().filter { $0 == "source Recovered" }.count == 1)
    }

    @Test("Measurements of reconciliations, requests, plans and operations are reported when they have ended")
    func observations() async throws {
        let world = try World()
        let seen = Mutex<[String]>([])
        let base = world.engine(store: try world.open())
        let engine = Engine(
            store: base.store, sources: Array(base.sources.values), provisioners: base.provisioners,
            defaultProvisioner: base.defaultProvisioner, policy: base.policy, parser: base.parser, clock: base.clock,
            random: base.random,
            holder: base.holder, isDead: base.isDead,
            observe: { observation in
                let text =
                    switch observation {
                    case .reconciled(let source, let result, _): "reconcile \(source) \(result)"
                    case .succeeded(let source): "succeeded \(source)"
                    case .git(_, let request, let isSuccess, _): "\(request) \(isSuccess)"
                    case .parsed(let known, let new): "parsed \(known) \(new)"
                    case .planned(let kind, let reason): "\(kind) \(reason)"
                    case .operation(let operation, let duration):
                        "\(operation.kind) \(operation.state) \(duration >= .zero)"
                    case .converged(let source, _): "converged \(source)"
                    case .handover(let preset, let word): "handover \(preset.name) \(word)"
                    case .usable(let preset, _): "usable \(preset.name)"
                    case .tookOver(let source): "took over \(source)"
                    case .claimEnded(let preset, let reason): "ended \(preset.name) \(reason)"
                    }
                seen.withLock { $0.append(text) }
            })
        func news() -> [String] {
            seen.withLock { seen in
                defer { seen = [] }; return seen
            }
        }
        world.commit("a 1 1")
        try await engine.sync()
        #expect(
            news() == [
                "ls true", "fetch true", "parsed 0 1", "reconcile presets changed", "succeeded presets",
                "create belowDesired", "create succeeded true", "reconcile presets unchanged", "converged presets",
            ])
        try await engine.sync()
        #expect(news().contains("reconcile presets unchanged"))
        world.with { $0.failure = GitFailure(.unreachable, "no answer") }
        try await engine.sync()
        #expect(news().prefix(2) == ["ls false", "reconcile presets error"])
        await #expect(throws: ReconcileError.self) { try await engine.reconcile("nowhere") }
        #expect(news().filter { $0.hasPrefix("reconcile nowhere") }.isEmpty, "unknown names create no series")
    }

    @Test("The store has the last success of a quiet source, to five minutes")
    func lastSuccess() async throws {
        let world = try World()
        let engine = world.engine(store: try world.open())
        world.commit("a 1 1")
        try await engine.sync()
        let start = world.with(\.now)
        func stored() async throws -> Duration? {
            try await engine.store.read { try $0.source("presets")?.succeededAt }.map { $0 - start }
        }
        #expect(try await stored() == .zero)
        for (seconds, expected) in [(299, 0), (2, 301), (10, 301)] as [(Int64, Int64)] {
            world.with { $0.now = $0.now + .seconds(seconds) }
            try await engine.sync()
            #expect(try await stored() == .seconds(expected))
        }
        world.with { state in
            state.now = state.now + .seconds(1000)
            state.failure = GitFailure(.unreachable, "no answer")
        }
        try await engine.sync()
        #expect(try await stored() == .seconds(301))
        world.with { $0.failure = nil }
        try await engine.sync()
        #expect(try await stored() == .seconds(1311))
    }
}
