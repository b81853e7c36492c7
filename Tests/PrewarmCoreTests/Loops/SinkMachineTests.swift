import Testing

@testable import PrewarmCore

@Suite("The loop of a notification sink")
struct SinkMachineTests {
    private static let interval = Duration.seconds(1)
    private var machine = SinkMachine(
        interval: interval, backoff: Backoff(base: .seconds(1), limit: .seconds(300)))
    private var now = Instant(elapsed: .seconds(1000))

    private mutating func handle(_ event: SinkMachine.Event) -> [SinkMachine.Effect] {
        machine.handle(event, at: now)
    }

    /// Fails the first attempt at a notification.
    private mutating func fail(after: Duration? = nil) {
        #expect(handle(.read(first: 1, hasMore: false)) == [.deliver])
        #expect(
            handle(.answered(.failed(after: after, why: "busy")))
                == [.report(.delayed(why: "busy", isFirst: true)), .read])
    }

    @Test("The loop reads all events before it waits for the interval")
    mutating func reading() {
        #expect(handle(.woken) == [.read])
        #expect(handle(.read(first: nil, hasMore: true)) == [.read])
        #expect(handle(.read(first: nil, hasMore: false)) == [.wait(Self.interval)])
    }

    @Test("A notification that is delivered or refused leaves the outbox, and the next one follows at once")
    mutating func delivered() {
        #expect(handle(.read(first: 1, hasMore: true)) == [.deliver])
        #expect(handle(.answered(.delivered)) == [.report(.delivered(isAgain: false)), .remove, .read])
        #expect(handle(.read(first: 2, hasMore: false)) == [.deliver])
        #expect(handle(.answered(.refused(why: "bad"))) == [.report(.refused(why: "bad")), .remove, .read])
    }

    @Test("A failed attempt is repeated after the backoff, and events are read meanwhile")
    mutating func failed() {
        var waited = Duration.zero
        for attempt in 1...12 {
            #expect(handle(.read(first: 1, hasMore: false)) == [.deliver])
            let report = SinkMachine.Report.delayed(why: "busy", isFirst: attempt == 1)
            #expect(handle(.answered(.failed(after: nil, why: "busy"))) == [.report(report), .read])
            #expect(handle(.read(first: 1, hasMore: true)) == [.read])
            waited = .zero
            while case .wait(let time) = handle(.read(first: 1, hasMore: false)).first {
                #expect(time > .zero && time <= Self.interval)
                (now, waited) = (now + time, waited + time)
            }
            let ceiling = Duration.seconds(min(1 << (attempt - 1), 300))
            #expect(waited >= ceiling / 2 && waited <= ceiling)
        }
        #expect(waited >= .seconds(150))
        _ = handle(.answered(.delivered))
    }

    @Test("The first success after a failure is reported, and ends the backoff")
    mutating func again() {
        fail()
        now = now + .seconds(1)
        #expect(handle(.read(first: 1, hasMore: false)) == [.deliver])
        #expect(handle(.answered(.delivered)) == [.report(.delivered(isAgain: true)), .remove, .read])
        fail()
        #expect(handle(.read(first: 1, hasMore: false)) != [.deliver])
        now = now + .seconds(1)
        #expect(handle(.read(first: 1, hasMore: false)) == [.deliver], "the second backoff begins with 1 s")
    }

    @Test(
        "A receiver that asks for a wait gets it, but no attempt sooner than the interval",
        arguments: [(0, 1), (1, 1), (3600, 3600)])
    mutating func retryAfter(_ seconds: (asked: Int, wait: Int)) {
        fail(after: .seconds(seconds.asked))
        now = now + .seconds(seconds.wait) - .milliseconds(1)
        #expect(handle(.read(first: 1, hasMore: false)) == [.wait(.milliseconds(1))])
        now = now + .milliseconds(1)
        #expect(handle(.read(first: 1, hasMore: false)) == [.deliver])
    }

    @Test("A receiver that is gone gets nothing more")
    mutating func gone() {
        _ = handle(.read(first: 1, hasMore: false))
        #expect(handle(.answered(.gone)) == [.report(.gone), .end])
    }

    @Test("Notifications that expire say nothing about the receiver")
    mutating func expired() {
        fail(after: .seconds(60))
        now = now + .seconds(60)
        _ = handle(.read(first: 1, hasMore: false))
        #expect(handle(.expired) == [.read])
        #expect(handle(.read(first: 2, hasMore: false)) == [.deliver])
        #expect(handle(.answered(.delivered)).first == .report(.delivered(isAgain: true)))
    }

    @Test("A store that cannot be read is reported once until it can be read again")
    mutating func store() {
        let failed = SinkMachine.Event.storeFailed(isExpected: false, why: "locked")
        #expect(handle(failed) == [.report(.storeAway(why: "locked")), .wait(Self.interval)])
        #expect(handle(failed) == [.wait(Self.interval)])
        _ = handle(.read(first: nil, hasMore: false))
        #expect(handle(failed).count == 2)
        _ = handle(.read(first: nil, hasMore: false))
        #expect(handle(.storeFailed(isExpected: true, why: "")) == [.wait(Self.interval)])
        #expect(handle(.leaseHeld) == [.wait(Self.interval)], "another process delivers")
    }

    @Test("Random answers: no attempt before its time, no wait beyond the interval, every notification leaves in order")
    mutating func random() {
        for seed in 0..<50 {
            var model = SinkLoopModel(seed: UInt64(seed))
            for _ in 0..<2000 { model.step(isKind: false) }
            model.end()
        }
    }
}

