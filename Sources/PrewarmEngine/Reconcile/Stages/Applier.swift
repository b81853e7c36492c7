import PrewarmCore

/// The stage that turns a plan into operations.
struct Applier {
    private let transaction: ReconcileTransaction
    private let draft: PlanDraft
    private let presets: PresetTable
    /// The pools whose workspaces changed since the plan was made.
    private let changed: Set<PresetKey>

    init(_ transaction: ReconcileTransaction, _ draft: PlanDraft, changed: Set<PresetKey>) {
        self.transaction = transaction
        self.draft = draft
        self.changed = changed
        presets = PresetTable(draft.scope.presets)
    }

    /// Saves the actions of the plan as operations, with their events, and the standings of the pools.
    func apply(in store: any StoreWriter) throws -> AppliedPlan {
        let applied = try carryOut(draft.plan, in: store)
        try makeRoom(for: draft.plan, in: store)
        try store.save(standings(after: draft.plan))
        return applied
    }

    /// Carries out the plan. A delete or a cancel is left out if a claim or an operation took the workspace since the plan
    /// was made.
    private func carryOut(_ plan: Plan, in store: any StoreWriter) throws -> AppliedPlan {
        var applied = AppliedPlan(isUnmarked: transaction.record.changes == draft.record?.changes ?? 0)
        guard !plan.actions.isEmpty else { return applied }
        var identifiers = transaction.engine.identifiers(at: transaction.now)
        applied.created = try create(plan, &identifiers, in: store)
        let cancelled = plan.actions.compactMap { $0.kind == .cancel ? $0.workspace : nil }
        let deleted = plan.actions.compactMap { $0.kind == .delete ? $0.workspace : nil }
        let dropped = try store.move(cancelled, from: [.pending], to: .deleted)
        let moved = try store.move(
            deleted, from: [.creating, .ready, .suspect, .unhealthy, .failed, .lost], to: .deleting)
        try store.cancelOperations(
            of: (cancelled + deleted).filter { dropped.contains($0) || moved.contains($0) }, now: transaction.now)
        applied.actions = plan.actions.filter { action in
            guard let id = action.workspace else { return true }
            return action.kind == .cancel ? dropped.contains(id) : moved.contains(id)
        }
        var events = EventBatch(at: transaction.now, source: transaction.source.name)
        for action in applied.actions { events.count(action) }
        var makers = Makers(presets: presets, before: transaction.guarded.changes, observed: draft.observed)
        var operations: [Operation] = []
        for action in applied.actions where action.kind == .delete {
            guard let id = action.workspace,
                let provisioner = try makers.provisioner(of: id, preset: action.preset, in: store)
            else { continue }
            operations.append(
                Operation(
                    id: OperationID(identifiers.next()), kind: .delete, workspace: id, preset: action.preset,
                    provisioner: provisioner, reason: action.reason, nextAttemptAt: transaction.now,
                    createdAt: transaction.now))
        }
        try store.insert(operations)
        try store.append(events.events)
        applied.isWhole = applied.isWhole && applied.actions.count == plan.actions.count
        applied.deleted = moved.count
        applied.cancelled = dropped.count
        return applied
    }

    /// Inserts the new workspaces of the plan with their operations. Returns their number.
    private func create(
        _ plan: Plan, _ identifiers: inout IdentifierFactory, in store: any StoreWriter
    ) throws -> Int {
        let revision = transaction.revision?.description
        var groups: [NewWorkspaces] = []
        var rest = plan.actions[...]
        while let first = rest.first {
            // The creates of one preset follow each other in the plan.
            let alike = rest.prefix { $0.kind == first.kind && $0.reason == first.reason && $0.preset == first.preset }
            rest = rest[alike.endIndex...]
            guard first.kind == .create, let preset = presets[first.preset] else { continue }
            let ids = alike.map { _ in WorkspaceID(identifiers.next()) }
            groups.append(
                NewWorkspaces(
                    ids: ids, of: preset, revision: revision, reason: first.reason, createdAt: transaction.now))
        }
        try store.create(groups)
        return groups.reduce(0) { $0 + $1.ids.count }
    }

