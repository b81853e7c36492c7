internal import Synchronization

/// The open connections, bounded in all and for each address. Where a bound is reached, the connection that has been
/// idle for longest gives way to the new one; where none is idle, the new one is refused.
///
/// A connection is idle while it waits for a request, or for the rest of one: no client misses an answer when it is closed.
final class ConnectionTable: Sendable {
    struct Limits: Sendable {
        let total: Int
        /// Of the connections from one address.
        let perAddress: Int
    }

    typealias ID = Int

    fileprivate struct Entry {
        /// Nil: no address is counted for it.
        let address: String?
        let close: @Sendable () -> Void
    }

    fileprivate struct State {
        var nextID = 0
        var entries: [ID: Entry] = [:]
        var counts: [String: Int] = [:]
        var idle = IdleOrder()
        var idleByAddress: [String: IdleOrder] = [:]
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Counts a new connection, which is idle. Closes an idle one where there is no room for it.
    ///
    /// - Parameters:
    ///   - address: what its connections are counted by; nil, for a proxy that is trusted, counts in all only.
    ///   - close: closes the connection; is called from any thread.
    /// - Returns: nil where it is refused.
    func open(address: String?, close: @escaping @Sendable () -> Void) -> ID? {
        var evicted: [Entry] = []
        let id = state.withLock { state -> ID? in
            if let address, state.counts[address] ?? 0 >= limits.perAddress {
                guard let oldest = state.idleByAddress[address]?.first else { return nil }
                if let entry = state.remove(oldest) { evicted.append(entry) }
            }
            if state.entries.count >= limits.total {
                guard let oldest = state.idle.first else { return nil }
                if let entry = state.remove(oldest) { evicted.append(entry) }
            }
            return state.insert(Entry(address: address, close: close))
        }
        for entry in evicted { entry.close() }
        return id
    }

    /// Notes that a connection waits for its client, from now on, or no longer does.
    func setIdle(_ id: ID, _ isIdle: Bool) {
        state.withLock { $0.setIdle(id, isIdle) }
    }

    func closed(_ id: ID) {
        state.withLock { _ = $0.remove(id) }
    }

    var count: Int { state.withLock { $0.entries.count } }
}

extension ConnectionTable.State {
    fileprivate mutating func insert(_ entry: ConnectionTable.Entry) -> ConnectionTable.ID {
        nextID += 1
        entries[nextID] = entry
        if let address = entry.address { counts[address, default: 0] += 1 }
        setIdle(nextID, true)
        return nextID
    }

    fileprivate mutating func setIdle(_ id: ConnectionTable.ID, _ isIdle: Bool) {
        guard let entry = entries[id] else { return }
        idle.remove(id)
        if isIdle { idle.append(id) }
        guard let address = entry.address else { return }
        idleByAddress[address, default: IdleOrder()].remove(id)
        if isIdle { idleByAddress[address, default: IdleOrder()].append(id) }
    }

    fileprivate mutating func remove(_ id: ConnectionTable.ID) -> ConnectionTable.Entry? {
        setIdle(id, false)
        guard let entry = entries.removeValue(forKey: id) else { return nil }
        guard let address = entry.address, let count = counts[address] else { return entry }
        counts[address] = count > 1 ? count - 1 : nil
        if count == 1 { idleByAddress[address] = nil }
        return entry
    }
}

/// Numbers in the order in which they were appended; each of the operations takes constant time.
private struct IdleOrder {
    private var links: [Int: (previous: Int?, next: Int?)] = [:]
    private(set) var first: Int?
    private var last: Int?

    mutating func append(_ id: Int) {
        links[id] = (last, nil)
        if let last { links[last]?.next = id } else { first = id }
        last = id
    }

    mutating func remove(_ id: Int) {
        guard let link = links.removeValue(forKey: id) else { return }
        if let previous = link.previous { links[previous]?.next = link.next } else { first = link.next }
        if let next = link.next { links[next]?.previous = link.previous } else { last = link.previous }
    }
}
