package import PrewarmCore

/// The report about the claims of a period.
package struct ClaimReportDocument: ObjectDocument {
    package enum Grouping: String, CaseIterable, Sendable {
        case preset, owner
    }

    package let since: Timestamp
    package let by: Choice<Grouping>
    package let rows: [ClaimReportRow]
    package let unclaimed: [UnclaimedPool]
    package let truncated: Bool?

    package enum CodingKeys: String, DocumentKey {
        case since, by, rows, unclaimed, truncated

        package var meaning: String {
            switch self {
            case .since: "The beginning of the period."
            case .by: "What the rows are about."
            case .rows: "The sums of each preset or owner."
            case .unclaimed: "The pools without a claim."
            case .truncated: "True if only the newest claims are counted."
            }
        }
    }
}

/// The sums of one preset or owner.
package struct ClaimReportRow: ObjectDocument {
    package let preset: String?
    package let source: String?
    package let owner: String?
    package let claims: Int
    package let hit: Int
    package let waited: Int
    package let cold: Int
    package let missed: Int
    package let hitRate: Double?
    package let p50Seconds: Double?
    package let p95Seconds: Double?
    package let idleHours: Double?

    package enum CodingKeys: String, DocumentKey {
        case preset, source, owner, claims, hit, waited, cold, missed, hitRate, p50Seconds, p95Seconds, idleHours

        package var meaning: String {
            switch self {
            case .preset: "The name of the preset, in a report by preset."
            case .source: "The name of the source, in a report by preset."
            case .owner: "The owner, in a report by owner."
            case .claims: "The number of claims."
            case .hit: "The number of claims that found a ready workspace."
            case .waited: "The number of claims that waited for one."
            case .cold: "The number of claims that had one created."
            case .missed: "The number of claims without a workspace."
            case .hitRate: "The share of hits, from 0 to 1."
            case .p50Seconds: "The median of the seconds until a workspace was usable."
            case .p95Seconds: "The 95th percentile of these seconds."
            case .idleHours: "The hours that ready workspaces waited for a claim."
            }
        }
    }
}

/// A pool that asks for workspaces and had no claim.
package struct UnclaimedPool: ObjectDocument {
    package let preset: String
    package let source: String
    package let instances: Int
    package let idleHours: Double?

    package enum CodingKeys: String, DocumentKey {
        case preset, source, instances, idleHours

        package var meaning: String {
            switch self {
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .instances: "The largest number of workspaces that the preset asks for."
            case .idleHours: "The hours that its ready workspaces waited for a claim."
            }
        }
    }
}
