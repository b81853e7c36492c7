internal import PrewarmCore
internal import PrewarmEngine

/// The part of a scrape that grows with the number of presets.
struct PoolMetrics: Sendable {
    /// The pools, sorted by source and name.
    var pools: [PoolPlan] = []
    /// The conditions that the last reconciliation recorded.
    var conditions: [PresetKey: [Condition]] = [:]
    /// The number of deletions that wait for approval, by source.
    var held: [String: Int] = [:]

    /// Reads all pools. Its duration grows with the number of presets.
    static func read(_ engine: Engine) async throws -> PoolMetrics {
        var metrics = PoolMetrics()
        for report in try await engine.assess() {
            metrics.held[report.source] = report.plan.held.count(where: \.hold.needsApproval)
            metrics.pools += report.plan.pools
            for pool in report.plan.pools { metrics.conditions[pool.preset] = report.conditions[pool.preset] }
        }
        return metrics
    }

    /// Returns the samples of all pools.
    func text(_ perPreset: Metrics.PerPreset) -> [UInt8] {
        var text = PrometheusText(capacity: pools.count * (perPreset == .all ? 1024 : perPreset == .off ? 0 : 320))
        text.begin(.presetInstances)
        switch perPreset {
        case .off: writeSums(to: &text)
        case .all, .nonzero:
            for pool in pools {
                text.samples(
                    .presetInstances, [pool.preset.source, pool.preset.name],
                    by: pool.counts.numbers.lazy.filter { $0.value != 0 || perPreset == .all })
            }
        }
        text.begin(.presetCondition)
        if perPreset != .off {
            for pool in pools {
                let types = (conditions[pool.preset] ?? []).lazy.filter {
                    $0.status == .yes && ($0.kind != .ready || perPreset == .all)
                }
                text.samples(
                    .presetCondition, [pool.preset.source, pool.preset.name],
                    by: types.map { (label: $0.kind.rawValue, value: 1) })
            }
        }
        return text.bytes
    }

    private func writeSums(to text: inout PrometheusText) {
        var sums: [(source: String, values: [Int])] = []
        for pool in pools {
            let values = pool.counts.numbers.map(\.value)
            if sums.last?.source == pool.preset.source {
                sums[sums.count - 1].values = zip(sums[sums.count - 1].values, values).map { $0 + $1 }
            } else {
                sums.append((pool.preset.source, values))
            }
        }
        for (source, values) in sums {
            text.samples(
                .presetInstances, [source, ""],
                by: zip(PoolCounts().numbers, values).map { (label: $0.label, value: $1) })
        }
    }
}

extension PoolCounts {
    fileprivate var numbers: [(label: String, value: Int)] {
        [
            ("desired", desired), ("eligible", eligible), ("claimable", claimable), ("claimed", claimed),
            ("starting", starting), ("deleting", deleting), ("outdated", outdated), ("expired", expired),
            ("failed", failed),
        ]
    }
}

/// A stamp of the state of all pools. While the stamp is equal, no pool has changed.
///
/// Every change of a pool marks its source for the next reconciliation or appends an event. Every reconciliation records
/// its time.
struct PoolStamp: Hashable, Sendable {
    private let planned: [String: Timestamp]
    private let newestEvent: Int64

    /// Returns nil if a source waits for a reconciliation, since its pools may be about to change.
    static func read(_ engine: Engine) async throws -> PoolStamp? {
        let (names, now) = (engine.sourceNames, engine.now())
        return try await engine.store.read { store in
            var planned: [String: Timestamp] = [:]
            for name in names {
                guard let record = try store.source(name), let quietUntil = record.quietUntil, now < quietUntil else {
                    return nil
                }
                planned[name] = record.plannedAt
            }
            return PoolStamp(planned: planned, newestEvent: try store.newestEvent())
        }
    }
}
