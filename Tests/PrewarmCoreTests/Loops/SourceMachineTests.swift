import Testing

@testable import PrewarmCore

@Suite("The loop of a source")
struct SourceMachineTests {
    private var machine = SourceMachine(interval: .seconds(60))
    private var random = SplitMix64(seed: 1)
    private var now = Instant(elapsed: .seconds(1000))

    private mutating func handle(_ event: SourceMachine.Event) -> SourceMachine.Effect {
        machine.handle(event, at: now, using: &random)
    }

    /// Hands the machine an outcome, and waits out the rest that follows.
    /// - Returns: The step after the rest.
    private mutating func reconciled(
        _ outcome: SourceMachine.Outcome, took: Duration = .zero
    ) -> SourceMachine.Effect {
        guard case .wait(let rest) = handle(.reconciled(outcome, took: took)), rest <= SourceMachine.longestRest else {
            return .end
        }
        now = now + rest
        return handle(.woken([]))
    }

    private static func planned(
        _ commit: String? = "a", isNew: Bool = false, unreadable: Bool = false, actions: Bool = false,
        quietFor: Duration? = .seconds(86_400)
    ) -> SourceMachine.Outcome {
        var planned = SourceMachine.Planned(commit: commit)
        planned.isNewRevision = isNew
        planned.isUnreadable = unreadable
        planned.hasActions = actions
        planned.quietFor = quietFor
        return .planned(planned)
    }

    /// Starts the loop, and ends its first pull.
    private mutating func start(_ outcome: SourceMachine.Outcome = planned()) -> SourceMachine.Effect {
        #expect(handle(.woken([])) == .reconcile(pull: true), "the first step is a pull")
        return reconciled(outcome)
    }

    private func seconds(_ effect: SourceMachine.Effect) -> Double {
        if case .wait(let time) = effect { time / .seconds(1) } else { -1 }
    }

    struct Pause: CustomTestStringConvertible {
        let outcome: SourceMachine.Outcome
        let seconds: ClosedRange<Double>
        let testDescription: String
    }

    static let pauses = [
        Pause(outcome: planned(), seconds: 53...67, testDescription: "nothing to do: the interval"),
        Pause(outcome: planned(quietFor: .seconds(7)), seconds: 6.9...7, testDescription: "a schedule: its boundary"),
        Pause(outcome: planned(quietFor: nil), seconds: 4.9...5, testDescription: "changed since the plan: 5 s"),
        Pause(outcome: planned(actions: true, quietFor: nil), seconds: 0.9...1, testDescription: "actions left: 1 s"),
        Pause(outcome: planned(nil, unreadable: true, quietFor: nil), seconds: 53...67, testDescription: "no revision"),
        Pause(outcome: .failed(isRemote: true), seconds: 1.9...2, testDescription: "failed: 2 s"),
        Pause(outcome: .skipped, seconds: 1.9...2, testDescription: "another process: 2 s"),
    ]

    @Test("The wait after a reconciliation depends on its outcome", arguments: pauses)
    mutating func pause(_ pause: Pause) {
        let step = start(pause.outcome)
        #expect(pause.seconds.contains(seconds(step)), "\(step)")
    }

    @Test(
        "A long reconciliation is followed by a rest of four times its length, at most 2 s",
        arguments: [(0, 10), (50, 50), (99, 99), (100, 400), (200, 800), (60_000, 2000)])
    mutating func rest(_ milliseconds: (took: Int, rest: Int)) {
        _ = start()
        #expect(handle(.woken(.replan)) == .reconcile(pull: false))
        let step = handle(.reconciled(Self.planned(), took: .milliseconds(milliseconds.took)))
        #expect(step == .wait(.milliseconds(milliseconds.rest)))
        let woken = handle(.woken(.replan))
        #expect(woken == step, "a cause does not shorten the rest")
        now = now + .milliseconds(milliseconds.rest)
        #expect(handle(.woken([])) == .reconcile(pull: false), "the cause was kept")
    }

