internal import Crypto
internal import Foundation
import PrewarmCore
import PrewarmEngine
internal import Synchronization

/// A sign-in that a browser has begun at a provider. The browser keeps it in a cookie that only the daemon can read and
/// write, so beginning a sign-in takes no memory of the daemon.
struct PendingSignIn: Hashable, Sendable {
    /// The name of the provider.
    let provider: String
    /// The random text that the provider returns, and that binds its answer to the browser.
    let state: String
    /// The random text that the identity has to contain.
    let nonce: String
    /// The secret of PKCE, which only the daemon knows until it redeems the code.
    let verifier: String
    /// The page to go to afterwards: a path of this daemon.
    let next: String
    /// The digest of the cookie of the session that the new one replaces; empty without one.
    let earlier: String

    init(provider: String, next: String, earlier: String) {
        self.provider = provider
        self.next = next.utf8.count <= 1000 ? next : "/"
        self.earlier = earlier
        (state, nonce, verifier) = (DashboardSessions.random(), DashboardSessions.random(), DashboardSessions.random())
    }

    /// The text from ``text(at:)``. None of its parts contains a space.
    fileprivate init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 7 else { return nil }
        (provider, state, nonce, verifier) = (parts[1], parts[2], parts[3], parts[4])
        (next, earlier) = (parts[5], parts[6])
    }

    fileprivate func text(at seconds: Int64) -> String {
        "\(seconds) \(provider) \(state) \(nonce) \(verifier) \(next) \(earlier)"
    }

    /// Returns the part of a cookie's name that belongs to a state, so that several sign-ins can run in one browser.
    static func mark(of state: String) -> String {
        String(Crypto.SHA256.hash(data: Array(state.utf8)).hexadecimal.prefix(12))
    }
}

/// The key that seals pending sign-ins, and the states that were used. A restart of the daemon makes all of them invalid.
final class PendingSignIns: Sendable {
    /// The time for which a person can sign in at the provider.
    static let lifetime = Duration.seconds(600)
    /// The most used states that are remembered. Beyond it the oldest is forgotten; the provider refuses its code anyway.
    static let most = 5000
    /// The most codes that are redeemed at the same time.
    static let mostRedeemed = 16

    private let key = SymmetricKey(size: .bits256)
    private let epoch = ContinuousClock.now
    private let state = Mutex(State())

    private struct State {
        var used: [String: ContinuousClock.Instant] = [:]
        var redeeming = 0
        var rate = RateLimiter(burst: 60, perSecond: 1, keyLimit: 1000)
    }

    /// Returns the value of the cookie.
    func seal(_ pending: PendingSignIn, now: ContinuousClock.Instant = .now) -> String? {
        let text = pending.text(at: (now - epoch).components.seconds)
        return (try? AES.GCM.seal(Array(text.utf8), using: key))?.combined.map { Base64URL.encode(Array($0)) }
    }

    /// Returns the sign-in of a cookie; nil if this daemon did not write it, or if it is too old.
    func open(_ cookie: String, now: ContinuousClock.Instant = .now) -> PendingSignIn? {
        guard cookie.utf8.count <= 4096, let bytes = Base64URL.decode(cookie.utf8),
            let box = try? AES.GCM.SealedBox(combined: bytes), let plain = try? AES.GCM.open(box, using: key)
        else { return nil }
        let text = String(decoding: plain, as: UTF8.self)
        guard let seconds = text.prefix(while: { $0 != " " }).description.asSeconds,
            now - epoch - .seconds(seconds) < Self.lifetime
        else { return nil }
        return PendingSignIn(text)
    }

    /// Takes a state for its only use.
    /// - Returns: False if it was used before.
    func use(_ state: String, now: ContinuousClock.Instant = .now) -> Bool {
        let digest = Crypto.SHA256.hash(data: Array(state.utf8)).hexadecimal
        return self.state.withLock { held in
            if held.used.count >= Self.most { held.used = held.used.filter { now - $0.value < Self.lifetime } }
            if held.used.count >= Self.most, let oldest = held.used.min(by: { $0.value < $1.value }) {
                held.used[oldest.key] = nil
            }
            return held.used.updateValue(now, forKey: digest) == nil
        }
    }

    /// Runs the body, which redeems a code, within the limits of an address and of the daemon.
    ///
    /// - Throws: ``Problem`` with the status 429 or 503, or the error of the body.
    func redeeming<Result>(
        for group: String, now: Timestamp, _ body: () async throws -> Result
    ) async throws -> Result {
        let verdict: (wait: Duration?, isFull: Bool) = state.withLock { held in
            if let wait = held.rate.take(group, now: now) { return (wait, false) }
            guard held.redeeming < Self.mostRedeemed else { return (nil, true) }
            held.redeeming += 1
            return (nil, false)
        }
        if verdict.wait != nil {
            throw Problem(
                "TooManySignIns", status: 429, "cannot sign in: there were too many sign-ins from your address",
                hint: "sign in again in a minute")
        }
        if verdict.isFull {
            throw Problem(
                "TooManySignIns", status: 503, "cannot sign in: too many sign-ins run at the moment",
                hint: "sign in again in a few seconds")
        }
        defer { state.withLock { $0.redeeming -= 1 } }
        return try await body()
    }
}

extension String {
    /// The number of seconds in a text of digits; nil for any other text.
    fileprivate var asSeconds: Int64? { utf8.allSatisfy { (48...57).contains($0) } ? Int64(self) : nil }
}
