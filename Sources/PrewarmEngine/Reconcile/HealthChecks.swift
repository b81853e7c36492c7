import PrewarmCore

/// Health checks by `inspect`, for provisioners that cannot list.
///
/// Each workspace of a preset with `health` is inspected once every `interval`. The inspects are operations in the lane of
/// inspects, so they respect the concurrency of the provisioner. Their answers are compared with the store like a list.
extension Engine {
    /// The largest number of checks of a provisioner that wait or run, for each slot. If more workspaces are due, those whose
    /// last check is the oldest come first, and the others follow.
    private static let checksPerSlot = 20

    /// Compares the answers of finished checks with the store, and starts the checks that are due.
    /// - Parameter force: If true, each workspace is due.
    /// - Returns: Nil if no answer was compared.
    func checkHealth(of name: String, force: Bool) async throws -> ResyncReport? {
        guard let provisioner = provisioners[name], let round = try await round(of: name, force: force) else {
            return nil
        }
        let report = try await compare(round, name)
        let due = round.due(limit: provisioner.concurrency * Self.checksPerSlot)
        if !due.isEmpty {
            _ = try await store.write { try inspect(due, reason: .healthCheck, in: $0) }
        }
        return report
    }

    /// Compares the answers of finished checks with the store, and starts none.
    func compareChecks() async throws -> [ResyncReport] {
        var reports: [ResyncReport] = []
        for name in provisioners.keys.sorted() {
            guard let round = try await round(of: name) else { continue }
            if let report = try await compare(round, name) { reports.append(report) }
        }
        return reports
    }

    /// Returns nil if the provisioner can list or cannot inspect, or if no workspace of it is checked.
    private func round(of name: String, force: Bool = false) async throws -> HealthRound? {
        let operations = provisioners[name]?.operations ?? []
        guard operations.contains(.inspect), !operations.contains(.list) else { return nil }
        let now = now()
        return try await store.read { try HealthRound(of: name, force: force, at: now, in: $0) }
    }

    /// Compares the answers of a round with the store.
    /// - Returns: Nil if the round is not over, or if another process has compared its answers since.
    private func compare(_ round: HealthRound, _ name: String) async throws -> ResyncReport? {
        guard round.isOver else { return nil }
        return try await store.write { store in
            // An answer that came since the round was read waits for the next one.
            let current = try store.checks(provisioner: name)
            let unchanged = round.answers.filter { current[$0.workspace] == $0 }
            guard let startedAt = unchanged.map(\.at).max() else { return nil }
            let answers = unchanged.filter { $0.failure == nil }
            let ids = Set(answers.map(\.workspace))
            let before = try store.suspects(provisioner: name)
            let listed = answers.map {
                ListedWorkspace(id: $0.workspace, state: $0.state, message: $0.message, activeAt: $0.activeAt)
            }
            let known = ListComparison.Known(
                workspaces: round.workspaces.filter { ids.contains($0.id) }, suspects: before, health: round.health,
                canInspect: false, policy: policy, interval: round.shortestInterval,
                unanswered: round.workspaces.filter { !ids.contains($0.id) }, isOfChecks: true)
            let comparison = ListComparison(
                Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }, startedAt: startedAt,
                listedAt: round.now, known: known)
            var report = ResyncReport(provisioner: name)
            try apply(comparison, to: &report, in: store)
            let live = Set(round.workspaces.map(\.id))
            let others = before.filter { !ids.contains($0.workspace) && live.contains($0.workspace) }
            try store.replaceSuspects(comparison.suspects + others, provisioner: name)
            try store.setListed(provisioner: name, at: round.oldestCheck)
            if answers.isEmpty {
                report.failure = ProvisionerFailure(.failed, unchanged.first?.failure ?? "the inspect failed")
            } else {
                let active = answers.compactMap { check in check.activeAt.map { (check.workspace, $0) } }
                report.unusableTimes = try store.noteAnswer(
                    of: name, Dictionary(active) { first, _ in first },
                    after: try store.listFailures().first { $0.provisioner == name },
                    claimed: round.workspaces.filter { $0.state == .claimed }, startedAt: startedAt, at: startedAt)
            }
            try noteList(report.failure, of: name, verb: "inspect", at: startedAt, in: store)
            try store.settleChecks(of: Set(unchanged.map(\.workspace)), provisioner: name)
            try store.append(ListEvents(report, comparison, before: nil, unknown: [], at: startedAt).events)
            try markChanges(report, comparison, in: store)
            return report
        }
    }
}

/// The checks of one provisioner, as the store has them at one time.
private struct HealthRound: Sendable {
    let now: Timestamp
    let health: [PresetKey: Health]
    /// The workspaces that are checked.
    let workspaces: [Workspace]
    private let checks: [WorkspaceID: Check]
    private let unfinished: Set<WorkspaceID>
    private let force: Bool

    /// Returns nil if no preset of the provisioner has health checks, and no workspace is suspect.
    init?(of provisioner: String, force: Bool, at now: Timestamp, in store: any StoreReader) throws {
        let health = try store.health(provisioner: provisioner)
        // A commit may remove the checks of a preset after one of its workspaces missed one. Another check decides.
        let suspects = try store.suspects(provisioner: provisioner).compactMap { suspect -> Workspace? in
            guard let workspace = try store.workspace(suspect.workspace.rawValue), workspace.state == .suspect,
                health[workspace.preset] == nil
            else { return nil }
            return workspace
        }
        guard !health.isEmpty || !suspects.isEmpty else { return nil }
        self.health = health
        self.now = now
        self.force = force
        let states: [WorkspaceState] = [.ready, .suspect, .unhealthy, .claimed]
        let checked = try health.keys.sorted { $0.description < $1.description }.flatMap { preset in
            try store.workspaces(WorkspaceFilter(preset: preset, states: states)).filter {
                $0.spec.provisioner == provisioner && $0.readyAt != nil && $0.handover != .pending
            }
        }
        workspaces = checked + suspects
        checks = try store.checks(provisioner: provisioner)
        unfinished = try store.unfinishedChecks(provisioner: provisioner)
    }

    var shortestInterval: Duration { health.values.map(\.interval).min() ?? Health.standard.interval }

    /// The answers that were not compared yet, of workspaces that are still checked.
    var answers: [Check] { workspaces.compactMap { checks[$0.id] }.filter(\.isNew) }

    /// True if there are answers to compare: no check is unfinished, or the oldest answer has waited for an interval.
    var isOver: Bool {
        guard let oldest = answers.map(\.at).min() else { return false }
        return unfinished.isEmpty || now - oldest >= shortestInterval
    }

    /// The oldest last answer of all workspaces.
    var oldestCheck: Timestamp { workspaces.map(checkedAt).min() ?? now }

    /// Returns the time of the last check. A workspace that has no check yet counts as checked at the time when it became ready.
    private func checkedAt(_ workspace: Workspace) -> Timestamp {
        max(checks[workspace.id]?.at ?? .distantPast, workspace.readyAt ?? .distantPast)
    }

    /// Returns the workspaces to check now.
    /// - Parameter limit: The largest number of checks that wait or run.
    func due(limit: Int) -> [Workspace] {
        let due = workspaces.filter { workspace in
            guard !unfinished.contains(workspace.id) else { return false }
            let interval = health[workspace.preset]?.interval ?? Health.standard.interval
            return force || (checkedAt(workspace) + interval).hasCome(at: now, atMost: interval)
        }
        let oldest = due.sorted { (checkedAt($0), $0.id) < (checkedAt($1), $1.id) }
        return Array(oldest.prefix(max(limit - unfinished.count, 0)))
    }
}
