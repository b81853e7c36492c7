import PrewarmCore
import PrewarmEngine
import Testing

/// Holds cause events also if a reconciliation acts on one preset only.
@Suite("Events of holds")
struct HoldEventTests {
    private let world: World
    private let engine: Engine

    init() throws {
        world = try World()
        engine = world.engine(store: try world.open())
    }

    private func reasons() async throws -> [String] {
        try await engine.store.read { try $0.events(EventFilter()) }.map(\.reason)
            .filter { ["DeletionsHeld", "HoldEnded"].contains($0) }
    }

    @Test("Each hold causes an event at its beginning and at its end, also if one preset is reconciled")
    func restricted() async throws {
        func reconcile(_ a: Int, _ b: Int, _ c: Int, preset: String? = nil) async throws {
            world.commit("a \(a) 1\nb \(b) 1\nc \(c) 1")
            _ = try await engine.reconcile("presets", preset: preset)
        }
        world.commit("a 10 1\nb 10 1\nc 10 1")
        try await engine.sync()
        try await reconcile(1, 1, 1, preset: "a")
        #expect(try await reasons() == ["DeletionsHeld"])
        try await reconcile(1, 1, 1)
        try await reconcile(10, 1, 1, preset: "a")
        try await reconcile(10, 10, 10, preset: "b")
        #expect(try await !reasons().contains("HoldEnded"), "the hold of c has not ended")
        try await reconcile(10, 10, 10, preset: "c")
        #expect(try await reasons().last == "HoldEnded")
        try await reconcile(2, 2, 10)
        #expect(try await reasons().last == "DeletionsHeld", "a new hold causes a new event")
    }
}
