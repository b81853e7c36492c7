internal import Crypto
internal import Synchronization

/// The one-time codes with which a browser signs in as the caller who requested the code. A link with a code works once and
/// for a minute, so it does no harm in the history of a browser.
package final class SignInCodes: Sendable {
    /// The time for which a code is valid.
    static let lifetime = Duration.seconds(60)
    /// The most codes at the same time. Beyond it, the oldest code becomes invalid.
    static let most = 100

    private struct Entry {
        let authorization: String
        let createdAt: ContinuousClock.Instant
    }

    private let entries = Mutex<[String: Entry]>([:])

    package init() {}

    /// Returns a new code.
    /// - Parameter authorization: The value of the header `Authorization` of the caller.
    func issue(for authorization: String, now: ContinuousClock.Instant = .now) -> String {
        let code = DashboardSessions.random()
        entries.withLock { entries in
            entries = entries.filter { now - $0.value.createdAt < Self.lifetime }
            if entries.count >= Self.most, let oldest = entries.min(by: { $0.value.createdAt < $1.value.createdAt }) {
                entries[oldest.key] = nil
            }
            entries[Self.key(code)] = Entry(authorization: authorization, createdAt: now)
        }
        return code
    }

    /// Returns the header `Authorization` of the caller who requested the code; nil if the code is unknown, used or too old.
    /// The code is invalid afterwards.
    func redeem(_ code: String, now: ContinuousClock.Instant = .now) -> String? {
        let entry = entries.withLock { $0.removeValue(forKey: Self.key(code)) }
        guard let entry, now - entry.createdAt < Self.lifetime else { return nil }
        return entry.authorization
    }

    private static func key(_ code: String) -> String { SHA256.hash(data: Array(code.utf8)).hexadecimal }
}
