import ClockSupport
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("A request for a sync")
struct SyncRequestTests {
    @Test("A request that comes while another process reconciles the source is answered after that process")
    func leased() async throws {
        let clock = ManualClock()
        let world = try World()
        let store = try world.open()
        world.commit("a 1 1")
        let until = clock.now() + .seconds(100)
        try await store.write { try $0.save(Lease(holder: "other", fence: 7, until: until), ofSource: "presets") }
        let daemon = Daemon(world.engine(store: store, clock: clock), grace: .zero, logger: .silent)
        let running = Task { try await daemon.run() }
        defer { running.cancel() }
        let request = try await daemon.requestSync(sources: ["presets"], preset: nil, revision: nil)
        try await eventually("the request is answered") {
            clock.advance(by: .milliseconds(500))
            return try await daemon.requests.request(request.id)?.isHandled == true
        }
        #expect(clock.now() >= until)
        #expect(try await daemon.requests.request(request.id)?.failures.isEmpty == true)
        #expect(try await daemon.sourceLoops()["presets"]?.lastHandledRequest == request.id)
        #expect(try await store.read { try $0.source("presets")?.applied } != nil)
    }
}
