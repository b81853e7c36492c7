internal import PrewarmCore
internal import PrewarmEngine

/// The state that replicas share.
extension MemoryTransaction {
    /// The largest number of sync requests that are kept.
    private static let requestsLimit = 1000

    func replicas() -> [ReplicaRecord] { state.replicas.values.sorted(on: \.holder) }
    func save(_ replica: ReplicaRecord) { state.replicas[replica.holder] = replica }
    func forget(replica holder: String) { state.replicas[holder] = nil }
    func leases() -> [String: Lease] { state.leases }

    func pulls() -> [String: PullRecord] { state.pulls }
    func save(_ pull: PullRecord) { state.pulls[pull.source] = pull }

    func syncRequest(_ id: String) -> SyncRequestRecord? { state.syncRequests[id] }

    /// The ids grow with time, so the oldest requests have the smallest ones.
    func insert(_ request: SyncRequestRecord) {
        state.syncRequests[request.id] = request
        for id in state.syncRequests.keys.sorted().dropLast(Self.requestsLimit) { state.syncRequests[id] = nil }
    }
}
