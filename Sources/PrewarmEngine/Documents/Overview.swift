internal import PrewarmCore

/// The data of `prewarm status`: sources, pools, and everything that is failing, held, lost or damaged.
package struct Overview: Sendable {
    private let sources: [SourceStatus]
    private let presets: PresetValues
    private let audience: any Audience
    /// Pending operations whose last attempt failed.
    private let failing: [Operation]
    /// The owners of the workspaces that ``failing`` is about.
    private let owners: [WorkspaceID: Owner]
    /// The provisioners of pending operations that are not in the configuration.
    private let missingProvisioners: [String]
    /// The sources that are in the store and no longer in the configuration.
    private let unconfigured: [Engine.RemovedSource]
    private let lists: ListOverview
    private let outages: OutageOverview
    private let store: StoreIdentity
    private let damage: [String]
    /// The claims whose leases end soon.
    private let expiring: [Claim]
    private let now: Timestamp
    private let limit: Int

    /// - Parameter limit: The largest number of presets, and of failing operations, in the overview.
    package init(_ engine: Engine, limit: Int = .max, for audience: some Audience) async throws {
        self.limit = limit
        self.audience = audience
        now = engine.now()
        sources = try await engine.sourceStatuses()
        var presets = PresetValues(
            limit: limit, try await engine.recentClaims(), try await engine.queueLengths())
        for source in engine.sourceNames {
            let report = try await engine.assess(source)
            report.forEachStatus { presets.add($0, for: audience) }
        }
        self.presets = presets
        unconfigured = try await engine.removedSources()
        store = try await engine.store.read { try $0.identity() }
        damage = engine.store.damage
        lists = try await ListOverview(engine)
        outages = try await OutageOverview(engine)
        expiring = try await engine.store.read { try $0.claims(ClaimFilter(isExpiring: true, limit: 1000)) }
        let pending = try await engine.store.read { store in
            try store.operations(OperationFilter(states: [.pending])).map(\.operation)
        }
        let failing = pending.filter { $0.error != nil && $0.kind != .inspect }
        self.failing = failing
        owners = try await engine.store.read { try $0.owners(of: failing) }
        missingProvisioners = Set(pending.map(\.provisioner)).subtracting(engine.provisioners.keys).sorted()
    }

    /// Returns true if nothing in the overview needs the attention of an operator. `prewarm status` then exits with 0.
    package var isHealthy: Bool {
        sources.allSatisfy(\.isHealthy) && presets.areHealthy && failing.isEmpty
            && missingProvisioners.isEmpty && unconfigured.isEmpty && lists.isHealthy && outages.isHealthy
            && store.hold?.reason.isOfClaims != true && damage.isEmpty
    }

    /// The document for the audience.
    package var value: Value { value(for: audience) }

    private func value(for audience: some Audience) -> Value {
        let failing: [Value] = failing.compactMap { Value($0, owner: owners[$0.workspace], for: audience) }
        let sources: [Value] = sources.map { Value($0, for: audience) }
        let moreFailing = failing.count - limit
        let expiring = expiring.compactMap { Value($0, for: audience) }
        let moreExpiring = expiring.count - Self.expiringLimit
        return .object(known: [
            "at": Value(now),
            "healthy": .bool(isHealthy),
            "store": Value(store).merging(["damage": damage.first.map { .string($0) }]),
            "sources": .array(sources),
            "totals": presets.sums.value,
            "presets": .array(presets.values),
            "morePresets": presets.left > 0 ? .int(presets.left) : nil,
            "failing": .array(Array(failing.prefix(limit))),
            "moreFailing": moreFailing > 0 ? .int(moreFailing) : nil,
            "orphans": lists.orphans(for: audience), "orphansTotal": lists.orphansTotal,
            "suspectLists": lists.suspectLists, "brokenClaims": lists.brokenClaims(for: audience),
            "failingLists": lists.failingLists(for: audience),
            "outages": outages.value(for: audience),
            "unconfiguredSources": unconfigured.isEmpty ? nil : .array(unconfigured.map { .string($0.name) }),
            "expiringClaims": expiring.isEmpty ? nil : .array(Array(expiring.prefix(Self.expiringLimit))),
            "moreExpiringClaims": moreExpiring > 0 ? .int(moreExpiring) : nil,
            "removedSources": removedSources,
            "missingProvisioners": missingProvisioners.isEmpty
                ? nil : .array(missingProvisioners.map { .string($0) }),
        ])
    }

    /// The largest number of claims in the document whose leases end soon.
    private static let expiringLimit = 20

    private var removedSources: Value? {
        guard !unconfigured.isEmpty else { return nil }
        return .array(
            unconfigured.map {
                .object(known: [
                    "name": .string($0.name), "unclaimed": .int($0.unclaimed),
                    "revision": $0.applied.map { .string($0.description) },
                ])
            })
    }
}