    @Test("A wake-up plans, and pulls only if the remote may have changed or the interval has passed")
    mutating func wakeUps() {
        _ = start()
        #expect(handle(.woken(.replan)) == .reconcile(pull: false))
        _ = reconciled(Self.planned())
        #expect(handle(.woken([.replan, .pull])) == .reconcile(pull: true))
        _ = reconciled(Self.planned())
        now = now + .seconds(67)
        #expect(handle(.woken(.replan)) == .reconcile(pull: true))
    }

    @Test("A wait that ends early without a cause goes on")
    mutating func spurious() {
        let step = start()
        now = now + .seconds(10)
        #expect(abs(seconds(handle(.woken([]))) - (seconds(step) - 10)) < 0.001)
    }

    @Test("A stop ends the loop during a wait, a rest and after a reconciliation")
    mutating func stop() {
        _ = start()
        var resting = machine
        #expect(handle(.woken(.stop)) == .end)
        #expect(resting.handle(.woken(.replan), at: now, using: &random) == .reconcile(pull: false))
        _ = resting.handle(.reconciled(Self.planned(), took: .seconds(1)), at: now, using: &random)
        #expect(resting.handle(.woken([.stop, .pull]), at: now, using: &random) == .end)
    }

    @Test(
        "A pull that another process prevented is repeated by the next reconciliation, since a request may wait for it")
    mutating func prevented() {
        _ = start(.skipped)
        now = now + .seconds(2)
        #expect(handle(.woken([])) == .reconcile(pull: true))
        _ = reconciled(.skipped)
        #expect(handle(.woken(.replan)) == .reconcile(pull: true))
        _ = reconciled(Self.planned())
        #expect(handle(.woken(.replan)) == .reconcile(pull: false))
    }

    @Test(
        "A commit that was announced and is not shown is looked for after 1, 2, 4, 8 and 16 seconds, and then no more")
    mutating func lag() {
        _ = start()
        #expect(handle(.woken([.pull, .pushed], announced: "b")) == .reconcile(pull: true))
        for pause in [1.0, 2, 4, 8, 16] {
            let step = reconciled(Self.planned("a"))
            #expect((pause - 0.1...pause).contains(seconds(step)), "\(step)")
            now = now + .seconds(pause)
            #expect(handle(.woken([])) == .reconcile(pull: true))
        }
        #expect(seconds(reconciled(Self.planned("a"))) > 50)
    }

    @Test("A commit that was announced ends the looks when it is applied, and a newer one begins them anew")
    mutating func announced() {
        _ = start()
        _ = handle(.woken([.pull, .pushed], announced: "b"))
        for _ in 0..<3 {
            let pause = seconds(reconciled(Self.planned("a")))
            now = now + .seconds(pause)
            #expect(handle(.woken([])) == .reconcile(pull: true))
        }
        _ = reconciled(Self.planned("a"))
        #expect(handle(.woken([.pull, .pushed], announced: "c")) == .reconcile(pull: true))
        #expect(seconds(reconciled(Self.planned("b", isNew: true))) <= 1, "the looks for the newer one begin with 1 s")
        #expect(handle(.woken(.pull)) == .reconcile(pull: true))
        #expect(
            seconds(reconciled(Self.planned("c", isNew: true))) > 590, "pushes are announced, so the interval is long")
    }

    @Test(
        "Random events: one step at a time, no wait beyond the longest, and every wake-up is answered",
        arguments: 0..<50)
    func random(seed: Int) {
        var model = SourceLoopModel(seed: UInt64(seed))
        for _ in 0..<2000 { model.step() }
        model.end()
    }
}

