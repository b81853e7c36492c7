import PrewarmCore
import Testing

private let start = Timestamp(seconds: 1_800_000_000)
private func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

@Suite("The lease of a claim")
struct ClaimLeaseTests {
    private static let policy = LeasePolicy(
        ttl: .seconds(100), max: .seconds(300), warn: .seconds(20), grace: .seconds(10))

    struct Term: Sendable, CustomTestStringConvertible {
        let requested: Int64?
        let policy: LeasePolicy
        let end: Int64
        let warn: Int64
        let clamp: ClaimLease.Clamp?
        var testDescription: String { "\(requested ?? 0) s under \(policy.ttl) to \(String(describing: policy.max))" }
    }

    @Test(
        "A claim gets the time that it asks for, up to the longest one",
        arguments: [
            Term(requested: nil, policy: policy, end: 100, warn: 20, clamp: nil),
            Term(requested: 50, policy: policy, end: 50, warn: 20, clamp: nil),
            Term(requested: 10, policy: policy, end: 10, warn: 1, clamp: nil),
            Term(requested: 300, policy: policy, end: 300, warn: 20, clamp: nil),
            Term(requested: 301, policy: policy, end: 300, warn: 20, clamp: .max),
            Term(requested: 900, policy: LeasePolicy(ttl: .seconds(60)), end: 900, warn: 6, clamp: nil),
        ])
    func terms(_ term: Term) {
        let requested = term.requested.map { Duration.seconds($0) }
        let lease = ClaimLease(term.policy, requested: requested, at: start)
        #expect(lease.end == at(term.end) && lease.warn == .seconds(term.warn) && lease.phase == .active)
        #expect(ClaimLease.clamp(of: requested, by: term.policy) == term.clamp)
        #expect(lease.lookAt == at(term.end - term.warn))
    }

    @Test("A lease warns once, then ends after its grace, however late it is looked at")
    func advances() {
        var lease = ClaimLease(Self.policy, at: start)
        #expect(lease.advance(at: at(79)) == .none && lease.phase == .active)
        #expect(lease.advance(at: at(80)) == .warns && lease.phase == .expiring)
        #expect(lease.advance(at: at(109)) == .none && lease.lookAt == at(110))
        #expect(lease.advance(at: at(110)) == .ends)
        var late = ClaimLease(Self.policy, at: start)
        #expect(late.advance(at: at(5000)) == .warns, "the warning comes before the end")
        #expect(late.advance(at: at(5000)) == .ends)
        late.report()
        #expect(late.advance(at: at(6000)) == .none && late.lookAt == nil && late.phase == .expired)
    }

    @Test("A renewal takes an expiring and an expired lease back, up to its longest time")
    func renews() {
        var lease = ClaimLease(Self.policy, at: start)
        _ = lease.advance(at: at(80))
        #expect(lease.renew(at: at(105)) == nil && lease.phase == .active && lease.end == at(205))
        #expect(lease.renew(for: .seconds(10), at: at(106)) == nil && lease.end == at(205), "never shorter")
        #expect(lease.renew(for: .seconds(500), at: at(150)) == .max && lease.end == at(300))
        _ = lease.advance(at: at(290))
        #expect(lease.phase == .expiring)
        #expect(lease.renew(at: at(295)) == .max && lease.phase == .expiring && lease.end == at(300))
        var reported = ClaimLease(LeasePolicy(ttl: .seconds(10), onExpiry: .report), at: start)
        _ = (reported.advance(at: at(11)), reported.report())
        #expect(reported.deletesAt == nil)
        #expect(reported.renew(at: at(60)) == nil && reported.phase == .active && reported.lookAt == at(69))
    }

    @Test("A hold delays the end beyond the longest time, and its end restores it")
    func holds() {
        var lease = ClaimLease(Self.policy, at: start)
        _ = lease.advance(at: at(80))
        lease.set(ClaimLease.Hold(until: at(1000), reason: "r", by: "ada"), at: at(90))
        #expect(lease.end == at(1000) && lease.phase == .active && lease.advance(at: at(500)) == .none)
        lease.set(nil, at: at(500))
        #expect(lease.advance(at: at(500)) == .warns && lease.advance(at: at(500)) == .ends)
    }

    @Test("A sign of life moves the end like a renewal, and one in the near future counts as now")
    func activity() {
        var lease = ClaimLease(Self.policy, at: start)
        #expect(!lease.noteActivity(at: at(-5), now: at(50)) && lease.end == at(100))
        #expect(lease.noteActivity(at: at(40), now: at(50)) && lease.end == at(140))
        #expect(lease.noteActivity(at: at(120), now: at(60)) && lease.end == at(160))
        #expect(!lease.noteActivity(at: at(131), now: at(70)) && lease.end == at(160), "no clock is a minute ahead")
    }

