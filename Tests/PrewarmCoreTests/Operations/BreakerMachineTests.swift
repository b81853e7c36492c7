import PrewarmCore
import Testing

@Suite("The circuit breaker of a provisioner")
struct BreakerMachineTests {
    private static let start = Timestamp(seconds: 1_800_000_000)
    private static let workspace = WorkspaceID("w1")

    private static func key(_ name: String) -> PresetKey { PresetKey(source: "presets", name: name) }

    private static func failure(_ name: String, isProven: Bool = true) -> BreakerMachine.Event {
        .failed(
            BreakerFailure(
                preset: key(name), fingerprint: Fingerprint(rawValue: 1), at: start, isProven: isProven),
            message: "no connection", workspace: workspace)
    }

    private static func machine(concurrency: Int = 8) -> BreakerMachine {
        BreakerMachine(Breaker(provisioner: "local"), concurrency: concurrency)
    }

    private static func opened() -> BreakerMachine {
        var machine = machine()
        _ = machine.handle(.refused(ProviderError(.outage, "down"), workspace: workspace), at: start)
        return machine
    }

    /// A word is the name of a preset whose build failed; with `?` its fingerprint was never built; `+` is a success.
    @Test(
        "It opens after 5 failures in a row of at least 2 presets that were built before",
        arguments: [
            ("a b a b", false), ("a b a b a", true), ("a a a a a a a", false), ("a a a a a b", true),
            ("a b a b + a b", false), ("a b + a b a b a", true), ("a? b? c? d? e? f?", false),
            ("a a a a b? c?", false), ("a? b a b a b", true),
        ])
    func opens(words: String, isOpen: Bool) {
        var machine = Self.machine()
        var effects: [BreakerMachine.Effect] = []
        for word in words.split(separator: " ") {
            let event: BreakerMachine.Event =
                word == "+"
                ? .built(Self.key("z")) : Self.failure(String(word.prefix(1)), isProven: !word.hasSuffix("?"))
            effects += machine.handle(event, at: Self.start)
        }
        #expect((machine.state.phase == .open) == isOpen)
        #expect(effects.contains(.opened) == isOpen)
        let taken = effects.compactMap { if case .takeBack(let failures) = $0 { failures.count } else { nil } }
        #expect(taken.isEmpty != isOpen, "the failures that led to the outage are taken back")
    }

    @Test(
        "Only an outage opens it at once", arguments: ProviderError.Kind.allCases)
    func classes(kind: ProviderError.Kind) {
        var machine = Self.machine()
        let effects = machine.handle(.refused(ProviderError(kind, "no"), workspace: Self.workspace), at: Self.start)
        #expect(effects == (kind == .outage ? [.opened] : []))
    }

    /// What the end of a probe shows about the provider.
    enum Sign: Sendable {
        /// It works.
        case works
        /// It does not work: the pause doubles.
        case fails
        /// Nothing: the pause stays the same.
        case nothing
    }

    private static func refused(_ kind: ProviderError.Kind) -> BreakerMachine.Event {
        .refused(ProviderError(kind, "the probe: \(kind)"), workspace: workspace)
    }

    @Test(
        "The answer to a probe shows whether the provider works, or nothing about it",
        arguments: [
            (BreakerMachine.Event.built(key("a")), Sign.works),
            (failure("a"), .fails), (failure("a", isProven: false), .fails),
            (refused(.outage), .fails), (refused(.transient), .fails),
            (refused(.capacity), .nothing), (refused(.quota), .nothing), (refused(.invalid), .nothing),
            (.abandoned(workspace), .nothing),
        ])
    func signs(event: BreakerMachine.Event, sign: Sign) {
        var machine = Self.opened()
        let begin = Self.start + .seconds(30)
        _ = machine.handle(.probeStarted(Self.workspace, of: Self.key("a")), at: begin)
        let effects = machine.handle(event, at: begin + .seconds(2))
        #expect(effects == (sign == .works ? [.closed] : []))
        #expect(machine.state.probe == nil, "the probe has ended")
        switch sign {
        case .works: #expect(machine.state.phase == .closed && machine.state.room == 1)
        case .fails:
            #expect(machine.state.failedProbes == 1 && machine.state.cause != "down")
            #expect(machine.state.nextProbeAt == begin + .seconds(62))
        case .nothing:
            #expect(machine.state.failedProbes == 0 && machine.state.cause == "down")
            #expect(machine.state.nextProbeAt == begin + .seconds(30), "30 s after the start of the probe")
        }
        let next = machine.probeOrder(of: [Self.key("a"), Self.key("b")]).first?.name
        #expect(next == (sign == .works ? "a" : "b"), "another preset is tried next")
    }

    @Test("The answer to a create that is no probe, such as one that started before the outage, ends no probe")
    func notTheProbe() {
        var machine = Self.opened()
        _ = machine.handle(.probeStarted(Self.workspace, of: Self.key("a")), at: Self.start + .seconds(30))
        let before = machine
        for kind in ProviderError.Kind.allCases {
            let event = BreakerMachine.Event.refused(ProviderError(kind, "no"), workspace: WorkspaceID("w2"))
            #expect(machine.handle(event, at: Self.start + .seconds(31)) == [])
        }
        #expect(machine.handle(.abandoned(WorkspaceID("w2")), at: Self.start + .seconds(31)) == [])
        #expect(machine == before)
    }

