internal import PrewarmCore
internal import PrewarmEngine

/// What the metrics say of the store, read when somebody asks.
struct MetricsState: Sendable {
    struct Source: Sendable {
        var name: String
        var ref = ""
        var ready = Condition.Status.unknown
        var isSuspended = false
        /// Without an error; as far as the store knows, who measures may know better.
        var lastSuccess: Timestamp?
        var committedAt: Timestamp?
        var validFiles = 0
        var invalidFiles = 0
        var foreignDocuments = 0
        var deletionsHeld = 0
        var holdsLease = false
    }

    /// In the order of the configuration.
    var sources: [Source] = []
    var pools: [PoolPlan] = []
    var conditions: [PresetKey: [Condition]] = [:]
    var operations = OperationTallies()
    var now: Timestamp

    static func read(_ engine: Engine) async throws -> MetricsState {
        let now = engine.now()
        var state = MetricsState(now: now)
        for status in try await engine.sourceStatuses() {
            let report = try await engine.assess(status.name)
            var source = Source(status)
            source.deletionsHeld = report.plan.held.count(where: \.hold.needsApproval)
            state.sources.append(source)
            state.pools += report.plan.pools
            for pool in report.plan.pools { state.conditions[pool.preset] = report.conditions[pool.preset] }
        }
        let (holder, before) = (engine.holder, state)
        return try await engine.store.read { store in
            var state = before
            let suspensions = try store.suspensions().filter { $0.isInForce(at: now) }
            for index in state.sources.indices {
                let name = state.sources[index].name
                state.sources[index].isSuspended = suspensions.contains {
                    $0.scope == .all || $0.scope == .source(name)
                }
                state.sources[index].committedAt = try store.revisions(source: name, limit: 1).first?.committedAt
                let lease = try store.lease(ofSource: name)
                state.sources[index].holdsLease = lease.map { $0.holder == holder && $0.until > now } ?? false
            }
            state.operations = try store.unfinishedOperations(now: now)
            return state
        }
    }
}

extension MetricsState.Source {
    fileprivate init(_ status: SourceStatus) {
        name = status.name
        ready = status.conditions.first { $0.kind == .ready }?.status ?? .unknown
        guard let record = status.record else { return }
        ref = record.applied?.ref ?? ""
        // Where it failed, it was good until then.
        lastSuccess = record.appliedAt.map { record.failure?.since ?? $0 }
        invalidFiles = Set(status.diagnostics.lazy.filter { $0.severity == .error }.map(\.file)).count
        validFiles = max(record.files - invalidFiles, 0)
        foreignDocuments = record.foreignDocuments
    }
}

extension Metrics {
    /// - Parameter lastSuccess: what this process has seen itself, by source.
    func write(_ state: MetricsState, lastSuccess: [String: Timestamp], to text: inout PrometheusText) {
        text.begin(.buildInfo)
        text.sample(.buildInfo, [version], 1)
        writeSources(state, lastSuccess, to: &text)
        text.begin(.presetInstances)
        switch perPreset {
        case .off: writeSums(state, to: &text)
        case .all, .nonzero:
            for pool in state.pools { write(pool, to: &text) }
        }
        text.begin(.presetCondition)
        if perPreset != .off {
            for pool in state.pools { write(state.conditions[pool.preset] ?? [], of: pool.preset, to: &text) }
        }
        text.begin(.operations)
        for group in state.operations.groups {
            text.sample(.operations, [group.kind.rawValue, group.state.rawValue], group.count)
        }
        text.begin(.oldestPending)
        let waiting = state.operations.oldestDueAt.map { max(state.now - $0, .zero) } ?? .zero
        text.sample(.oldestPending, [], waiting / .seconds(1))
    }

    private func writeSources(
        _ state: MetricsState, _ lastSuccess: [String: Timestamp], to text: inout PrometheusText
    ) {
        text.begin(.sourceInfo)
        for source in state.sources {
            let ready = source.ready.rawValue.lowercased()
            text.sample(.sourceInfo, [source.name, source.ref, ready, source.isSuspended ? "true" : "false"], 1)
        }
        func write(_ metric: MetricDescriptor, _ value: (MetricsState.Source) -> Timestamp?) {
            text.begin(metric)
            for source in state.sources {
                if let time = value(source) { text.sample(metric, [source.name], time.seconds) }
            }
        }
        write(.sourceLastSuccess) { lastSuccess[$0.name] ?? $0.lastSuccess }
        write(.sourceRevisionTime, \.committedAt)
        text.begin(.manifests)
        for source in state.sources {
            text.sample(.manifests, [source.name, "valid"], source.validFiles)
            text.sample(.manifests, [source.name, "invalid"], source.invalidFiles)
            text.sample(.manifests, [source.name, "ignored"], source.foreignDocuments)
        }
        text.begin(.deletionsHeld)
        for source in state.sources { text.sample(.deletionsHeld, [source.name], source.deletionsHeld) }
        text.begin(.leaseHeld)
        for source in state.sources { text.sample(.leaseHeld, [source.name], source.holdsLease ? 1 : 0) }
    }

    private func write(_ pool: PoolPlan, to text: inout PrometheusText) {
        for (state, number) in pool.counts.numbers where number != 0 || perPreset == .all {
            text.sample(.presetInstances, [pool.preset.source, pool.preset.name, state], number)
        }
    }

    private func write(_ conditions: [Condition], of preset: PresetKey, to text: inout PrometheusText) {
        for condition in conditions where condition.status == .yes && (condition.kind != .ready || perPreset == .all) {
            text.sample(.presetCondition, [preset.source, preset.name, condition.kind.rawValue], 1)
        }
    }

    private func writeSums(_ state: MetricsState, to text: inout PrometheusText) {
        for source in state.sources {
            var sums: [Int] = []
            for pool in state.pools where pool.preset.source == source.name {
                let numbers = pool.counts.numbers.map(\.number)
                sums = sums.isEmpty ? numbers : zip(sums, numbers).map { $0 + $1 }
            }
            for (state, sum) in zip(PoolCounts().numbers.map(\.state), sums) {
                text.sample(.presetInstances, [source.name, "", state], sum)
            }
        }
    }
}

extension PoolCounts {
    fileprivate var numbers: [(state: String, number: Int)] {
        [
            ("desired", desired), ("eligible", eligible), ("claimed", claimed), ("starting", starting),
            ("deleting", deleting), ("outdated", outdated), ("expired", expired), ("failed", failed),
        ]
    }
}

extension Timestamp {
    fileprivate var seconds: Double { Double(milliseconds) / 1000 }
}
