import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("The progress of the daemon's loops")
struct LoopProgressTests {
    @Test("A loop hangs if its report is later than its time and a minute, until it reports or ends")
    func late() {
        let progress = LoopProgress()
        let now = SuspendingClock.now
        let (working, waiting) = (progress.begin("source a"), progress.begin("resync"))
        working.comeRound(within: .seconds(10))
        waiting.comeRound(within: .seconds(3600))
        #expect(progress.hangs(at: now + .seconds(60)).isEmpty)
        let hangs = progress.hangs(at: now + .seconds(90))
        #expect(hangs.map(\.loop) == ["source a"])
        #expect(hangs[0].sentence.hasPrefix("the loop of source a has made no progress for "))
        working.comeRound(within: .seconds(100))
        #expect(progress.hangs(at: now + .seconds(90)).isEmpty)
        #expect(progress.hangs(at: now + .seconds(7200)).map(\.loop) == ["resync", "source a"])
        working.end()
        #expect(progress.hangs(at: now + .seconds(7200)).map(\.loop) == ["resync"])
    }

    @Test("A loop that has ended does not hang")
    func over() {
        let progress = LoopProgress()
        _ = progress.begin("source a")
        #expect(progress.hangs(at: .now + .seconds(7200)).isEmpty)
    }

    @Test("Only the loop of a source whose repository never answers hangs")
    func hangingSource() async throws {
        let world = try World()
        let usual = world.engine(store: try world.open())
        let source = Engine.Source(name: "nfs", url: "file:///nfs", git: HangingGit(), lease: .seconds(1))
        let engine = Engine(
            store: usual.store, sources: [source], provisioners: usual.provisioners, defaultProvisioner: nil,
            policy: usual.policy, parser: usual.parser, now: usual.now)
        let daemon = Daemon(engine, grace: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await daemon.run() }
        defer { running.cancel() }
        for _ in 0..<2400 {
            // By then the lease of one second and a minute have passed; the other loops have at least two minutes.
            if daemon.progress.hangs(at: .now + .seconds(62)).map(\.loop) == ["source nfs"] { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("hanging: \(daemon.progress.hangs(at: .now + .seconds(62)))")
    }
}

/// A repository that never answers, not even after a cancellation.
private struct HangingGit: GitSource {
    private func hang() async throws(GitFailure) -> Never {
        while true { await Task { try? await Task.sleep(for: .seconds(3600)) }.value }
    }

    func head() async throws(GitFailure) -> Revision { try await hang() }
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
