import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Claims that choose a preset by labels and parameters")
struct SelectionTests {
    private func engine(_ world: World, _ presets: String) async throws -> Engine {
        let engine = world.engine(store: try world.open())
        world.commit(presets)
        try await engine.sync()
        return engine
    }

    private func selection(_ selector: String, _ preferences: String...) throws -> Selection {
        Selection(try PresetSelector(selector), preferences: try preferences.map { try PresetSelector($0) })
    }

    private func order(
        _ engine: Engine, _ selection: Selection,
        where mayClaim: @escaping @Sendable (PresetKey) -> Bool = { _ in true }
    ) async throws -> [String] {
        try await engine.select(selection, for: "ada", nil, where: mayClaim).best.map { "\($0.key.name) \($0.offer)" }
    }

    @Test("Of matching presets, the preference counts first, then a ready workspace, the free share and the name")
    func order() async throws {
        let world = try World()
        let engine = try await engine(
            world,
            """
            a 1 1 label=lang:go param=region:us
            b 2 1 label=lang:go param=region:us
            c 0 1 label=lang:go param=region:eu cold
            d 1 1 label=lang:go
            e 0 1 label=lang:go param=region:eu
            f 1 1 label=lang:rust
            g 1 1 label=lang:go deprecated
            """)
        #expect(try await order(engine, selection("lang=go")) == ["a ready", "b ready", "d ready", "c cold", "e none"])
        for name in ["a", "b"] { _ = try await engine.claim(name, owner: "bob") }
        let shares = ["d ready", "b ready", "c cold", "a none", "e none"]
        #expect(try await order(engine, selection("lang=go")) == shares)
        #expect(
            try await order(engine, selection("lang=go", "region=eu", "region=us"))
                == ["c cold", "b ready", "d ready", "e none", "a none"])
        #expect(try await order(engine, selection("lang=go", "region=us")).first == "b ready")
        #expect(try await order(engine, selection("lang=go,region=us")) == ["b ready", "a none"])
        let own = try await order(engine, selection("lang=go")) { $0.name == "a" || $0.name == "e" }
        #expect(own == ["a none", "e none"])
    }

    @Test("A selector without a matching preset says what the presets have that the caller may claim from")
    func missing() async throws {
        let world = try World()
        let engine = try await engine(
            world, "a 1 1 label=size:large\nb 1 1 label=size:small label=lang:go\nc 1 1 label=size:huge")
        func miss(_ selector: String) async throws -> SelectionMiss? {
            do {
                _ = try await engine.select(selection(selector), for: "ada", nil) { $0.name != "c" }
                return nil
            } catch ClaimError.noMatch(let miss) {
                return miss
            }
        }
        let unknown = try #require(try await miss("size=huge"))
        #expect(unknown.missing?.description == "size=huge" && unknown.values == ["large", "small"])
        let key = try #require(try await miss("sise=large"))
        #expect(key.values.isEmpty && key.keys == ["lang", "size"])
        let both = try #require(try await miss("lang=go,size=large"))
        #expect(both.missing == nil)
    }

    @Test("A claim gets a workspace of the first choice that has one, and never more than one")
    func grant() async throws {
        let world = try World()
        let engine = try await engine(world, "a 1 1\nb 1 1\nc 0 1 cold")
        let choices = [
            ClaimChoice(name: "presets/c"), ClaimChoice(name: "presets/a"), ClaimChoice(name: "presets/b", rank: 1),
        ]
        let granted = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<2 {
                group.addTask { try await engine.grant(choices, owner: "ada").workspace.preset.name }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(granted.sorted() == ["a", "c"], "a ready workspace comes before one that is created, within a rank")
        let key = ClaimKey.local("k")
        let first = try await engine.grant([choices[2], choices[1]], owner: "ada", idempotencyKey: key)
        let again = try await engine.grant([choices[2]], owner: "ada", idempotencyKey: key)
        #expect(first.workspace.id == again.workspace.id && first.workspace.preset.name == "b" && !again.isNew)
        await #expect(throws: ClaimError.self) {
            try await engine.grant([choices[1], choices[0]], owner: "ada", idempotencyKey: key)
        }
    }

    @Test("A claim waits in the queue of each of its presets, and leaves all when one has a workspace")
    func queues() async throws {
        let world = try World()
        let engine = try await engine(world, "a 0 1\nb 0 1")
        let keys = ["a", "b"].map { PresetKey(source: "presets", name: $0) }
        var attempt = try await engine.beginClaim(of: keys, by: "ada")
        attempt.hasWaited = true
        let waiting = attempt
        try await engine.join(waiting, of: keys, by: "ada")
        world.with { $0.now = $0.now + .seconds(1) }
        var late = try await engine.beginClaim(of: [keys[1]], by: "bob")
        late.hasWaited = true
        try await engine.join(late, of: [keys[1]], by: "bob")
        #expect(try await engine.place(of: late.id)?.position == 2)
        world.commit("a 0 1\nb 1 1")
        try await engine.sync()
        await #expect(throws: ClaimError.self) { try await engine.claim("b", owner: "bob", attempt: late) }
        let room = WaitingRoom()
        await room.enter(waiting.id)
        await room.enter(late.id)
        #expect(
            try await room.turn(of: waiting.id, in: keys, engine, until: engine.clock.instant() + .seconds(60))
                == .mayTry)
        let granted = try await engine.grant(
            keys.map { ClaimChoice(name: $0.description) }, owner: "ada", attempt: waiting)
        #expect(granted.workspace.preset == keys[1])
        #expect(try await engine.place(of: waiting.id) == nil)
        #expect(try await engine.place(of: late.id)?.position == 1)
        #expect(try await engine.beginClaim(of: [keys[1]], by: "bob", continuing: late.id).id == late.id)
    }

    @Test("Claims of a deprecated preset follow its redirects, at most eight of them")
    func redirects() async throws {
        let world = try World()
        let chain = (0..<8).map { "p\($0) 1 1 redirect=p\($0 + 1)" }.joined(separator: "\n")
        let engine = try await engine(world, chain + "\np8 1 1\nold 1 1 redirect=end\nend 1 1 deprecated")
        func target(_ name: String) async throws -> String {
            try await engine.claimTarget(named: name, [:]) { _ in true }.key.name
        }
        #expect(try await target("p0") == "p8")
        #expect(try await target("p8") == "p8")
        #expect(try await target("old") == "end")
        await #expect(throws: ClaimError.self) { try await target("unknown") }
    }
}