/// A loop of a source with random outcomes, durations and causes, beside what must hold.
private struct SourceLoopModel {
    private var machine: SourceMachine
    private var random: SplitMix64
    private var now = Instant(elapsed: .zero)
    private var effect: SourceMachine.Effect
    private let interval: Duration
    /// The causes that no reconciliation has answered yet, and the time of the first one.
    private var open = WakeUp.pull
    private var openSince = Instant(elapsed: .zero)
    /// True if a pull was prevented by another process since the last one that was not.
    private var isOwed = false
    private var reconciledAt: Instant?
    private var pulledAt: Instant?

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        interval = .seconds(Int.random(in: 1...1200, using: &random))
        machine = SourceMachine(interval: interval)
        effect = machine.handle(.woken([]), at: now, using: &random)
    }

    mutating func step(outcome: SourceMachine.Outcome? = nil, causes: WakeUp? = nil) {
        switch effect {
        case .end: Issue.record("the loop ended without a stop")
        case .wait(let time): wait(time, causes ?? randomCauses())
        case .reconcile(let pull): reconcile(pull, outcome ?? randomOutcome())
        }
    }

    private mutating func wait(_ time: Duration, _ causes: WakeUp) {
        #expect(time > .zero && time <= SourceMachine.longestWait)
        if let reconciledAt { #expect(now + time - reconciledAt <= SourceMachine.longestWait) }
        if !open.isEmpty { #expect(time <= SourceMachine.longestRest, "a cause waits for a rest at most") }
        now = now + (causes.isEmpty ? time : time * Double.random(in: 0...1, using: &random))
        if open.isEmpty, !causes.isEmpty { openSince = now }
        open.formUnion(causes)
        let commit = causes.contains(.pushed) ? ["b", "c"].randomElement(using: &random) : nil
        effect = machine.handle(.woken(causes, announced: commit), at: now, using: &random)
    }

    private mutating func reconcile(_ pull: Bool, _ outcome: SourceMachine.Outcome) {
        if open.contains(.pull) || isOwed { #expect(pull, "a request for a pull is answered by the next one") }
        if !open.isEmpty { #expect(now - openSince <= SourceMachine.longestRest) }
        open = []
        let took = Duration.milliseconds(Int.random(in: 0...3000, using: &random))
        now = now + took
        (reconciledAt, openSince) = (now, now)
        if pull {
            pulledAt = now
            isOwed = outcome == .skipped
        }
        // Causes arrive during a reconciliation, too. The loop hands them over after it.
        effect = machine.handle(.reconciled(outcome, took: took), at: now, using: &random)
        let longest = max(interval, .seconds(900)) * 1.1 + .seconds(1)
        if let next = machine.pacing.nextPull, let pulledAt { #expect(next - pulledAt <= longest) }
    }

    /// Lets time pass without causes and failures, and stops the loop.
    mutating func end() {
        let limit = now + max(interval, .seconds(900)) * 1.1 + SourceMachine.longestWait
        while now < limit { step(outcome: .planned(.init(commit: "c")), causes: []) }
        #expect(open.isEmpty && !isOwed, "every request is answered")
        if case .reconcile = effect { step(outcome: .skipped) }
        effect = machine.handle(.woken(.stop), at: now, using: &random)
        #expect(effect == .end)
    }

    private mutating func randomCauses() -> WakeUp {
        if Bool.random(using: &random) { return [] }
        return WakeUp(rawValue: Int.random(in: 0...7, using: &random))
    }

    private mutating func randomOutcome() -> SourceMachine.Outcome {
        switch Int.random(in: 0...9, using: &random) {
        case 0: return .skipped
        case 1: return .failed(isRemote: Bool.random(using: &random))
        default:
            var planned = SourceMachine.Planned(commit: [nil, "a", "b", "c"].randomElement(using: &random) ?? nil)
            planned.isNewRevision = Bool.random(using: &random)
            planned.isUnreadable = Bool.random(using: &random)
            planned.hasActions = Bool.random(using: &random)
            // A wall clock that was set makes the time until a boundary negative or very long.
            let times: [Duration?] = [nil, .seconds(-7200), .zero, .milliseconds(3), .seconds(40), .seconds(1 << 40)]
            planned.quietFor = times.randomElement(using: &random) ?? nil
            return .planned(planned)
        }
    }
}
