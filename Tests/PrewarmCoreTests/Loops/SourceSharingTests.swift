import Testing

@testable import PrewarmCore

@Suite("Sharing out sources between replicas")
struct SourceSharingTests {
    private static let sources = Set(["s1", "s2", "s3", "s4", "s5", "s6"])

    private func replicas(_ ids: String..., sources: Set<String> = sources) -> [SourceSharing.Replica] {
        ids.map { SourceSharing.Replica(id: $0, sources: sources, isSteady: true) }
    }

    private func decide(
        _ id: String, _ replicas: [SourceSharing.Replica], _ holders: [String: String]
    ) -> SourceSharing.Decision {
        SourceSharing(replicas, holders: holders).decision(of: id)
    }

    @Test("A replica that is alone takes all sources")
    func alone() {
        #expect(decide("a", replicas("a"), [:]).takes == Self.sources.sorted())
    }

    @Test("Free sources go to the replicas with the fewest, and each replica takes only its own part")
    func free() {
        let all = replicas("a", "b", "c")
        let holders = ["s1": "a", "s2": "a", "s3": "b"]
        #expect(decide("a", all, holders).takes.isEmpty)
        #expect(decide("b", all, holders).takes == ["s5"])
        #expect(decide("c", all, holders).takes == ["s4", "s6"])
    }

    @Test("A source that only one replica knows goes to it, however many it has")
    func known() {
        var all = replicas("a", "b", sources: ["s1", "s2"])
        all.append(SourceSharing.Replica(id: "c", sources: ["s1", "s2", "s3"], isSteady: true))
        #expect(decide("c", all, ["s1": "c", "s2": "c"]).takes == ["s3"])
        #expect(decide("a", all, ["s1": "c", "s2": "c"]).takes.isEmpty)
    }

    @Test(
        "A replica releases one source if another one has two fewer, and none otherwise",
        arguments: [
            (["a": 6, "b": 0], "a"), (["a": 4, "b": 2], "a"), (["a": 3, "b": 3], nil), (["a": 2, "b": 3, "c": 1], "b"),
            (["a": 2, "b": 2, "c": 2], nil), (["a": 3, "b": 3, "c": 0], "a"), (["a": 2, "b": 4, "c": 0], "b"),
        ] as [([String: Int], String?)])
    func released(counts: [String: Int], giver: String?) {
        var (holders, rest) = ([String: String](), Self.sources.sorted())
        for (id, count) in counts {
            for source in rest.prefix(count) { holders[source] = id }
            rest.removeFirst(count)
        }
        let all = counts.keys.map { SourceSharing.Replica(id: $0, sources: Self.sources, isSteady: true) }
        for id in counts.keys {
            let decision = decide(id, all, holders)
            #expect((decision.releases != nil) == (id == giver))
            #expect(decision.releases.map { holders[$0] == id } ?? true)
        }
    }

    @Test("Nothing is released for a replica that has just started, that lacks the source, or while a source is free")
    func patience() {
        let young = [
            SourceSharing.Replica(id: "a", sources: Self.sources, isSteady: true),
            SourceSharing.Replica(id: "b", sources: Self.sources, isSteady: false),
        ]
        let all = Dictionary(uniqueKeysWithValues: Self.sources.map { ($0, "a") })
        #expect(decide("a", young, all).releases == nil)
        #expect(decide("a", replicas("a") + replicas("b", sources: []), all).releases == nil)
        #expect(decide("a", replicas("a", "b"), all.filter { $0.key != "s1" }).releases == nil)
    }

    /// A store with leases and heartbeats, and replicas that look at it. Some of them die, others are cut off for a while.
    private struct Simulation {
        static let lease = 15
        static let period = 5

        struct Replica {
            var looksAt: Int
            var startedAt: Int
            var cutOffUntil = 0
        }

        var random: SplitMix64
        let sources: Set<String>
        var now = 0
        var replicas: [String: Replica] = [:]
        var beats: [String: Int] = [:]
        var leases: [String: (holder: String, until: Int)] = [:]
        var freeSince: [String: Int] = [:]
        var moves = 0
        /// The most moves that the events so far need.
        var needed = 0
        var count = 0

        mutating func join() {
            count += 1
            replicas["r\(count)"] = Replica(looksAt: now, startedAt: now)
            needed += part
        }

        /// The sources of one replica, and one more for rounding.
        var part: Int { sources.count / max(replicas.count, 1) + 2 }

        /// The looks of all replicas that are due.
        mutating func step() {
            now += 1
            for (source, lease) in leases where lease.until <= now { leases[source] = nil }
            for id in replicas.keys.sorted() {
                guard let replica = replicas[id], replica.looksAt <= now, replica.cutOffUntil <= now else { continue }
                look(id, replica)
            }
        }

        private mutating func look(_ id: String, _ replica: Replica) {
            replicas[id]?.looksAt = now + Self.period
            beats[id] = now
            let alive = beats.filter { now - $0.value < Self.lease }.keys.map { other in
                SourceSharing.Replica(
                    id: other, sources: sources,
                    isSteady: other == id || now - (replicas[other]?.startedAt ?? now) >= Self.lease)
            }
            let holders = leases.mapValues(\.holder)
            let decision = SourceSharing(alive, holders: holders).decision(of: id)
            if let source = decision.releases {
                #expect(leases[source]?.holder == id)
                leases[source] = nil
                moves += 1
                // The others are woken.
                replicas = replicas.mapValues { other in
                    var other = other
                    other.looksAt = min(other.looksAt, now + 1)
                    return other
                }
            }
            for source in decision.takes {
                #expect(leases[source] == nil, "one holder at most")
                leases[source] = (id, now)
            }
            for (source, lease) in leases where lease.holder == id { leases[source]?.until = now + Self.lease }
        }
    }

    @Test(
        "While replicas join, die and are cut off, each source has one holder, and sources move no more than needed",
        arguments: 0..<60)
    func simulation(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let sources = Set((0..<Int.random(in: 1...20, using: &random)).map { "s\($0)" })
        var world = Simulation(random: random, sources: sources)
        world.join()
        for _ in 0..<40 {
            let ids = world.replicas.keys.sorted()
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: if ids.count < 6 { world.join() }
            case 2 where ids.count > 1:
                // It dies: it never looks again.
                world.replicas[ids.randomElement(using: &random) ?? ""] = nil
                world.needed += 1
            case 3:
                let id = ids.randomElement(using: &random) ?? ""
                world.replicas[id]?.cutOffUntil = world.now + Int.random(in: 1...40, using: &random)
                world.needed += world.part
            default: break
            }
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                world.step()
                // A source is free for the time of two leases at most, if a replica can reach the store: its holder may die,
                // and the replica that it is meant for, too.
                let reachable = world.replicas.values.contains { $0.cutOffUntil + 2 * Simulation.lease <= world.now }
                for source in sources {
                    if world.leases[source] != nil || !reachable { world.freeSince[source] = world.now }
                    #expect(world.now - (world.freeSince[source] ?? 0) <= 2 * Simulation.lease + Simulation.period + 1)
                }
            }
        }
        for id in world.replicas.keys { world.replicas[id]?.cutOffUntil = 0 }
        for _ in 0..<200 { world.step() }
        let counts = Dictionary(grouping: world.leases.values, by: \.holder).mapValues(\.count)
        let loads = world.replicas.keys.map { counts[$0] ?? 0 }
        #expect(world.leases.count == sources.count)
        #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1, "\(loads)")
        let moves = world.moves
        #expect(moves <= world.needed)
        for _ in 0..<300 { world.step() }
        #expect(world.moves == moves, "nothing moves without a reason")
    }
}
