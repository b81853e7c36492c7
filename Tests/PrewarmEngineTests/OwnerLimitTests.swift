import PrewarmCore
import PrewarmEngine
import Testing

@Suite("The limits of owners in claims")
struct OwnerLimitTests {
    private let key = PresetKey(source: "presets", name: "a")

    private func policy(
        _ claims: Int? = nil, waiting: Int = 100, rules: [OwnerPolicy.Rule] = [], waitingClaims: Int = 1000
    ) -> Policy {
        var policy = Policy(limits: Policy.Limits(waitingClaims: waitingClaims))
        policy.owners = OwnerPolicy(standard: .init(claims: claims, waiting: waiting), rules: rules)
        return policy
    }

    private func engine(
        _ world: World, _ policy: Policy, _ presets: String = "a 9 1", holder: String = "first"
    ) async throws -> Engine {
        let engine = world.engine(store: try world.open(), holder: holder, policy: policy)
        if world.with({ $0.head == nil }) { world.commit(presets) }
        try await engine.sync()
        return engine
    }

    /// Returns the usage in the error of a claim that the limit of its owner refuses; nil if the claim got a workspace.
    private func refusal(_ body: () async throws -> Void) async throws -> OwnerUsage? {
        do {
            try await body()
            return nil
        } catch ClaimError.ownerLimit(let usage, _) {
            return usage
        }
    }

