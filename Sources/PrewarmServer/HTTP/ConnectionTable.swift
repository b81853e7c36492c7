internal import Synchronization

/// The open connections, with limits in total and for each address. If a limit is reached, the table closes the connection
/// that has been idle for longest and accepts the new one. If no connection is idle, it refuses the new one.
///
/// A connection is idle while it waits for a request or for the rest of a request. No client loses an answer when an idle
/// connection is closed.
final class ConnectionTable: Sendable {
    struct Limits: Sendable {
        /// The most connections in total.
        let total: Int
        /// The most connections from one address.
        let perAddress: Int
    }

    typealias ID = Int

    fileprivate struct Entry {
        /// The key by which the connection is counted; nil if it counts only in total.
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

    /// Adds a new connection, which is idle. Closes another idle connection if a limit is reached.
    ///
    /// - Parameters:
    ///   - address: The key by which connections are counted. A connection of a trusted proxy has nil and counts only in
    ///     total.
    ///   - close: Closes the connection. It may be called from any thread.
    /// - Returns: The id of the connection, or nil if the connection is refused.
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

    /// Sets whether a connection is idle. A connection that becomes idle is the last to be closed.
    func setIdle(_ id: ID, _ isIdle: Bool) {
        state.withLock { $0.setIdle(id, isIdle) }
    }

    /// Removes a connection that has ended. Does nothing if the connection is not in the table.
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

/// A linked list of ids in the order in which they were appended. Each operation takes constant time.
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
