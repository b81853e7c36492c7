package import PrewarmCore

/// The numbers of recent claims of all pools: how often a claim found a ready workspace.
package struct RecentClaims: Sendable {
    /// The time for which claims count.
    package static let period = Duration.seconds(7 * 86_400)
    /// The largest number of claims that are read, the newest ones of all pools.
    package static let limit = 50_000

    private let results: [PresetKey: [Claim.Result: Int]]

    package init(at now: Timestamp, in store: any StoreReader) throws {
        results = try store.claimResults(since: now - Self.period, limit: Self.limit)
    }

    /// Returns the document of a pool: the number of claims, and the share from 0 to 1 that found a ready workspace; nil if
    /// there was no claim.
    package func value(of preset: PresetKey) -> Value? {
        guard let results = results[preset] else { return nil }
        let all = results.values.reduce(0, +)
        guard all > 0 else { return nil }
        let share = Double(results[.hit] ?? 0) / Double(all)
        return .object(known: ["claims": .int(all), "hitRate": .double((share * 1000).rounded() / 1000)])
    }
}