    @Test(
        "Time in which a source of activity could not be asked moves the end by at most one ttl, and never the maximum")
    func excuses() {
        var lease = ClaimLease(Self.policy, at: start)
        lease.excuse(.seconds(50), grantedAt: start, at: at(60))
        #expect(lease.end == at(150) && lease.endsAt == at(300))
        lease.excuse(.seconds(500), grantedAt: start, at: at(140))
        #expect(lease.end == at(240))
        lease.excuse(.seconds(500), grantedAt: start, at: at(230))
        #expect(lease.end == at(300))
    }

    @Test("Time that does not count moves the end and the longest time, and only from the claim on")
    func removes() {
        var lease = ClaimLease(Self.policy, at: start)
        lease.remove(.seconds(1000), grantedAt: start, at: at(1050))
        #expect(lease.end == at(1100) && lease.endsAt == at(1300) && lease.phase == .active)
        var young = ClaimLease(Self.policy, at: at(990))
        young.remove(.seconds(1000), grantedAt: at(990), at: at(1000))
        #expect(young.end == at(1100), "never longer than one ttl from now")
    }

    @Test("A clock that is set back ends nothing and gives at most one ttl")
    func setBack() {
        var lease = ClaimLease(Self.policy, at: start)
        lease.remove(.seconds(-7200), grantedAt: start, at: at(-7150))
        #expect(lease.end == at(-7050) && lease.advance(at: at(-7150)) == .none)
        #expect(lease.endsAt == at(-6850), "at most one longest time from now")
    }

    struct Commit: Sendable {
        let ttl: Int64
        let max: Int64?
        let grace: Int64
        let report: Bool
        /// The end, the longest time and the grace of a claim at 0 after the commit at 10.
        let expected: (Int64, Int64?, Int64)
    }

    @Test(
        "A commit lengthens the terms and never shortens them",
        arguments: [
            Commit(ttl: 200, max: 600, grace: 60, report: false, expected: (200, 600, 60)),
            Commit(ttl: 50, max: 60, grace: 0, report: false, expected: (100, 300, 10)),
            Commit(ttl: 100, max: nil, grace: 10, report: true, expected: (100, nil, 10)),
        ])
    func lengthens(_ commit: Commit) {
        var lease = ClaimLease(Self.policy, at: start)
        let new = LeasePolicy(
            ttl: .seconds(commit.ttl), max: commit.max.map { .seconds($0) }, warn: .seconds(5),
            grace: .seconds(commit.grace), onExpiry: commit.report ? .report : .delete)
        lease.lengthen(from: Self.policy, to: new, grantedAt: start, at: at(10))
        #expect(lease.end == at(commit.expected.0) && lease.endsAt == commit.expected.1.map { at($0) })
        #expect(lease.grace == .seconds(commit.expected.2) && lease.onExpiry == (commit.report ? .report : .delete))
    }

    @Test("Random orders keep the promises of a lease", arguments: 0..<200)
    func promises(_ seed: UInt64) {
        var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var lease = ClaimLease(Self.policy, at: start)
        var (now, lastSign): (Int64, Int64) = (0, 0)
        var isOver = false
        for _ in 0..<200 where !isOver {
            now += Int64(random.next(30))
            switch random.next(5) {
            case 0 where random.next(4) == 0:
                _ = lease.renew(at: at(now))
                lastSign = now
            case 1 where random.next(8) == 0:
                if lease.noteActivity(at: at(now - 3), now: at(now)) { lastSign = max(lastSign, now - 3) }
            default:
                let before = lease.phase
                switch lease.advance(at: at(now)) {
                case .warns: #expect(before == .active)
                case .ends:
                    isOver = true
                    #expect(before == .expiring, "no end without a warning")
                    let isAtMax = now >= 310
                    #expect(isAtMax || now - lastSign >= 110, "no end before ttl and grace of silence")
                case .none: #expect(lease.lookAt.map { $0 > at(now) } == true, "a look is never missed")
                }
            }
            #expect(lease.expiresAt <= at(300), "no longer than max")
            #expect(lease.expiresAt <= at(now + 100), "no longer than one ttl from now")
        }
    }

    private struct Random {
        var state: UInt64
        mutating func next(_ bound: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % bound
        }
    }
}
