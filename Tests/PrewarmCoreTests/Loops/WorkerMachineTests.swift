import Testing

@testable import PrewarmCore

@Suite("The loop of operations")
struct WorkerMachineTests {
    private var now = Instant(elapsed: .seconds(1000))

    /// Returns a machine that has recovered and found nothing due.
    private func idle(_ mode: WorkerMachine.Mode, nextDue: Duration? = nil) -> WorkerMachine {
        var machine = WorkerMachine(mode)
        _ = machine.handle(.woken([]), at: now)
        _ = machine.handle(.recovered, at: now)
        _ = machine.handle(.started(provisioners: [], nextDue: nextDue), at: now)
        return machine
    }

    @Test("The loop of a daemon waits, recovers and starts operations at once")
    func daemon() {
        var machine = WorkerMachine(.untilStopped)
        #expect(machine.handle(.woken([]), at: now) == [.wait(.seconds(1)), .recover, .start])
        #expect(machine.handle(.started(provisioners: ["a", "b", "a"], nextDue: nil), at: now) == [])
        #expect(machine.running == ["a": 2, "b": 1] && machine.starts == 3)
        #expect(machine.handle(.ended(provisioner: "a", isSettled: true), at: now) == [.start])
        #expect(machine.handle(.ended(provisioner: "b", isSettled: false), at: now) == [.start])
        #expect(machine.running == ["a": 1])
    }

    @Test(
        "A daemon looks again when the next operation becomes due, at most after 5 s, and after any cause",
        arguments: [(Optional(2), 2), (60, 5), (nil, 5)])
    func quiet(_ due: (seconds: Int?, look: Int)) {
        let machine = idle(.untilStopped, nextDue: due.seconds.map { .seconds($0) })
        for second in 1...due.look {
            var machine = machine
            let steps = machine.handle(.woken([]), at: now + .seconds(second))
            #expect(steps == (second < due.look ? [.wait(.seconds(1))] : [.wait(.seconds(1)), .start]))
        }
        var woken = machine
        #expect(woken.handle(.woken(.replan), at: now) == [.wait(.seconds(1)), .start])
        var failed = machine
        _ = failed.handle(.notStarted, at: now)
        #expect(failed.handle(.woken([]), at: now) == [.wait(.seconds(1)), .start], "the store could not be read")
    }

    @Test("Operations of ended processes are looked for every 15 seconds, never twice at the same time")
    func recovery() {
        var machine = WorkerMachine(.untilStopped)
        #expect(machine.handle(.woken(.replan), at: now).contains(.recover))
        #expect(!machine.handle(.woken(.replan), at: now + .seconds(600)).contains(.recover), "it still runs")
        _ = machine.handle(.recovered, at: now + .seconds(600))
        #expect(machine.handle(.woken(.replan), at: now + .seconds(601)).contains(.start))
        var idle = idle(.untilStopped)
        #expect(!idle.handle(.woken(.replan), at: now + .seconds(15)).contains(.recover))
        #expect(idle.handle(.woken(.replan), at: now + .seconds(16)).contains(.recover))
    }

    @Test("After a stop nothing starts, and the loop waits for the running operations only")
    func stop() {
        var machine = idle(.untilStopped)
        _ = machine.handle(.woken(.replan), at: now)
        _ = machine.handle(.started(provisioners: ["a", "a"], nextDue: nil), at: now)
        #expect(machine.handle(.woken([.replan, .stop]), at: now) == [])
        #expect(machine.handle(.ended(provisioner: "a", isSettled: true), at: now) == [])
        #expect(machine.handle(.recovered, at: now) == [] && machine.handle(.woken(.replan), at: now) == [])
        #expect(machine.running == ["a": 1])
    }

    @Test("The loop of a command plans again after operations, starts new ones, and ends when there are none")
    func command() {
        var machine = WorkerMachine(.untilIdle)
        #expect(machine.handle(.woken([]), at: now) == [.recover, .start])
        #expect(machine.handle(.recovered, at: now) == [.start])
        #expect(machine.handle(.started(provisioners: ["a"], nextDue: nil), at: now) == [])
        #expect(machine.handle(.ended(provisioner: "a", isSettled: true), at: now) == [.start])
        #expect(machine.handle(.started(provisioners: [], nextDue: nil), at: now) == [.plan])
        #expect(machine.handle(.planned(hasActions: true), at: now) == [.start])
        #expect(machine.handle(.started(provisioners: ["a"], nextDue: nil), at: now) == [])
        #expect(machine.handle(.ended(provisioner: "a", isSettled: false), at: now) == [.start])
        #expect(machine.handle(.started(provisioners: [], nextDue: nil), at: now) == [], "nothing was settled")
    }

