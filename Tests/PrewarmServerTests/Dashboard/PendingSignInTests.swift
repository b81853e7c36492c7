import ClockSupport
import Testing

@testable import PrewarmServer

@Suite("Pending sign-ins")
struct PendingSignInTests {
    private let start = ContinuousClock.now

    @Test("Only the daemon that sealed a sign-in opens it, and for ten minutes")
    func sealing() throws {
        let (signIns, other) = (PendingSignIns(), PendingSignIns())
        let pending = PendingSignIn(provider: "company", next: "/pools/a/b?c=d", earlier: "")
        let cookie = try #require(signIns.seal(pending, now: start))
        #expect(signIns.open(cookie, now: start + .seconds(599)) == pending)
        #expect(signIns.open(cookie, now: start + PendingSignIns.lifetime + .seconds(1)) == nil)
        #expect(other.open(cookie, now: start) == nil)
        #expect(cookie.utf8.count < 4000 && !cookie.contains(pending.verifier))
    }

    @Test("A cookie that was changed, cut or invented is not opened")
    func damage() throws {
        let signIns = PendingSignIns()
        let cookie = try #require(signIns.seal(PendingSignIn(provider: "company", next: "/", earlier: ""), now: start))
        let middle = cookie.index(cookie.startIndex, offsetBy: 40)
        let changed = cookie[..<middle] + (cookie[middle] == "A" ? "B" : "A") + cookie[middle...].dropFirst()
        let texts = [
            String(changed), String(cookie.dropLast(4)), "", "AAAA", String(repeating: "A", count: 5000), "%%",
        ]
        for text in texts { #expect(signIns.open(text, now: start) == nil) }
    }

    @Test("A state is used once, and what is remembered is bounded")
    func uses() {
        let signIns = PendingSignIns()
        #expect(signIns.use("a", now: start) && !signIns.use("a", now: start))
        for index in 0..<PendingSignIns.most { _ = signIns.use("\(index)", now: start + .seconds(1)) }
        #expect(!signIns.use("\(PendingSignIns.most - 1)", now: start + .seconds(2)))
    }

    @Test("A long address is not kept, and each sign-in has its own secrets")
    func values() {
        let long = PendingSignIn(provider: "company", next: "/" + String(repeating: "a", count: 1000), earlier: "")
        #expect(long.next == "/")
        let other = PendingSignIn(provider: "company", next: "/", earlier: "")
        #expect(Set([long.state, long.nonce, long.verifier, other.state, other.nonce, other.verifier]).count == 6)
        #expect(PendingSignIn.mark(of: long.state) != PendingSignIn.mark(of: other.state))
    }

    @Test("An address can redeem some codes at once, and the others are refused")
    func rates() async {
        let signIns = PendingSignIns()
        var refused = 0
        for _ in 0..<70 {
            do { try await signIns.redeeming(for: "one", now: .at(0)) {} } catch { refused += 1 }
        }
        #expect(refused == 10)
        await #expect(throws: Never.self) { try await signIns.redeeming(for: "two", now: .at(0)) {} }
    }
}
