import ClockSupport
import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("The progress of the daemon's loops")
struct LoopProgressTests {
    @Test("A loop hangs if its report is later than its time and a minute, until it reports or ends")
    func late() {
        let clock = ManualClock()
        let progress = LoopProgress(clock)
        let (working, waiting) = (progress.begin("source a"), progress.begin("resync"))
        working.comeRound(within: .seconds(10))
        waiting.comeRound(within: .seconds(3600))
        clock.advance(by: .seconds(60))
        #expect(progress.hangs.isEmpty)
        clock.advance(by: .seconds(30))
        let hangs = progress.hangs
        #expect(hangs.map(\.loop) == ["source a"])
        #expect(hangs[0].sentence == "the loop of source a has made no progress for 90 s")
        working.comeRound(within: .seconds(100))
        #expect(progress.hangs.isEmpty)
        clock.advance(by: .seconds(7200))
        #expect(progress.hangs.map(\.loop) == ["resync", "source a"])
        working.end()
        #expect(progress.hangs.map(\.loop) == ["resync"])
    }

    @Test("A loop that has ended does not hang")
    func over() {
        let clock = ManualClock()
        let progress = LoopProgress(clock)
        _ = progress.begin("source a")
        clock.advance(by: .seconds(7200))
        #expect(progress.hangs.isEmpty)
    }

    @Test("Only the loop of a source whose repository never answers hangs")
    func hangingSource() async throws {
        let world = try World()
        let usual = world.engine(store: try world.open())
        let git = HangingGit(world: world)
        let source = Engine.Source(name: "nfs", url: "file:///nfs", git: git, lease: .seconds(1))
        let engine = Engine(
            store: usual.store, sources: [source], provisioners: usual.provisioners, defaultProvisioner: nil,
            policy: usual.policy, parser: usual.parser, clock: usual.clock, random: usual.random)
        let daemon = Daemon(engine, grace: .zero, logger: .silent)
        let running = Task { try await daemon.run() }
        defer { running.cancel() }
        try await eventually("the repository is asked") { world.with { $0.calls.contains("head") } }
        // By then the lease of one second and a minute have passed; the other loops have at least two minutes.
        world.with { $0.uptime = .seconds(62) }
        try await eventually("only this loop hangs") { daemon.progress.hangs.map(\.loop) == ["source nfs"] }
    }
}

/// A repository that never answers, not even after a cancellation.
private struct HangingGit: GitSource {
    let world: World

    private func hang() async throws(GitFailure) -> Never {
        while true { await Task { try? await Task.sleep(for: .seconds(3600)) }.value }
    }

    func head() async throws(GitFailure) -> Revision {
        world.with { $0.calls.append("head") }
        try await hang()
    }
    func fetch(_ revision: Revision) async throws(GitFailure) { try await hang() }
    func lookUp(_ text: String) async throws(GitFailure) -> Revision { try await hang() }
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] { try await hang() }
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        try await hang()
    }
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription { try await hang() }
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool { try await hang() }
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) { try await hang() }
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] { try await hang() }
}
