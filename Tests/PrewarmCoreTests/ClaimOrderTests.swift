import PrewarmCore
import Testing

@Suite("The order of claims at ready workspaces")
struct ClaimOrderTests {
    private static func key(_ name: Substring) -> PresetKey { PresetKey(source: "s", name: String(name)) }

    /// A ticket is `ID:PRESETS` or `ID:PRESETS:OWNER`, with one letter for each preset.
    private static func tickets(_ text: String) -> [Ticket] {
        text.split(separator: " ").enumerated().map { index, word in
            let parts = word.split(separator: ":")
            let presets = parts[1].map { key(Substring(String($0))) }
            return Ticket(
                id: ClaimID(String(parts[0])), preset: presets[0], others: Array(presets.dropFirst()),
                owner: Owner(.text, String(parts.count > 2 ? parts[2] : parts[0])),
                since: Timestamp(seconds: Int64(index)), holder: "h")
        }
    }

    @Test(
        "Each claim in turn is assigned a workspace of the first of its presets that has one left",
        arguments: [
            ("t:a u:a v:a", ["a": 2], "t=a u=a"), ("s:ab t:a u:b", ["a": 1, "b": 1], "s=a u=b"),
            ("s:ab t:a u:b", ["b": 1], "s=b"), ("s:ab t:a", ["a": 2, "b": 1], "s=a t=a"),
            ("s:abcd t:a u:b v:c", ["a": 1, "b": 1, "c": 1], "s=a u=b v=c"), ("t:a", [:], ""),
        ] as [(String, [String: Int], String)])
    func assignment(tickets: String, ready: [String: Int], expected: String) {
        let ready = Dictionary(uniqueKeysWithValues: ready.map { (Self.key(Substring($0.key)), $0.value) })
        let order = ClaimOrder(Self.tickets(tickets).reversed(), ready: ready)
        let found = order.assigned.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.name)" }
        #expect(found.joined(separator: " ") == expected)
    }

    @Test("All claims of one owner together keep no more workspaces than the owner may still get")
    func owners() {
        let tickets = Self.tickets("s:abc:ada t:a:ada u:b:ada v:a:bob w:b:bob x:c:eve")
        let ready = Dictionary(uniqueKeysWithValues: "abc".map { (Self.key(Substring(String($0))), 1) })
        let order = ClaimOrder(tickets, ready: ready, room: ["ada": 1])
        #expect(order.assigned.keys.map(\.rawValue).sorted() == ["s", "w", "x"])
        #expect(order.waiting(for: Self.key("a")).map(\.id.rawValue) == ["v"], "ada may get no second workspace")
        let full = ClaimOrder(tickets, ready: ready, room: ["ada": 0])
        #expect(full.assigned.keys.map(\.rawValue).sorted() == ["v", "w", "x"], "an owner who is full keeps none")
    }

    @Test(
        "No workspace is assigned twice, none is left that a claim could use, and no later claim has a better one",
        arguments: 1...20)
    func property(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let names: [Substring] = ["a", "b", "c", "d"]
            var ready: [PresetKey: Int] = [:]
            for name in names { ready[Self.key(name)] = random.below(4) }
            let tickets = (0..<random.below(12)).map { index in
                let presets = random.shuffled(names).prefix(1 + random.below(4)).map { Self.key($0) }
                return Ticket(
                    id: ClaimID("t\(index)"), preset: presets[0], others: Array(presets.dropFirst()),
                    owner: Owner(.text, "o\(random.below(3))"), priority: random.below(3) * 10,
                    since: Timestamp(seconds: Int64(random.below(5))), holder: "h")
            }
            let room: [Owner: Int] = random.chance(50) ? ["o0": random.below(3), "o1": random.below(3)] : [:]
            let order = ClaimOrder(tickets, ready: ready, room: room)
            for (preset, count) in ready {
                #expect(order.assigned.values.count { $0 == preset } + order.left[preset, default: 0] == count)
            }
            for (owner, room) in room {
                #expect(tickets.count { $0.owner == owner && order.assigned[$0.id] != nil } <= room)
            }
            for ticket in tickets {
                let end =
                    order.assigned[ticket.id].flatMap { ticket.presets.firstIndex(of: $0) } ?? ticket.presets.count
                let isFull =
                    room[ticket.owner].map { room in
                        tickets.count { $0.owner == ticket.owner && order.assigned[$0.id] != nil } >= room
                    } ?? false
                if order.assigned[ticket.id] == nil, isFull { continue }
                for better in ticket.presets.prefix(end) {
                    #expect(order.left[better] == 0)
                    #expect(
                        tickets.allSatisfy { order.assigned[$0.id] != better || $0.comes(before: ticket) },
                        "a later claim has a workspace that \(ticket.id) would have liked better")
                }
            }
        }
    }
}
