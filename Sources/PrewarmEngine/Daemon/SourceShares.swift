internal import PrewarmCore
import Synchronization

/// The right of one replica to reconcile a source. Each transaction that writes for the source checks it, so a replica that was
/// paused or cut off for longer than its lease writes nothing.
package struct SourceFence: Hashable, Sendable {
    let source: String
    let holder: String
    let fence: Int64

    /// - Throws: ``ReconcileError/leaseLost(source:)`` if another replica has taken the source since.
    func check(in store: any StoreReader) throws {
        let lease = try store.lease(ofSource: SourceShares.prefix + source)
        guard lease?.holder == holder, lease?.fence == fence, lease?.isReleased == false else {
            throw ReconcileError.leaseLost(source: source)
        }
    }
}

/// The sources that this replica holds. Replicas share out the sources by the rules of ``SourceSharing``: a replica reconciles
/// a source only while it holds its lease, which it renews with its heartbeat.
package final class SourceShares: Sendable {
    /// The beginning of the names of these leases. The name of a source contains no slash.
    package static let prefix = "reconcilers/"
    /// The time for which a lease is taken. After a replica has died, another one takes its sources within this time.
    static let time = Duration.seconds(15)
    /// The time between two heartbeats, which renew all leases of the replica.
    static let period = Duration.seconds(5)

    private struct State {
        var fences: [String: Int64] = [:]
        /// The monotonic time before which the last renewal began.
        var renewedAt: Instant?
        /// The names of the replicas that hold the other sources.
        var others: [String: String] = [:]
        var replicas = 0
        var hasLooked = false
        var isLeaving = false
    }

    /// The changes of one look.
    struct Change: Sendable {
        var taken: [String] = []
        /// The sources among ``taken`` whose last holder did not release them.
        var takenOver: [String] = []
        var lost: [String] = []
        /// The time until the lease of another replica may have expired; nil if no other one holds a source.
        var nextExpiry: Duration?
    }

    private let startedAt: Timestamp
    private let name: String
    private let clock: any EngineClock
    private let state = Mutex(State())

    init(_ engine: Engine) {
        startedAt = engine.now()
        clock = engine.clock
        name = engine.replicaName
    }

    /// Returns the right to reconcile a source; nil if this replica does not hold it.
    package func fence(of source: String, _ engine: Engine) -> SourceFence? {
        let now = clock.instant()
        return state.withLock { state in
            // A replica that cannot renew its leases has lost them, and the store refuses its writes.
            guard let fence = state.fences[source], let renewedAt = state.renewedAt, now - renewedAt < Self.time else {
                return nil
            }
            return SourceFence(source: source, holder: engine.holder, fence: fence)
        }
    }

    /// Returns the name of the replica that holds a source; nil if it is this one, or none.
    package func other(holding source: String) -> String? { state.withLock { $0.others[source] } }

    /// The number of replicas at the last look.
    package var replicaCount: Int { state.withLock(\.replicas) }

    /// Renews the heartbeat and the leases, takes free sources, and releases one if others have fewer. It is one transaction.
    func look(_ engine: Engine) async throws -> Change {
        let (known, isLeaving, hasLooked) = state.withLock { ($0.fences, $0.isLeaving, $0.hasLooked) }
        if isLeaving { return Change() }
        let instant = clock.instant()
        let (startedAt, name) = (startedAt, name)
        let result = try await engine.store.write { store in
            let now = engine.now()
            var table = try ShareTable(engine, known: known, at: now, in: store)
            try store.save(
                ReplicaRecord(
                    holder: engine.holder, name: name, sources: Set(engine.sourceNames), startedAt: startedAt,
                    seenAt: now))
            try table.decide(at: now, in: store)
            return table
        }
        return state.withLock { state in
            state.renewedAt = instant
            state.fences = result.fences
            state.others = result.others
            state.replicas = result.replicaCount
            state.hasLooked = true
            var change = Change(taken: result.taken, takenOver: result.takenOver, nextExpiry: result.nextExpiry)
            // At its first look, a daemon continues the work of an earlier start.
            if !hasLooked { change.takenOver = [] }
            change.lost = known.keys.filter { result.fences[$0] == nil }.sorted()
            return change
        }
    }

    /// Releases all sources, so that another replica takes them at once. This replica takes none any more.
    /// - Throws: ``StoreError``
    package func leave(_ engine: Engine) async throws {
        let known = state.withLock { state in
            state.isLeaving = true
            defer { state.fences = [:] }
            return state.fences
        }
        try await engine.store.write { store in
            try store.forget(replica: engine.holder)
            for (source, fence) in known {
                let name = Self.prefix + source
                guard let lease = try store.lease(ofSource: name), lease.holder == engine.holder, lease.fence == fence
                else { continue }
                try store.save(lease.released, ofSource: name)
            }
        }
    }
}

