import PrewarmCore
import Testing

@Suite("The order in which operations start")
struct StartOrderTests {
    private static let now = Timestamp(seconds: 1_800_000_000)

    /// Returns a queue. Each word is a lane, then `:` and its priority, then `@` and the minutes that it waits.
    private static func queue(_ words: String) -> [WaitingOperation] {
        words.split(separator: " ").enumerated().compactMap { index, word in
            let parts = word.split(separator: "@")
            let names = parts[0].split(separator: ":")
            guard let lane = Lane.allCases.first(where: { "\($0)" == names[0] }) else { return nil }
            let priority = names.count > 1 ? Int(names[1]) ?? 0 : 0
            let minutes = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            return WaitingOperation(
                id: OperationID("o\(10 + index)"), place: QueuePlace(LaneClass(lane, priority: priority)),
                dueAt: now - .seconds(minutes * 60))
        }
    }

    @Test(
        "Operations start by lane, then by priority, then by age",
        arguments: [
            ("create create waitingClaim", "waitingClaim"), ("waitingClaim handover", "handover"),
            ("create inspect deleteForRoom", "inspect"), ("create:1000 deleteForRoom", "deleteForRoom"),
            ("create create:100", "create:100"), ("create:-1000 delete", "create:-1000"),
            ("delete create:-5", "create:-5"),
            ("delete@600 create", "create"),
        ])
    func mostUrgent(queue: String, first: String) {
        let waiting = Self.queue(queue)
        let chosen = StartOrder(concurrency: 1, reserve: 0).next(among: waiting, running: [], starts: 0, at: Self.now)
        #expect(chosen?.place == Self.queue(first).first?.place)
    }

