import PrewarmCore
import Testing

/// The words and codes of a plan about its actions, for people and for saved plans.
@Suite("Reasons and digests of plans")
struct ReasonTests {
    private static let key = PresetKey(source: "s", name: "go")

    private func plan(readyFor minutes: [Int64], desired: Int) -> Plan {
        let preset = Preset(
            key: Self.key, origin: Origin(file: "go.yaml", line: 1),
            spec: WorkspaceSpec(template: "t", version: "1", provisioner: "p", parameters: [:]), instances: desired,
            ttl: .seconds(3600), strategy: .rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0)))
        let now = Timestamp(seconds: 1_000_000)
        var observed = Observed()
        for (number, age) in minutes.enumerated() {
            observed.add(
                Instance(
                    id: WorkspaceID("w\(number)"), preset: preset.key, fingerprint: preset.fingerprint, state: .ready,
                    readyAt: now - .seconds(age * 60)))
        }
        return Planner(now: now).plan([preset], observed: observed)
    }

    @Test("A create that only the ttl causes has the reason Expired")
    func expired() {
        #expect(plan(readyFor: [58, 1], desired: 2).actions.map(\.reason) == [.expired])
        #expect(plan(readyFor: [70, 1], desired: 2).actions.map(\.reason) == [.expired])
        #expect(plan(readyFor: [1], desired: 2).actions.map(\.reason) == [.belowDesired])
        #expect(plan(readyFor: [58, 1], desired: 3).actions.first?.reason == .belowDesired)
    }

    @Test("The digest of a plan hashes holds by their codes and numbers, not by their words")
    func digest() {
        func digest(_ hold: Hold) -> String {
            var plan = Plan()
            plan.held = [HeldAction(Action(.delete, preset: Self.key, reason: .pruned), hold: hold)]
            return plan.digest(revision: nil)
        }
        let known = SHA256.digest(Array("none\nheld\ndelete s/go - Pruned deletionGuard 8 1 9".utf8))
        let digits = known.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        #expect(digest(.deletionGuard(removed: 8, gone: 1, of: 9)) == digits.joined())
        let all: [Hold] = [
            .deletionGuard(removed: 8, gone: 1, of: 9), .deletionGuard(removed: 8, gone: 1, of: 10), .confirm, .retain,
            .pathEmptied(removed: 8, gone: 1), .observe, .instances(3), .instancesPerPreset(3), .instancesPerSource(3),
            .actionsPerTurn(3), .restoredStore, .timezone("UTC"), .freeze(until: Timestamp(seconds: 1)), .suspension,
        ]
        #expect(Set(all.map(digest)).count == all.count)
    }

    @Test("The cause of an error is its first line with text, on one line")
    func causes() {
        #expect("exit code 3: no space left\npulling\nno space left".cause == "exit code 3: no space left")
        #expect("\n  a\tb  \nc".cause == "ab")
        #expect("".cause == nil && " \n ".cause == nil)
        #expect(String(repeating: "x", count: 9000).cause?.unicodeScalars.count == 300)
    }
}
