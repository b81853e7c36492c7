import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

extension PoolHistory {
    /// The most operations that are read for the past. A pool with more in 24 hours shows a shorter past.
    private static let operationLimit = 2000

    /// Reads the history of a pool from the times of its workspaces and operations.
    init(of key: PresetKey, in engine: Engine) async throws {
        let now = engine.now()
        let from = now - Self.span
        let (lifetimes, begin, preset) = try await engine.store.read { store in
            let operations = try store.operations(OperationFilter(preset: key, limit: Self.operationLimit)).map(
                \.operation)
            var ends: [WorkspaceID: Timestamp] = [:]
            for operation in operations where operation.kind == .delete {
                ends[operation.workspace] = operation.createdAt
            }
            let live = try store.workspaces(WorkspaceFilter(preset: key))
            let known = Set(live.map(\.id))
            let gone = try ends.filter { $0.value >= from && !known.contains($0.key) }.compactMap {
                try store.workspace($0.key.rawValue)
            }
            let lifetimes = (live + gone).map { workspace in
                Lifetime(
                    readyAt: workspace.readyAt, claimedAt: workspace.claimedAt, endedAt: ends[workspace.id])
            }
            let isCut = operations.count == Self.operationLimit
            let begin = isCut ? max(from, operations.last?.createdAt ?? from) : from
            return (lifetimes, begin, try store.presets([key])?.first)
        }
        self.init(
            lifetimes, begin: begin, desired: Self.desired(preset, from: from, to: now + Self.span, engine.zones))
    }

    /// Returns the desired numbers of a preset over time, by its current definition.
    private static func desired(
        _ preset: Preset?, from: Timestamp, to: Timestamp, _ zones: ZoneDirectory
    ) -> [Step] {
        guard let preset, preset.retirement == nil else { return [Step(at: from, count: 0)] }
        guard let schedule = preset.schedule, let zone = try? zones.rules(of: schedule.timezone) else {
            return [Step(at: from, count: preset.instances)]
        }
        let first = schedule.window(at: from, zone: zone)?.instances ?? preset.instances
        var steps = [Step(at: from, count: first)]
        // A schedule can change every minute.
        while steps.count < 400, let last = steps.last, let next = schedule.nextChange(after: last.at, zone: zone),
            next.at < to
        { steps.append(Step(at: next.at, count: next.instances ?? preset.instances)) }
        return steps
    }
}
