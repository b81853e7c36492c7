import PrewarmCore
import PrewarmEngine
import Testing

/// What begins and ends to be held is an event also where a turn acts on one preset alone.
@Suite("A hold is told, whichever turn meets it")
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

    @Test("and its end")
    func restricted() async throws {
        func turn(_ a: Int, _ b: Int, _ c: Int, preset: String? = nil) async throws {
            world.commit("a \(a) 1\nb \(b) 1\nc \(c) 1")
            _ = try await engine.turn("presets", preset: preset)
        }
        world.commit("a 10 1\nb 10 1\nc 10 1")
        try await engine.sync()
        try await turn(1, 1, 1, preset: "a")
        #expect(try await reasons() == ["DeletionsHeld"])
        try await turn(1, 1, 1)
        try await turn(10, 1, 1, preset: "a")
        try await turn(10, 10, 10, preset: "b")
        #expect(try await !reasons().contains("HoldEnded"), "that of c goes on as far as these turns know")
        try await turn(10, 10, 10, preset: "c")
        #expect(try await reasons().last == "HoldEnded")
        try await turn(2, 2, 10)
        #expect(try await reasons().last == "DeletionsHeld", "another one is another one")
    }
}
