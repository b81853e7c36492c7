/// The rules by which replicas share out the sources. Each replica asks for its own decision, in a transaction that only one
/// of them runs at a time, so all of them see the same state.
///
/// - A source that no replica holds goes to the replica with the fewest sources, among those that are configured for it.
/// - If all sources are held, the replica with the most sources releases one when another one has at least two fewer. So
///   sources move one at a time, and none moves when the numbers differ by at most one.
///
/// Example with four sources: `a` holds four, and `b` joins. `a` releases one source, and `b` takes it. Then `a` has three
/// and `b` has one, so `a` releases another one. With two each, nothing moves any more.
package struct SourceSharing: Hashable, Sendable {
    /// A replica that is alive.
    package struct Replica: Hashable, Sendable {
        package let id: String
        /// The sources of its configuration.
        package let sources: Set<String>
        /// False for a while after its start. Until then, other replicas release no source for it, so that a replica that ends
        /// again and again moves nothing.
        package let isSteady: Bool

        package init(id: String, sources: Set<String>, isSteady: Bool) {
            self.id = id
            self.sources = sources
            self.isSteady = isSteady
        }
    }

    /// The changes that one replica makes now.
    package struct Decision: Hashable, Sendable {
        /// The sources that it takes, in the order of their names.
        package var takes: [String] = []
        /// The source that it releases for another replica.
        package var releases: String?
    }

    /// The replicas in the order of their ids.
    private let replicas: [Replica]
    /// The replica that holds each source; a source that is not held has no entry.
    private let holders: [String: String]

    /// - Parameter holders: The replica that holds each source. It may be one that is no longer among `replicas`.
    package init(_ replicas: [Replica], holders: [String: String]) {
        self.replicas = replicas.sorted { $0.id < $1.id }
        self.holders = holders
    }

    /// Returns what a replica does now.
    package func decision(of id: String) -> Decision {
        var loads: [String: Int] = [:]
        for holder in holders.values { loads[holder, default: 0] += 1 }
        let free = Set(replicas.flatMap(\.sources)).subtracting(holders.keys).sorted()
        guard free.isEmpty else { return Decision(takes: taken(free, by: id, loads)) }
        return Decision(releases: released(loads).flatMap { $0.giver == id ? $0.source : nil })
    }

    private func taken(_ free: [String], by id: String, _ loads: [String: Int]) -> [String] {
        var (loads, taken) = (loads, [String]())
        for source in free {
            let candidates = replicas.filter { $0.sources.contains(source) }
            // Of equal ones, the first one by its id.
            guard let next = candidates.min(by: { loads[$0.id] ?? 0 < loads[$1.id] ?? 0 }) else { continue }
            loads[next.id, default: 0] += 1
            if next.id == id { taken.append(source) }
        }
        return taken
    }

    /// Returns the source that is released next, and the replica that holds it; nil if the sources are shared out.
    private func released(_ loads: [String: Int]) -> (giver: String, source: String)? {
        let givers = loads.keys.sorted { (loads[$1] ?? 0, $0) < (loads[$0] ?? 0, $1) }
        for giver in givers {
            let most = (loads[giver] ?? 0) - 2
            let receivers = replicas.filter { $0.id != giver && $0.isSteady && loads[$0.id] ?? 0 <= most }
            let held = holders.filter { $0.value == giver }.keys.sorted()
            if let source = held.last(where: { name in receivers.contains { $0.sources.contains(name) } }) {
                return (giver, source)
            }
        }
        return nil
    }
}
