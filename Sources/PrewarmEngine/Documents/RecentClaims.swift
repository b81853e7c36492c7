package import PrewarmCore
internal import Synchronization

/// The numbers of recent claims of pools: how often a claim found a ready workspace.
package struct RecentClaims: Sendable {
    /// The time for which claims count.
    package static let period = Duration.seconds(7 * 86_400)
    /// The largest number of claims of a pool that count, the newest ones.
    package static let limit = 1000

    private let results: [PresetKey: [Claim.Result: Int]]

    /// - Parameter preset: The only preset to read; nil for all.
    package init(of preset: PresetKey? = nil, at now: Timestamp, in store: any StoreReader) throws {
        results = try store.claimResults(of: preset, since: now - Self.period, limit: Self.limit)
    }

    /// The recent claims of a pool.
    package struct Share: Hashable, Sendable {
        /// The number of claims, at least 1.
        package let claims: Int
        /// The share from 0 to 1 that found a ready workspace. It is rounded down to 3 digits, so that only 1 means that no
        /// claim waited.
        package let hitRate: Double
    }

    /// Returns the recent claims of a pool; nil if there was no claim.
    package func share(of preset: PresetKey) -> Share? {
        guard let results = results[preset] else { return nil }
        let all = results.values.reduce(0, +)
        guard all > 0 else { return nil }
        return Share(claims: all, hitRate: Double((results[.hit] ?? 0) * 1000 / all) / 1000)
    }
}

/// The recent claims of all pools, which are read again after half a minute. A dashboard and each `prewarm top` ask for
/// them every few seconds.
final class RecentClaimsCache: Sendable {
    private static let age = Duration.seconds(30)
    private let last = Mutex<(at: Timestamp, claims: RecentClaims)?>(nil)

    /// Returns the numbers of claims that are at most half a minute old.
    func claims(at now: Timestamp, in store: any Store) async throws -> RecentClaims {
        if let last = last.withLock({ $0 }), last.at <= now, now < last.at + Self.age { return last.claims }
        let claims = try await store.read { try RecentClaims(at: now, in: $0) }
        last.withLock { $0 = (now, claims) }
        return claims
    }
}

extension Engine {
    /// Returns the numbers of recent claims of all pools, at most half a minute old.
    package func recentClaims() async throws -> RecentClaims {
        try await recentClaimsCache.claims(at: now(), in: store)
    }
}

extension Double {
    /// The share from 0 to 1 in whole percent, rounded down. It is rounded to a tenth first: 0.29 is a little less than 29 %.
    package var wholePercent: Int { Int((Swift.min(Swift.max(self, 0), 1) * 1000).rounded()) / 10 }
}
