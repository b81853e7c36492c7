import PrewarmCore
import Testing

@Suite("Waiting claims")
struct TicketTests {
    private func ticket(_ id: String, priority: Int = 50, since seconds: Int64 = 0) -> Ticket {
        Ticket(
            id: ClaimID(id), preset: PresetKey(source: "s", name: "a"), owner: Owner(.text, id), priority: priority,
            since: Timestamp(seconds: seconds), holder: "h")
    }

    @Test("A higher priority comes first, then the earlier claim, then the smaller id")
    func order() {
        let tickets = [
            ticket("c", priority: 60, since: 30), ticket("a", since: 10), ticket("b", since: 10),
            ticket("d", since: 20),
            ticket("e", priority: 10, since: 0),
        ]
        #expect(tickets.reversed().sorted { $0.comes(before: $1) } == tickets)
        for ticket in tickets { #expect(!ticket.comes(before: ticket)) }
    }

    @Test(
        "The expected time is the rest of the build that the claim gets",
        arguments: [
            (1, [40, 10], 20), (2, [40, 10], 50), (3, [40, 10], 80), (4, [40, 10], 110), (1, [90], 0), (2, [90], 60),
            (1, [], 60), (3, [], 180),
        ] as [(Int, [Int64], Int64)])
    func expected(position: Int, ages: [Int64], seconds: Int64) {
        let now = Timestamp(seconds: 1_000_000)
        let place = TicketPlace(
            ticket: ticket("a"), position: position, length: 9, starting: ages.count, buildTime: .seconds(60),
            startedBefore: ages.map { .seconds($0) }, at: now)
        #expect(place.expectedAt == now + .seconds(seconds))
    }

    @Test("Nothing is expected while an obstacle keeps workspaces from coming")
    func obstacle() {
        let place = TicketPlace(
            ticket: ticket("a"), position: 1, length: 1, starting: 0, buildTime: .seconds(60),
            obstacle: "the preset is suspended", at: Timestamp(seconds: 0))
        #expect(place.expectedAt == nil && place.obstacle == "the preset is suspended")
    }
}
