internal import PrewarmCore
package import PrewarmEngine

/// The data of `prewarm status`: sources, pools, and everything that is failing, held, lost or damaged.
package struct Overview: Sendable {
    private let sources: [SourceStatus]
    private let presets: ShownPresets
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
    /// The breakers of provisioners that are unavailable.
    private let outages: [Breaker]
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
        var presets = ShownPresets(
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
        outages = try await engine.store.read { try $0.openBreakers() }.filter {
            engine.provisioners[$0.provisioner] != nil
        }
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
            && missingProvisioners.isEmpty && unconfigured.isEmpty && lists.isHealthy && outages.isEmpty
            && store.hold?.reason.isOfClaims != true && damage.isEmpty
    }

    /// The document for the audience.
    /// - Parameter daemon: The daemon of this process; nil for a command that works on the store directly.
    package func document(daemon: Daemon? = nil) -> StatusDocument { document(daemon, for: audience) }

    private func document(_ daemon: Daemon?, for audience: some Audience) -> StatusDocument {
        let failing = failing.compactMap { OperationDocument($0, owner: owners[$0.workspace], for: audience) }
        let expiring = expiring.compactMap { ClaimDocument($0, for: audience) }
        let readsLogs = audience.readsLogs(of: nil)
        return StatusDocument(
            at: now, healthy: isHealthy, store: StoreDocument(store, damage: damage),
            sources: sources.map { SourceDocument($0, for: audience) }, totals: presets.sums,
            presets: presets.documents, morePresets: presets.left.unlessZero,
            failing: Array(failing.prefix(limit)), moreFailing: (failing.count - limit).unlessZero,
            orphans: lists.orphans(for: audience), orphansTotal: lists.orphanCount.unlessZero,
            suspectLists: lists.suspectLists, brokenClaims: lists.brokenClaims(for: audience),
            failingLists: lists.failingLists(for: audience),
            outages: outages.compactMap { OutageDocument($0, readsLogs: readsLogs) }.unlessEmpty,
            unconfiguredSources: unconfigured.map(\.name).unlessEmpty,
            expiringClaims: Array(expiring.prefix(Self.expiringLimit)).unlessEmpty,
            moreExpiringClaims: (expiring.count - Self.expiringLimit).unlessZero,
            removedSources: unconfigured.map { RemovedSourceDocument($0) }.unlessEmpty,
            missingProvisioners: missingProvisioners.unlessEmpty, daemon: daemon.map { DaemonDocument($0) })
    }

    /// The largest number of claims in the document whose leases end soon.
    private static let expiringLimit = 20
}

extension Int {
    /// The number; nil if it is not above 0, since a document does not have the member then.
    var unlessZero: Int? { self > 0 ? self : nil }
}

extension Array {
    /// The list; nil if it is empty, since a document does not have the member then.
    var unlessEmpty: [Element]? { isEmpty ? nil : self }
}