    @Test("A pause that the answer to a probe asks for is kept, up to 5 minutes, whatever the answer says")
    func asked() {
        for (seconds, expected) in [(10, 60), (100, 132), (10_000, 332)] {
            var machine = Self.opened()
            _ = machine.handle(.probeStarted(Self.workspace, of: Self.key("a")), at: Self.start + .seconds(30))
            let error = ProviderError(.quota, "no", retryAfter: .seconds(seconds))
            _ = machine.handle(.refused(error, workspace: Self.workspace), at: Self.start + .seconds(32))
            #expect(machine.state.nextProbeAt == Self.start + .seconds(expected))
        }
    }

    @Test("Probes start after 30 s, and then after pauses that double up to 5 minutes")
    func pauses() {
        var machine = Self.opened()
        var now = Self.start
        for seconds in [30, 60, 120, 240, 300, 300, 300] {
            #expect(machine.admission(at: now + .seconds(seconds - 1), creates: 0, isProbing: false) == .none)
            now = now + .seconds(seconds)
            #expect(machine.admission(at: now, creates: 0, isProbing: false) == .probe)
            #expect(machine.admission(at: now, creates: 0, isProbing: true) == .none)
            _ = machine.handle(.probeStarted(Self.workspace, of: Self.key("a")), at: now)
            _ = machine.handle(
                .refused(ProviderError(.transient, "still down"), workspace: Self.workspace), at: now)
        }
    }

    @Test(
        "A pause that the provisioner asks for is kept, up to 5 minutes",
        arguments: [(1, 30), (45, 45), (240, 240), (86_400, 300)])
    func retryAfter(asked: Int, seconds: Int) {
        var machine = Self.machine()
        let error = ProviderError(.outage, "down", retryAfter: .seconds(asked))
        _ = machine.handle(.refused(error, workspace: Self.workspace), at: Self.start)
        #expect(machine.state.nextProbeAt == Self.start + .seconds(seconds))
    }

    @Test("Results of creates that started before the outage do not move the next probe")
    func earlierCreates() {
        var machine = Self.opened()
        let before = machine
        #expect(machine.handle(Self.failure("a"), at: Self.start + .seconds(5)).isEmpty)
        #expect(machine == before)
    }

    @Test("The first success closes it, and the creates that run at the same time double")
    func ramp() {
        var machine = Self.opened()
        #expect(machine.handle(.built(Self.key("a")), at: Self.start + .seconds(60)) == [.closed])
        var rooms: [Int?] = []
        for _ in 0..<8 {
            rooms.append(machine.state.room)
            _ = machine.handle(.built(Self.key("a")), at: Self.start + .seconds(61))
        }
        #expect(rooms == [1, 2, 2, 4, 4, 4, 4, nil])
        #expect(machine.admission(at: Self.start, creates: 100, isProbing: false) == .free)
    }

    @Test("A clock that is set back delays the next probe by nothing")
    func clock() {
        let machine = Self.opened()
        #expect(machine.admission(at: Self.start - .seconds(7200), creates: 0, isProbing: false) == .probe)
    }

    @Test("The preset that last succeeded is tried first, then each in turn")
    func turns() {
        var machine = Self.machine()
        _ = machine.handle(.built(Self.key("b")), at: Self.start)
        _ = machine.handle(.refused(ProviderError(.outage, "down"), workspace: Self.workspace), at: Self.start)
        let presets = Set(["a", "b", "c"].map(Self.key))
        var order: [String] = []
        for _ in 0..<5 {
            guard let first = machine.probeOrder(of: presets).first else { break }
            order.append(first.name)
            _ = machine.handle(.probeStarted(Self.workspace, of: first), at: Self.start)
        }
        #expect(order == ["b", "c", "a", "b", "c"])
    }

    @Test("Random events agree with a simple model", arguments: 0..<50)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var machine = Self.machine()
        var now = Self.start
        // The model: the failures since the last success, and whether the breaker is open.
        var (failed, isOpen): ([(String, Bool)], Bool) = ([], false)
        for _ in 0..<400 {
            now = now + .seconds(Int(random.next() % 90))
            switch random.next() % 13 {
            case 0...6:
                let (name, isProven) = (["a", "b", "c"][Int(random.next() % 3)], random.next() % 4 > 0)
                _ = machine.handle(Self.failure(name, isProven: isProven), at: now)
                if !isOpen { failed.append((name, isProven)) }
            case 7, 8:
                _ = machine.handle(.built(Self.key("a")), at: now)
                (failed, isOpen) = ([], false)
            case 9:
                _ = machine.handle(.refused(ProviderError(.outage, "down"), workspace: WorkspaceID("x")), at: now)
                isOpen = true
            case 10: _ = machine.handle(.retried, at: now)
            case 11:
                let event: BreakerMachine.Event =
                    random.next() % 2 == 0 ? .abandoned(Self.workspace) : Self.refused(.invalid)
                _ = machine.handle(event, at: now)
            default:
                if machine.admission(at: now, creates: 0, isProbing: false) == .probe {
                    _ = machine.handle(.probeStarted(Self.workspace, of: Self.key("b")), at: now)
                }
            }
            let proven = failed.filter(\.1).map(\.0)
            if proven.count >= 5, Set(proven).count >= 2 { isOpen = true }
            if isOpen { failed = [] }
            #expect((machine.state.phase == .open) == isOpen)
            #expect((machine.state.nextProbeAt != nil) == isOpen)
            if let next = machine.state.nextProbeAt { #expect(next <= now + .seconds(300)) }
            #expect(machine.state.failures.count <= Breaker.failuresLimit)
            #expect(machine.admission(at: now, creates: 0, isProbing: true) != .probe)
        }
    }
}