    /// Moves deletions that make room before other operations. If the limit of all sources holds workspaces back, the
    /// other sources with failed workspaces are planned again, since a failed workspace that they keep may be deleted.
    private func makeRoom(for plan: Plan, in store: any StoreWriter) throws {
        var scopes: Set<Suspension.Scope> = []
        for held in plan.held where held.action.kind == .create {
            switch held.hold {
            case .instancesPerPreset: scopes.insert(.preset(held.action.preset))
            case .instancesPerSource: scopes.insert(.source(held.action.preset.source))
            case .instances: scopes.insert(.all)
            default: break
            }
        }
        let provisioners = transaction.engine.provisioners.keys.sorted()
        for scope in scopes { try store.raiseDeletes(of: scope, provisioners: provisioners) }
        guard scopes.contains(.all) else { return }
        for other in transaction.engine.sourceNames where other != transaction.source.name {
            let hasFailed = try store.tallies(source: other).contains { $0.state == .failed }
            if hasFailed { try store.markDirty(source: other) }
        }
    }

    /// Returns the standings of the pools after the plan.
    private func standings(after plan: Plan) -> [PoolStanding] {
        var busy: Set<PresetKey> = []
        var last: PresetKey?
        for action in plan.actions where action.preset != last {
            busy.insert(action.preset)
            last = action.preset
        }
        for held in plan.held { busy.insert(held.action.preset) }
        return plan.pools.compactMap { pool in
            guard let preset = presets[pool.preset] else { return nil }
            // A pool that keeps failed workspaces is not settled: they are deleted if a limit holds workspaces of others
            // back.
            let mayGiveWay =
                transaction.engine.policy.limits.areOfInstances
                && pool.counts.keptFailed + pool.counts.unhealthy > 0
            let isSettled =
                preset.retirement != .pruned && !busy.contains(pool.preset) && !mayGiveWay
                && !changed.contains(pool.preset)
            return PoolStanding(
                preset: pool.preset, isSettled: isSettled,
                isUnfinished: isSettled && !pool.isFinished(preset, isObserved: false),
                nextChange: pool.nextChange)
        }
    }
}

/// The part of a plan that was carried out.
struct AppliedPlan: Sendable {
    var actions: [Action] = []
    var created = 0
    var deleted = 0
    var cancelled = 0
    /// False if another reconciliation has to follow, because the source was marked as changed since the plan was made, or
    /// because an action could not be carried out.
    var isWhole: Bool

    init(isUnmarked: Bool) { isWhole = isUnmarked }
}

/// The provisioners that made workspaces: that of the preset, unless the preset has changed since.
private struct Makers {
    private let presets: PresetTable
    private let fingerprints: [WorkspaceID: Fingerprint]
    private var known: [Fingerprint: String] = [:]

    init(presets: PresetTable, before changes: [PresetChange], observed: Observed) {
        self.presets = presets
        for case let before? in changes.lazy.map(\.before) { known[before.fingerprint] = before.spec.provisioner }
        fingerprints = Dictionary(
            observed.instances.values.lazy.joined().map { ($0.id, $0.fingerprint) }
        ) { first, _ in first }
    }

    mutating func provisioner(of id: WorkspaceID, preset: PresetKey, in store: any StoreReader) throws -> String? {
        guard let fingerprint = fingerprints[id] else { return nil }
        if let preset = presets[preset], preset.fingerprint == fingerprint { return preset.spec.provisioner }
        if let provisioner = known[fingerprint] { return provisioner }
        known[fingerprint] = try store.workspace(id.rawValue)?.spec.provisioner
        return known[fingerprint]
    }
}

/// The events of a plan: one for all actions of one kind and reason on one preset.
private struct EventBatch {
    let at: Timestamp
    let source: String
    /// The index of each key in ``groups``.
    private var indices: [Key: Int] = [:]
    private var groups: [(key: Key, count: Int)] = []
    private var last = 0

    private struct Key: Hashable {
        let preset: String
        let kind: Action.Kind
        let reason: Reason
    }

    init(at: Timestamp, source: String) {
        self.at = at
        self.source = source
    }

    mutating func count(_ action: Action) {
        let key = Key(preset: action.preset.name, kind: action.kind, reason: action.reason)
        // Actions of one group usually follow each other, so the last group is tried first.
        if last >= groups.count || groups[last].key != key {
            last = indices[key] ?? groups.count
            if last == groups.count {
                indices[key] = last
                groups.append((key, 0))
            }
        }
        groups[last].count += 1
    }

    var events: [Event] {
        groups.map { key, count in
            Event(
                at: at, reason: EventReason(key.reason), object: "preset", name: key.preset, source: source,
                preset: key.preset,
                message: "\(key.kind.rawValue) \(count.counted("workspace"))")
        }
    }
}