/// The leases on sources in one transaction.
private struct ShareTable: Sendable {
    private let engine: Engine
    private let leases: [String: Lease]
    private var replicas: [SourceSharing.Replica]
    private let names: [String: String]
    /// The holder of each source whose lease has not expired.
    private var holders: [String: String] = [:]
    private(set) var fences: [String: Int64] = [:]
    private(set) var taken: [String] = []
    private(set) var takenOver: [String] = []
    private(set) var nextExpiry: Duration?
    /// The replicas that ended long ago without leaving.
    private let forgotten: [String]

    /// The time for which the row of a replica that died is kept.
    private static let memory = Duration.seconds(86_400)

    init(_ engine: Engine, known: [String: Int64], at now: Timestamp, in store: any StoreReader) throws {
        self.engine = engine
        leases = try store.leases()
        let records = try store.replicas()
        forgotten = records.filter { $0.holder != engine.holder && $0.seenAt + Self.memory < now }.map(\.holder)
        names = Dictionary(records.map { ($0.holder, $0.name) }) { first, _ in first }
        replicas = records.filter { $0.holder != engine.holder && engine.isAlive($0) }.map { record in
            SourceSharing.Replica(
                id: record.holder, sources: record.sources,
                isSteady: record.startedAt + SourceShares.time <= now || record.startedAt > now + SourceShares.time)
        }
        replicas.append(SourceSharing.Replica(id: engine.holder, sources: Set(engine.sourceNames), isSteady: true))
        for (name, lease) in leases where name.hasPrefix(SourceShares.prefix) {
            let source = String(name.dropFirst(SourceShares.prefix.count))
            if lease.holder == engine.holder {
                // A lease that this process does not know is one whose commit was not confirmed.
                guard known[source] == lease.fence, !lease.isReleased else { continue }
                (holders[source], fences[source]) = (lease.holder, lease.fence)
            } else {
                let renewal = Renewal(object: name, period: SourceShares.period)
                guard engine.isInForce(lease, atMost: SourceShares.time, renewal: renewal) else { continue }
                holders[source] = lease.holder
                let rest = min(max(lease.until - now, .milliseconds(100)), SourceShares.period)
                nextExpiry = min(nextExpiry ?? rest, rest)
            }
        }
    }

    /// The names of the replicas that hold the other sources.
    var others: [String: String] {
        holders.filter { $0.value != engine.holder }.mapValues { names[$0] ?? $0 }
    }

    var replicaCount: Int { replicas.count }

    /// Renews, takes and releases leases.
    mutating func decide(at now: Timestamp, in store: any StoreWriter) throws {
        for source in fences.keys where engine.sources[source] == nil { try release(source, in: store) }
        for holder in forgotten { try store.forget(replica: holder) }
        let decision = SourceSharing(replicas, holders: holders).decision(of: engine.holder)
        if let source = decision.releases { try release(source, in: store) }
        for source in decision.takes {
            let last = leases[SourceShares.prefix + source]
            fences[source] = (last?.fence ?? 0) + 1
            holders[source] = engine.holder
            taken.append(source)
            if let last, !last.isReleased { takenOver.append(source) }
        }
        for (source, fence) in fences {
            let lease = Lease(holder: engine.holder, fence: fence, until: now + SourceShares.time)
            try store.save(lease, ofSource: SourceShares.prefix + source)
        }
    }

    private mutating func release(_ source: String, in store: any StoreWriter) throws {
        guard let fence = fences.removeValue(forKey: source) else { return }
        holders[source] = nil
        let lease = Lease(holder: engine.holder, fence: fence, until: engine.now())
        try store.save(lease.released, ofSource: SourceShares.prefix + source)
    }
}

extension Engine {
    /// Returns true if a replica has sent a heartbeat in time and is not known to have ended.
    func isAlive(_ replica: ReplicaRecord) -> Bool {
        let lease = Lease(holder: replica.holder, fence: 0, until: replica.seenAt + SourceShares.time)
        let renewal = Renewal(object: "replica \(replica.holder)", period: SourceShares.period)
        return replica.holder == holder || isInForce(lease, atMost: SourceShares.time, renewal: renewal)
    }
}