/// A loop of a sink with a receiver, a store and another process that fail at random, beside what must hold.
private struct SinkLoopModel {
    private var machine = SinkMachine(interval: .seconds(1), backoff: Backoff(base: .seconds(1), limit: .seconds(300)))
    private var random: SplitMix64
    private var now = Instant(elapsed: .zero)
    private var steps: [SinkMachine.Effect]
    private var outbox: [UInt64] = []
    private var delivered: [UInt64] = []
    private var next: UInt64 = 0
    /// The time before which the receiver wants no attempt.
    private var notBefore = Instant(elapsed: .zero)

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        steps = machine.handle(.woken, at: now)
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 1...100, using: &random) <= percent }

    /// - Parameter isKind: True if nothing fails any more.
    mutating func step(isKind: Bool) {
        guard !steps.isEmpty else {
            Issue.record("the loop ended")
            return
        }
        let effect = steps.removeFirst()
        guard let event = event(of: effect, isKind) else { return }
        steps = machine.handle(event, at: now)
    }

    private mutating func event(of effect: SinkMachine.Effect, _ isKind: Bool) -> SinkMachine.Event? {
        switch effect {
        case .read: return read(isKind)
        case .wait(let time):
            #expect(time > .zero && time <= .seconds(1))
            now = now + time
            return .woken
        case .deliver:
            #expect(now >= notBefore && !outbox.isEmpty)
            now = now + .milliseconds(Int.random(in: 0...2000, using: &random))
            return .answered(isKind ? .delivered : answer())
        case .remove:
            if !isKind, chance(5) { return .storeFailed(isExpected: false, why: "") }
            delivered.append(outbox.removeFirst())
        case .report: break
        case .end: Issue.record("no receiver is gone")
        }
        return nil
    }

    private mutating func read(_ isKind: Bool) -> SinkMachine.Event {
        if !isKind {
            if chance(5) { return .leaseHeld }
            if chance(5) { return .storeFailed(isExpected: chance(50), why: "") }
            if outbox.count < 100, chance(30) {
                outbox.append(next)
                next += 1
            }
        }
        return .read(first: outbox.first, hasMore: !isKind && chance(10))
    }

    private mutating func answer() -> SinkMachine.Answer {
        switch Int.random(in: 0...3, using: &random) {
        case 0: return .refused(why: "bad")
        case 1:
            let after = Duration.seconds(Int.random(in: 0...3600, using: &random))
            notBefore = now + after
            return .failed(after: after, why: "busy")
        case 2: return .failed(after: nil, why: "busy")
        default: return .delivered
        }
    }

    /// Lets the loop run without failures until the outbox is empty.
    mutating func end() {
        let limit = now + .seconds(3600 + 300)
        while now < limit { step(isKind: true) }
        #expect(outbox.isEmpty)
        #expect(delivered == Array(0..<next), "each one leaves once and in order")
    }
}
