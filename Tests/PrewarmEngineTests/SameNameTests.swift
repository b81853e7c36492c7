import PrewarmCore
import PrewarmEngine
import Testing

@Suite("A preset name that several sources have")
struct SameNameTests {
    /// Returns an engine with these sources, which all have a preset `a`, and the workspaces of all sources.
    private func engine(_ names: [String], standard: String? = nil, in world: World) async throws -> Engine {
        let store = try world.open()
        world.commit("a 3 1")
        for name in names { try await world.engine(store: store, source: name).sync() }
        let one = world.engine(store: store)
        return Engine(
            store: store, sources: names.compactMap { world.engine(store: store, source: $0).sources[$0] },
            defaultSource: standard, provisioners: one.provisioners, defaultProvisioner: "local", policy: one.policy,
            parser: one.parser, clock: one.clock, random: one.random)
    }

    @Test("A name means the preset of the first source in the configuration")
    func first() async throws {
        let world = try World()
        let engine = try await engine(["one", "another"], in: world)
        #expect(try await engine.claim("a", owner: "ada").preset.source == "one")
        #expect(try await engine.claim("another/a", owner: "ada").preset.source == "another")
    }

    @Test("A name means the preset of the default source if the configuration has one")
    func standard() async throws {
        let world = try World()
        let engine = try await engine(["one", "another"], standard: "another", in: world)
        #expect(try await engine.claim("a", owner: "ada").preset.source == "another")
    }

    @Test("A name means a preset that the caller may see")
    func scope() async throws {
        let world = try World()
        let engine = try await engine(["one", "another", "third"], in: world)
        func source(where isVisible: @escaping @Sendable (PresetKey) -> Bool) async throws -> String {
            try await engine.store.read { try engine.preset(named: "a", in: $0, where: isVisible).key.source }
        }
        #expect(try await source { $0.source == "third" } == "third")
        #expect(try await source { $0.source != "one" } == "another")
        await #expect(throws: ClaimError.self, "the caller learns nothing of presets that it may not see") {
            try await source { _ in false }
        }
    }

    @Test("A name means another preset after the first is removed, and is ambiguous only among removed sources")
    func removed() async throws {
        let world = try World()
        let engine = try await engine(["one", "another"], in: world)
        let other = world.engine(store: engine.store, source: "third")
        await #expect(throws: ClaimError.self) { try await other.claim("a", owner: "ada") }
        world.commit("b 1 1")
        try await world.engine(store: engine.store, source: "one").sync()
        #expect(try await engine.claim("a", owner: "ada").preset.source == "another")
        #expect(try await other.claim("another/a", owner: "ada").preset.source == "another")
    }
}
