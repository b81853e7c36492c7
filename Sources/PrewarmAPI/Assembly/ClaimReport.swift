package import PrewarmCore
package import PrewarmEngine

/// The report about the claims of a period: how often and how fast users got a workspace, and which pools wait unused.
package struct ClaimReport: Sendable {
    package typealias Grouping = ClaimReportDocument.Grouping

    /// The sums of one preset or owner.
    struct Row: Sendable {
        var counts: [Claim.Result: Int] = [:]
        /// The seconds from the request until the workspace was usable.
        var waits: [Double] = []

        mutating func add(_ claim: Claim) {
            counts[claim.result, default: 0] += 1
            guard let usableAt = claim.usableAt else { return }
            waits.append(Double(max(usableAt - claim.askedAt, .zero).wholeMilliseconds) / 1000)
        }

        /// Returns the smallest wait that is at least as long as a share of the waits; nil if no claim was granted. For example,
        /// the half of 1 s, 2 s and 9 s is 2 s.
        func percentile(_ percent: Int) -> Double? {
            guard !waits.isEmpty else { return nil }
            return waits.sorted()[max((waits.count * percent + 99) / 100, 1) - 1]
        }
    }

    package static let standardPeriod = Duration.seconds(30 * 86_400)
    /// The largest number of claims that one report reads, the newest ones.
    package static let claimsLimit = 200_000

    let since: Timestamp
    let grouping: Grouping
    let byPreset: [PresetKey: Row]
    let byOwner: [String: Row]
    /// The hours that ready workspaces waited, by preset.
    let idle: [PresetKey: Double]
    /// The presets that ask for workspaces and had no claim.
    let unclaimed: [Preset]
    let isTruncated: Bool

    package var document: ClaimReportDocument {
        ClaimReportDocument(
            since: since, by: Choice(grouping), rows: grouping == .preset ? presetRows : ownerRows,
            unclaimed: unclaimed.map { preset in
                UnclaimedPool(
                    preset: preset.key.name, source: preset.key.source, instances: Demand(of: preset).most,
                    idleHours: hours(of: preset.key))
            }, truncated: isTruncated ? true : nil)
    }

    private var presetRows: [ClaimReportRow] {
        byPreset.sorted { $0.key < $1.key }.map { key, row in
            row.document(preset: key, idleHours: hours(of: key))
        }
    }

    private var ownerRows: [ClaimReportRow] {
        byOwner.sorted { $0.key < $1.key }.map { owner, row in row.document(owner: owner) }
    }

    private func hours(of preset: PresetKey) -> Double? { idle[preset].map { ($0 * 10).rounded() / 10 } }
}

extension ClaimReport.Row {
    fileprivate func document(
        preset: PresetKey? = nil, owner: String? = nil, idleHours: Double? = nil
    ) -> ClaimReportRow {
        ClaimReportRow(
            preset: preset?.name, source: preset?.source, owner: owner, claims: counts.values.reduce(0, +),
            hit: counts[.hit] ?? 0, waited: counts[.waited] ?? 0, cold: counts[.cold] ?? 0,
            missed: counts[.missed] ?? 0,
            hitRate: hitRate, p50Seconds: percentile(50), p95Seconds: percentile(95), idleHours: idleHours)
    }

    /// The share of claims that got a ready workspace at once, from 0 to 1.
    private var hitRate: Double? {
        let all = counts.values.reduce(0, +)
        return all == 0 ? nil : (Double(counts[.hit] ?? 0) / Double(all) * 1000).rounded() / 1000
    }
}

extension Engine {
    /// Returns the report about the claims since a time that the audience may see.
    package func claimReport(
        since: Timestamp, by grouping: ClaimReport.Grouping, for audience: some Audience
    ) async throws -> ClaimReport {
        let now = now()
        return try await store.read { store in
            let claims = try store.claims(ClaimFilter(since: since, limit: ClaimReport.claimsLimit))
            var (byPreset, byOwner): ([PresetKey: ClaimReport.Row], [String: ClaimReport.Row]) = ([:], [:])
            for claim in claims where audience.view(of: claim.preset, owner: claim.owner) != .hidden {
                if grouping == .preset {
                    byPreset[claim.preset, default: ClaimReport.Row()].add(claim)
                } else {
                    byOwner[claim.owner.description, default: ClaimReport.Row()].add(claim)
                }
            }
            let claimed = Set(claims.lazy.map(\.preset))
            let idle = try store.idleTimes(since: since, at: now).filter { audience.sees($0.key) }
            let presets = try store.presets(source: nil).filter {
                audience.sees($0.key) && !claimed.contains($0.key) && Demand(of: $0).most > 0
            }
            return ClaimReport(
                since: since, grouping: grouping, byPreset: byPreset, byOwner: byOwner,
                idle: idle.mapValues { Double($0.wholeMilliseconds) / 3_600_000 }, unclaimed: presets,
                isTruncated: claims.count == ClaimReport.claimsLimit)
        }
    }
}
