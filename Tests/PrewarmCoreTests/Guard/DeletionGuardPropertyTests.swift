import PrewarmCore
import Testing

/// Random committers against a model of the guard: a list of what was taken away and added, and the plain sums.
@Suite("The deletion guard against random committers")
struct DeletionGuardPropertyTests {
    @Test("No committer takes more away within an hour than the policy allows", arguments: 0..<8)
    func committers(_ run: UInt64) {
        var random = SplitMix64(seed: run)
        for _ in 0..<400 {
            var committer = Committer()
            for _ in 0..<12 {
                guard let problem = committer.commit(&random) else { continue }
                Issue.record("\(problem)\n\(committer.history.joined(separator: "\n"))")
                return
            }
        }
    }
}

private struct Committer {
    private static let names = ["a", "b", "c", "d"]
    private var now = Timestamp(seconds: 1_800_000_000)
    private var written: [String: Int] = ["a": 8, "b": 6, "c": 3, "d": 1]
    private var accepted: [String: Int] = ["a": 8, "b": 6, "c": 3, "d": 1]
    private var record = GuardRecord()
    /// The losses without an approval, and the gains: preset, number before, number after, time.
    private var moves: [(name: String, from: Int, to: Int, at: Timestamp)] = []
    private(set) var history: [String] = []

    private func scene(_ numbers: [String: Int]) -> GuardScene {
        GuardScene(Self.names.map { "\($0) \(numbers[$0] ?? 0)" }.joined(separator: ", "), now: now)
    }

    /// Makes a random commit. Returns a problem if the guard breaks a promise.
    mutating func commit(_ random: inout SplitMix64) -> String? {
        now = now + .seconds(random.pick([0, 60, 600, 1800, 3599, 3600, 7200]))
        for name in Self.names where random.chance(40) { written[name] = random.pick([0, 1, 2, 4, 6, 8, 12]) }
        let before = accepted
        let admission = scene(accepted).admit(
            Self.names.map { "\($0) \(written[$0] ?? 0)" }.joined(separator: ", "), record)
        record = admission.record
        for change in admission.changes { accepted[change.now.key.name] = change.now.instances }
        history.append("\(now): \(before) -> \(written), accepted \(accepted), held \(record.held.keys.sorted())")
        for name in Self.names {
            let (old, new, wanted) = (before[name] ?? 0, accepted[name] ?? 0, written[name] ?? 0)
            if record.held[name] != nil {
                if new != old { return "\(name) is held and changed" }
                if wanted >= old { return "\(name) is held and loses nothing" }
            } else if new != wanted {
                return "\(name) is not held and did not change"
            }
        }
        moves.removeAll { $0.at + .seconds(3600) <= now }
        let gone = moves.reduce(0) { $0 + max(0, $1.from - $1.to) }
        let loss = Self.names.reduce(0) { $0 + max(0, (before[$1] ?? 0) - (accepted[$1] ?? 0)) }
        let base = Self.names.reduce(0) { sum, name in
            let (old, new) = (before[name] ?? 0, accepted[name] ?? 0)
            let earlier = moves.first { $0.name == name && $0.to > $0.from }?.from ?? old
            return sum + max(max(0, old - new), min(old, earlier))
        }
        if loss > 0, loss + gone > 5, (loss + gone) * 2 > base + gone {
            return "\(loss) went after \(gone) within the hour, of \(base + gone)"
        }
        for name in Self.names where accepted[name] != before[name] {
            moves.append((name, before[name] ?? 0, accepted[name] ?? 0, now))
        }
        // A person approves now and then.
        if !record.held.isEmpty, random.chance(20) {
            for (name, held) in record.held {
                let stored = scene(accepted).stored[name]
                record.approvals[name] = GuardedChange(stored: stored, proposal: held.proposal).digest
            }
            let admission = scene(accepted).admit("", record)
            record = admission.record
            for change in admission.changes { accepted[change.now.key.name] = change.now.instances }
            history.append("approved: accepted \(accepted)")
            if !record.held.isEmpty { return "an approved change is held" }
        }
        return nil
    }
}