    @Test("A claim beyond the limit is refused with what the owner holds, and a release makes room")
    func limit() async throws {
        let world = try World()
        let engine = try await engine(world, policy(2, rules: [.init(match: Glob("team-a/*"), claims: 3)]))
        var held: [Workspace] = []
        for _ in 0..<2 {
            held.append(try await engine.claim("a", owner: "ada"))
            world.with { $0.now = $0.now + .seconds(1) }
        }
        let usage = try #require(
            try await refusal { _ = try await engine.claim("a", owner: "ada", idempotencyKey: .local("new")) })
        #expect(usage.count == 2 && usage.limit == 2 && usage.workspaces.map(\.id) == held.map(\.id))
        for _ in 0..<3 { _ = try await engine.claim("a", owner: "team-a/ada") }
        #expect(try await refusal { _ = try await engine.claim("a", owner: "team-a/ada") }?.limit == 3)
        _ = try await engine.claim("a", owner: Owner(.token, "ada"))
        _ = try await engine.release(held[0].id.rawValue)
        let next = try await engine.claim("a", owner: "ada", idempotencyKey: .local("new"))
        let again = try await engine.claim("a", owner: "ada", idempotencyKey: .local("new"))
        #expect(next.id == again.id, "a repeated claim is no further one")
    }

    @Test("The limit holds for workspaces that are created for a claim, and for transfers")
    func otherWays() async throws {
        let world = try World()
        let engine = try await engine(world, policy(1), "a 2 1\nb 0 1 cold")
        let cold = try await engine.claim("b", owner: "ada")
        #expect(cold.isCold)
        #expect(try await refusal { _ = try await engine.claim("b", owner: "ada") }?.count == 1)
        #expect(try await refusal { _ = try await engine.claim("a", owner: "ada") }?.count == 1)
        let other = try await engine.claim("a", owner: "bob")
        let refused = try await refusal { _ = try await engine.transfer(other.id.rawValue, to: "ada") }
        #expect(refused?.owner == "ada")
        #expect(try await engine.transfer(other.id.rawValue, to: "bob").workspace.owner == "bob", "nothing changes")
        #expect(try await engine.transfer(other.id.rawValue, to: "eve").workspace.owner == "eve")
    }

    @Test("A claimer passes its limit by no transfer to an owner that it invents, and hands over to a colleague")
    func transfers() async throws {
        let world = try World()
        let engine = try await engine(world, policy(1))
        let token = AccessTokenRecord(
            id: "t1", name: "bob", role: .claimer, digest: [], createdAt: world.with(\.now), createdBy: "ops")
        let screen = AccessTokenRecord(
            id: "t2", name: "screen", role: .viewer, digest: [], createdAt: world.with(\.now), createdBy: "ops")
        _ = try await engine.store.write { (try $0.insert(token), try $0.insert(screen)) }
        _ = try await engine.claim("a", owner: "eve")
        func transfer(_ workspace: Workspace, _ owner: Owner, isClaimer: Bool = true) async throws -> Owner? {
            do {
                let held = try await engine.transfer(
                    workspace.id.rawValue, to: owner, requiresKnownOwner: isClaimer)
                return held.workspace.owner
            } catch ClaimError.unknownOwner(let owner, _) {
                #expect(try await engine.store.read { try $0.workspace(workspace.id.rawValue) }?.owner != owner)
                return nil
            }
        }
        let mine = try await engine.claim("a", owner: "ada")
        for owner in ["invented", Owner(.token, "none"), Owner(.token, "screen"), Owner(.token, "eve")] as [Owner] {
            #expect(try await transfer(mine, owner) == nil)
        }
        let full = try await refusal { _ = try await transfer(mine, "eve") }
        #expect(full?.owner == "eve", "a known owner has a limit of its own")
        #expect(try await transfer(mine, Owner(.token, "bob")) == Owner(.token, "bob"))
        let next = try await engine.claim("a", owner: "ada")
        #expect(try await transfer(next, "invented", isClaimer: false) == "invented", "an operator may name anyone")
    }

    @Test("All claims of an owner at its limit together keep one workspace from others")
    func together() async throws {
        let world = try World()
        let names = (1...6).map { "p\($0)" }
        let engine = try await engine(
            world, policy(1), names.map { "\($0) 0 1" }.joined(separator: "\n") + "\na 0 1")
        let keys = names.map { PresetKey(source: "presets", name: $0) }
        func wait(_ owner: Owner, _ keys: [PresetKey]) async throws -> ClaimAttempt {
            world.with { $0.now = $0.now + .seconds(1) }
            var attempt = try await engine.beginClaim(of: keys, by: owner)
            attempt.hasWaited = true
            try await engine.join(attempt, of: keys, by: owner)
            return attempt
        }
        let several = try await wait("ada", keys)
        for key in keys { _ = try await wait("ada", [key]) }
        world.commit(names.map { "\($0) 1 1" }.joined(separator: "\n") + "\na 0 1")
        try await engine.sync()
        for (index, name) in names.enumerated() {
            let owner = Owner(.text, "other \(index)")
            if index == 0 {
                await #expect(throws: ClaimError.self) { try await engine.claim(name, owner: owner) }
            } else {
                #expect(try await engine.claim(name, owner: owner).owner == owner)
            }
        }
        let grant = try await engine.grant(
            keys.map { ClaimChoice(name: $0.description) }, owner: "ada", attempt: several)
        #expect(grant.workspace.preset == keys[0])
    }

    @Test("Claims of several processes at the same time do not pass the limit", arguments: 1...4)
    func race(limit: Int) async throws {
        let world = try World()
        let first = try await engine(world, policy(limit), "a 9 1\nb 3 1\nc 0 1 cold")
        let second = try await engine(world, policy(limit), holder: "second")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                let engine = index.isMultiple(of: 2) ? first : second
                let preset = ["a", "b", "c"][index % 3]
                group.addTask {
                    do {
                        _ = try await engine.claim(preset, owner: "ada")
                    } catch is ClaimError {}
                }
            }
            for index in 0..<4 {
                let workspace = try await first.claim("a", owner: .init(.text, "other \(index)"))
                group.addTask {
                    do {
                        _ = try await second.transfer(workspace.id.rawValue, to: "ada")
                    } catch is ClaimError {}
                }
            }
            try await group.waitForAll()
        }
        let held = try await first.store.read {
            try $0.workspaces(WorkspaceFilter(states: [.claimed], owners: ["ada"]))
        }
        #expect(held.count == limit)
    }

    @Test("A waiting claim does not get past the limit, and delays no other while its owner is at the limit")
    func ticket() async throws {
        let world = try World()
        let engine = try await engine(world, policy(1), "a 1 1\nb 1 1")
        _ = try await engine.claim("a", owner: "first")
        func wait(_ owner: Owner) async throws -> ClaimAttempt {
            world.with { $0.now = $0.now + .seconds(1) }
            var attempt = try await engine.beginClaim(of: [key], by: owner)
            attempt.hasWaited = true
            try await engine.join(attempt, of: [key], by: owner)
            return attempt
        }
        let (ada, bob) = (try await wait("ada"), try await wait("bob"))
        _ = try await engine.claim("b", owner: "ada")
        let room = WaitingRoom()
        await room.enter(ada.id)
        await room.enter(bob.id)
        let turn = try await room.turn(of: ada.id, in: [key], engine, until: engine.clock.instant() + .seconds(1))
        #expect(turn == .timedOut, "it waits like any other, and then gets the error with what its owner holds")
        try await engine.sync()
        #expect(try await refusal { _ = try await engine.claim("a", owner: "ada", attempt: ada) }?.count == 1)
        #expect(try await engine.claim("a", owner: "bob", attempt: bob).owner == "bob")
        #expect(try await engine.place(of: ada.id)?.position == 1, "its place is kept until its request ends")
    }

    @Test("As many claims of an owner, and in all, wait as the limits say, and abandoned ones do not count")
    func queue() async throws {
        let world = try World()
        let policy = policy(waiting: 2, rules: [.init(match: Glob("ci"), waiting: 9)], waitingClaims: 4)
        let engine = try await engine(world, policy, "a 0 1")
        let other = try await self.engine(world, policy, holder: "second")
        func wait(_ owner: Owner, _ engine: Engine) async throws -> ClaimAttempt {
            let attempt = try await engine.beginClaim(of: [key], by: owner)
            try await engine.join(attempt, of: [key], by: owner)
            return attempt
        }
        let first = try await wait("ada", engine)
        _ = try await wait("ada", other)
        await #expect(throws: ClaimError.self) { try await wait("ada", engine) }
        try await engine.join(first, of: [key], by: "ada")
        for _ in 0..<2 { _ = try await wait("ci", engine) }
        do {
            _ = try await wait("ci", engine)
            Issue.record("a fifth claim waits")
        } catch ClaimError.queueFull(let owner, let limit) {
            #expect(owner == nil && limit == 4)
        }
        world.with { $0.deadHolders = ["second"] }
        _ = try await wait("ada", engine)
        #expect(try await engine.store.read { try $0.ticketCount(of: "ada") } == 2)
    }
}