    @Test("Reserved slots stay free for operations for which users wait")
    func reserve() {
        let order = StartOrder(concurrency: 4, reserve: 1)
        let running: [Lane] = [.create, .delete, .inspect]
        #expect(order.next(among: Self.queue("create delete"), running: running, starts: 0, at: Self.now) == nil)
        let chosen = order.next(among: Self.queue("create waitingClaim"), running: running, starts: 0, at: Self.now)
        #expect(chosen?.place.laneClass.lane == .waitingClaim)
        #expect(
            order.next(
                among: Self.queue("waitingClaim"), running: running + [.waitingClaim], starts: 0, at: Self.now) == nil)
        #expect(
            StartOrder(concurrency: 1, reserve: 1).hasSlot(for: .create, running: []), "a single slot is not reserved")
    }

    @Test("The first handover runs beside all slots, and further ones take slots")
    func handovers() {
        let order = StartOrder(concurrency: 2, reserve: 0)
        #expect(order.hasSlot(for: .handover, running: [.create, .create]))
        #expect(order.hasSlot(for: .create, running: [.create, .handover]), "the first handover takes no slot")
        #expect(!order.hasSlot(for: .create, running: [.create, .create, .handover]))
        #expect(!order.hasSlot(for: .handover, running: [.create, .create, .handover]))
        #expect(order.hasSlot(for: .handover, running: [.handover, .handover]))
        #expect(!order.hasSlot(for: .handover, running: [.handover, .handover, .handover]))
        #expect(!order.hasSlot(for: .create, running: [.handover, .handover, .create]))
    }

    @Test("Each fourth start goes to the operation that is overdue for the longest time")
    func overdue() {
        let order = StartOrder(concurrency: 1, reserve: 0)
        let waiting = Self.queue("waitingClaim create@6 delete@9 inspect@4")
        let chosen = (0..<8).map { starts in
            order.next(among: waiting, running: [], starts: starts, at: Self.now)?.place.laneClass.lane
        }
        #expect(chosen.indices.filter { chosen[$0] == .delete } == [3, 7])
        #expect(chosen.count { $0 == .waitingClaim } == 6)
    }

    @Test(
        "The first operations of each class give the same choice as all waiting operations",
        arguments: 1...20 as ClosedRange<UInt64>)
    func firsts(run: UInt64) {
        var random = SplitMix64(seed: run)
        for _ in 0..<500 {
            let waiting = (0..<random.below(20)).map { _ in WaitingOperation.random(&random, now: Self.now) }
            let concurrency = 1 + random.below(5)
            let order = StartOrder(concurrency: concurrency, reserve: random.below(4))
            let running = (0..<random.below(concurrency + 1)).map { _ in random.pick(Lane.allCases) }
            let starts = random.below(8)
            let firsts = Dictionary(grouping: waiting, by: \.place.laneClass).values.compactMap { members in
                members.min { ($0.place.round, $0.id) < ($1.place.round, $1.id) }
            }
            let chosen = order.next(among: waiting, running: running, starts: starts, at: Self.now)
            #expect(order.next(among: firsts, running: running, starts: starts, at: Self.now) == chosen)
            if let chosen {
                // The first handover runs beside all slots.
                let beyond = running.contains(.handover) || chosen.place.laneClass.lane == .handover ? 1 : 0
                #expect(running.count < concurrency + beyond)
                let isReserved = running.count { !$0.isForPeople } >= concurrency - order.reserve
                #expect(chosen.place.laneClass.lane.isForPeople || !isReserved)
            }
        }
    }

    /// More urgent operations are added than started.
    @Test("A delete and a create of low priority start although more urgent operations keep coming", arguments: 1...4)
    func starvation(concurrency: Int) {
        let order = StartOrder(concurrency: concurrency, reserve: StartOrder.standardReserve(concurrency: concurrency))
        var waiting = Self.queue("delete create:-1000 deleteForRoom inspect")
        let patient = Set(waiting.map(\.id))
        var (now, starts, number) = (Self.now, 0, 100)
        for _ in 0..<200 {
            for lane in [Lane.waitingClaim, .create, .inspect] {
                number += 1
                waiting.append(
                    WaitingOperation(id: OperationID("o\(number)"), place: QueuePlace(LaneClass(lane)), dueAt: now))
            }
            now = now + .seconds(10)
            guard let chosen = order.next(among: waiting, running: [], starts: starts, at: now) else { continue }
            waiting.removeAll { $0.id == chosen.id }
            starts += 1
        }
        #expect(waiting.allSatisfy { !patient.contains($0.id) })
    }

    @Test("Presets of one priority take turns", arguments: 1...20 as ClosedRange<UInt64>)
    func turns(run: UInt64) {
        var random = SplitMix64(seed: run)
        var waiting: [(preset: Int, round: Int, id: Int)] = []
        var (served, number) = ([0, 0, 0], 0)
        // Preset 0 always has a waiting create. Each other preset gets at most two starts before its next one.
        for _ in 0..<500 {
            for preset in 0..<3 where preset == 0 || random.chance(50) {
                guard preset > 0 || !waiting.contains(where: { $0.preset == 0 }) else { continue }
                let first = QueuePlace.firstRound(
                    current: waiting.map(\.round).min(), own: waiting.filter { $0.preset == preset }.map(\.round).max())
                for offset in 0..<(1 + random.below(3)) {
                    waiting.append((preset, first + offset, number))
                    number += 1
                }
            }
            guard let next = waiting.min(by: { ($0.round, $0.id) < ($1.round, $1.id) }) else { continue }
            waiting.removeAll { $0.id == next.id }
            served[next.preset] += 1
            if next.preset == 0 { served = [0, 0, 0] }
            #expect(served.allSatisfy { $0 <= 2 }, "\(served)")
        }
    }

    @Test("The numbers of the classes are in the order of the classes")
    func numbers() {
        let classes = Lane.allCases.flatMap { lane in
            [2000, 1000, 1, 0, -1, -1000].map { (lane, LaneClass(lane, priority: $0)) }
        }
        for (lane, laneClass) in classes { #expect(laneClass.lane == lane) }
        let numbers = classes.map(\.1.rawValue)
        #expect(numbers == numbers.sorted())
    }
}

extension WaitingOperation {
    fileprivate static func random(_ random: inout SplitMix64, now: Timestamp) -> WaitingOperation {
        WaitingOperation(
            id: OperationID("o\(random.below(1_000_000))"),
            place: QueuePlace(
                LaneClass(random.pick(Lane.allCases), priority: random.pick([-7, 0, 0, 7])), round: random.below(3)),
            dueAt: now - .seconds(random.below(900)))
    }
}
