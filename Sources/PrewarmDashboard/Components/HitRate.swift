import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The share of the claims of the last 7 days that found a ready workspace.
struct HitRate {
    private let share: Double
    private let claims: Int

    /// - Parameter pool: The document of a pool. Returns nil if it had no claim.
    init?(_ pool: PresetDocument) {
        guard let recent = pool.recentClaims else { return nil }
        share = recent.hitRate
        claims = recent.claims
    }

    /// The share in whole percent, rounded down, so that only 100 % means that no claim waited.
    var percent: Markup { "\(share.wholePercent) %" }

    var tile: Tile {
        let isLimited = claims >= RecentClaims.limit
        let detail: Markup =
            isLimited ? "of the last \(claims.counted("claim"))" : "of \(claims.counted("claim")) in 7 days"
        return Tile(name: "Hit rate", value: percent, detail: detail)
    }
}