    @Test("Random events: operations start until a stop, each due one within 5 s", arguments: 0..<50)
    func random(seed: Int) {
        var model = WorkerLoopModel(seed: UInt64(seed))
        for _ in 0..<2000 { model.step() }
        model.end()
    }
}

/// The loop of a daemon with operations that become due, run and end at random, beside what must hold.
private struct WorkerLoopModel {
    private var machine = WorkerMachine(.untilStopped)
    private var random: SplitMix64
    private var now = Instant(elapsed: .zero)
    private var steps: [WorkerMachine.Effect]
    /// The end of the wait beside the other steps.
    private var wakesAt: Instant?
    private var isRecovering = false
    private var lastRecovery: Instant?
    /// The times at which pending operations become due.
    private var due: [Instant] = []
    private var running: [String: Int] = [:]

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        steps = machine.handle(.woken([]), at: now)
    }

    mutating func step() {
        while !steps.isEmpty { carryOut(steps.removeFirst()) }
        #expect(machine.running == running)
        #expect(wakesAt != nil, "a wait runs beside the other steps")
        let isLate = due.contains { now - $0 > WorkerMachine.longestQuiet + WorkerMachine.longestWait }
        #expect(!isLate, "an operation that is due starts within six seconds")
        if let lastRecovery, !isRecovering { #expect(now - lastRecovery < .seconds(70)) }
        steps = machine.handle(nextEvent(), at: now)
    }

    private mutating func nextEvent() -> WorkerMachine.Event {
        switch Int.random(in: 0...5, using: &random) {
        case 0:
            due.append(now + .milliseconds(Int.random(in: 0...20_000, using: &random)))
            return woken(by: Bool.random(using: &random) ? .replan : [])
        case 1 where isRecovering:
            isRecovering = false
            return .recovered
        case 2, 3:
            guard let provisioner = running.keys.sorted().randomElement(using: &random) else { return woken(by: []) }
            let rest = running[provisioner, default: 1] - 1
            running[provisioner] = rest > 0 ? rest : nil
            return .ended(provisioner: provisioner, isSettled: Bool.random(using: &random))
        default: return woken(by: [])
        }
    }

    private mutating func woken(by causes: WakeUp) -> WorkerMachine.Event {
        if causes.isEmpty, let wakesAt { now = max(now, wakesAt) }
        wakesAt = nil
        return .woken(causes)
    }

    private mutating func carryOut(_ step: WorkerMachine.Effect) {
        switch step {
        case .wait(let time):
            #expect(wakesAt == nil && time > .zero && time <= WorkerMachine.longestWait, "one wait at a time")
            wakesAt = now + time
        case .recover:
            #expect(!isRecovering, "one recovery at a time")
            (isRecovering, lastRecovery) = (true, now)
        case .plan: Issue.record("a daemon's source loops plan")
        case .start:
            if due.allSatisfy({ $0 > now }), Int.random(in: 0...9, using: &random) == 0 {
                steps += machine.handle(.notStarted, at: now)
                return
            }
            let provisioners = due.filter { $0 <= now }.indices.map { "p\($0 % 3)" }
            due.removeAll { $0 <= now }
            for provisioner in provisioners { running[provisioner, default: 0] += 1 }
            let nextDue = due.min().map { $0 - now }
            steps += machine.handle(.started(provisioners: provisioners, nextDue: nextDue), at: now)
        }
    }

    /// Stops the loop, which then starts nothing and waits for nothing but running operations.
    mutating func end() {
        while !steps.isEmpty { carryOut(steps.removeFirst()) }
        #expect(machine.handle(.woken(.stop), at: now) == [])
        for (provisioner, count) in running {
            for _ in 0..<count {
                #expect(machine.handle(.ended(provisioner: provisioner, isSettled: true), at: now) == [])
            }
        }
        #expect(machine.running.isEmpty)
    }
}
