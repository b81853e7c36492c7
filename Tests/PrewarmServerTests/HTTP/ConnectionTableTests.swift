import Synchronization
import PrewarmCore
import Testing

@testable import PrewarmServer

@Suite("The connection table")
struct ConnectionTableTests {
    /// The names of the closed connections, in order.
    private final class Closed: Sendable {
        private let state = Mutex<[String]>([])
        var names: [String] { state.withLock { $0 } }
        func note(_ name: String) { state.withLock { $0.append(name) } }
    }

    private let closed = Closed()

    private func open(_ table: ConnectionTable, _ name: String, _ address: String?) -> ConnectionTable.ID? {
        table.open(address: address) { [closed] _ in closed.note(name) }
    }

    @Test("At the total limit, the connection that has been idle for longest is closed, whatever its address")
    func total() throws {
        let table = ConnectionTable(.init(total: 3, perAddress: 3))
        let first = try #require(open(table, "a", "1"))
        _ = open(table, "b", "2")
        _ = open(table, "c", nil)
        // A connection that was busy meanwhile becomes the last in the order of idle connections.
        table.setIdle(first, false)
        table.setIdle(first, true)
        #expect(open(table, "d", "4") != nil && closed.names == ["b"])
        #expect(open(table, "e", "4") != nil && closed.names == ["b", "c"])
        #expect(open(table, "f", "4") != nil && closed.names == ["b", "c", "a"])
        #expect(table.count == 3)
    }

    @Test("At the limit of an address, an idle connection of this address is closed")
    func perAddress() throws {
        let table = ConnectionTable(.init(total: 100, perAddress: 2))
        _ = open(table, "other", "0")
        let busy = try #require(open(table, "a", "1"))
        table.setIdle(busy, false)
        _ = open(table, "b", "1")
        #expect(open(table, "c", "1") != nil && closed.names == ["b"])
        for number in 0..<50 { #expect(open(table, "proxy \(number)", nil) != nil) }
        #expect(closed.names == ["b"], "connections of a trusted proxy have no limit of their own")
    }

    @Test("A connection whose request arrives after it was asked to close stays, and is counted")
    func returns() throws {
        let table = ConnectionTable(.init(total: 16, perAddress: 1))
        let first = try #require(open(table, "a", "1"))
        _ = open(table, "b", "1")
        #expect(closed.names == ["a"] && table.count == 1)
        table.setIdle(first, false)
        #expect(table.count == 2)
        table.closed(first)
        #expect(table.count == 1)
    }

    @Test("If an eighth of the connections is leaving, further ones close at once")
    func urgent() {
        let table = ConnectionTable(.init(total: 16, perAddress: 1))
        let closings = Mutex<[ConnectionTable.Closing]>([])
        for _ in 0..<5 { _ = table.open(address: "1") { closing in closings.withLock { $0.append(closing) } } }
        #expect(closings.withLock { $0 } == [.soon, .soon, .now, .now])
    }

    @Test("If no connection is idle, new ones are refused until one ends")
    func busy() throws {
        let table = ConnectionTable(.init(total: 2, perAddress: 1))
        let first = try #require(open(table, "a", "1"))
        table.setIdle(first, false)
        #expect(open(table, "b", "1") == nil)
        let second = try #require(open(table, "c", "2"))
        table.setIdle(second, false)
        #expect(open(table, "d", "3") == nil && closed.names.isEmpty)
        table.closed(second)
        #expect(open(table, "e", "3") != nil && table.count == 2)
        table.closed(second)
        #expect(table.count == 2, "a connection that has ended is removed once")
    }

    @Test("Random sequences of events never exceed the limits, and close only idle connections")
    func model() {
        let (total, perAddress) = (20, 6)
        let table = ConnectionTable(.init(total: total, perAddress: perAddress))
        var alive: [ConnectionTable.ID: (name: String, address: String, isIdle: Bool)] = [:]
        var random = SplitMix64(seed: 7)
        for step in 0..<5000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0...1:
                let address = "\(Int.random(in: 0..<5, using: &random))"
                let before = closed.names.count
                let id = open(table, "\(step)", address)
                for name in closed.names[before...] {
                    let victim = alive.first { $0.value.name == name }
                    #expect(victim?.value.isIdle == true)
                    if let key = victim?.key { alive[key] = nil }
                }
                if let id { alive[id] = ("\(step)", address, true) }
            case 2:
                guard let id = alive.keys.sorted().randomElement(using: &random) else { continue }
                let isIdle = Bool.random(using: &random)
                table.setIdle(id, isIdle)
                alive[id]?.isIdle = isIdle
            default:
                guard let id = alive.keys.sorted().randomElement(using: &random) else { continue }
                table.closed(id)
                alive[id] = nil
            }
            #expect(table.count == alive.count && alive.count <= total)
            #expect(Dictionary(grouping: alive.values, by: \.address).values.allSatisfy { $0.count <= perAddress })
        }
        #expect(closed.names.count > 100)
    }
}

@Suite("The memory budget for request bodies")
struct BodyBudgetTests {
    private func fits(_ budget: BodyBudget, _ bytes: Int, _ sender: BodyBudget.Sender) async -> Bool {
        (try? await budget.holding(bytes, for: sender) { true }) ?? false
    }

    @Test("All bodies stay within the budget, and no sender uses the share of others")
    func shares() async throws {
        let budget = BodyBudget(half: 100)
        try await budget.holding(25, for: .unverified(group: "a")) {
            #expect(await !fits(budget, 1, .unverified(group: "a")), "an address may reserve a quarter")
            #expect(await fits(budget, 25, .unverified(group: "b")))
            #expect(await fits(budget, 100, .known))
            #expect(await !fits(budget, 101, .known))
            try await budget.holding(25, for: .unverified(group: "b")) {
                try await budget.holding(25, for: .unverified(group: "c")) {
                    try await budget.holding(25, for: .unverified(group: "d")) {
                        #expect(await !fits(budget, 1, .unverified(group: "e")))
                        #expect(await fits(budget, 100, .known))
                        #expect(budget.held == 100)
                    }
                }
            }
        }
        #expect(budget.held == 0)
    }

    @Test("Reserved memory is released if reading the body fails")
    func failure() async {
        struct Failure: Error {}
        let budget = BodyBudget(half: 10)
        for sender in [BodyBudget.Sender.known, .unverified(group: "a")] {
            await #expect(throws: Failure.self) { try await budget.holding(2, for: sender) { throw Failure() } }
        }
        #expect(budget.held == 0)
    }
}
