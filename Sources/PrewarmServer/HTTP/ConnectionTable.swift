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

    /// The time at which an idle connection has to close for another.
    enum Closing: Sendable {
        case now
        /// In a moment, unless its request has arrived while the daemon accepted other connections.
        case soon
    }

    fileprivate struct Entry {
        /// The key by which the connection is counted; nil if it counts only in total.
        let address: String?
        let close: @Sendable (Closing) -> Void
    }

    fileprivate struct State {
        var nextID = 0
        var entries: [ID: Entry] = [:]
        /// The connections that were asked to close and are still open.
        var leaving: [ID: Entry] = [:]
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
    func open(address: String?, close: @escaping @Sendable (Closing) -> Void) -> ID? {
        var evicted: [Entry] = []
        // At most an eighth of the connections is open beyond the limits for a moment.
        var closing = Closing.soon
        let id = state.withLock { state -> ID? in
            closing = state.leaving.count < limits.total / 8 ? .soon : .now
            if let address, state.counts[address] ?? 0 >= limits.perAddress {
                guard let oldest = state.idleByAddress[address]?.first else { return nil }
                if let entry = state.evict(oldest) { evicted.append(entry) }
            }
            if state.entries.count >= limits.total {
                guard let oldest = state.idle.first else { return nil }
                if let entry = state.evict(oldest) { evicted.append(entry) }
            }
            state.nextID += 1
            state.insert(Entry(address: address, close: close), as: state.nextID)
            state.setIdle(state.nextID, true)
            return state.nextID
        }
        for entry in evicted { entry.close(closing) }
        return id
    }

    /// Sets whether a connection is idle. A connection that becomes idle is the last to be closed. A connection that was asked
    /// to close, and is not idle any more, stays.
    func setIdle(_ id: ID, _ isIdle: Bool) {
        state.withLock { state in
            if !isIdle, let entry = state.leaving.removeValue(forKey: id) { state.insert(entry, as: id) }
            state.setIdle(id, isIdle)
        }
    }

    /// Removes a connection that has ended. Does nothing if the connection is not in the table.
    func closed(_ id: ID) {
        state.withLock { state in
            if state.leaving.removeValue(forKey: id) == nil { _ = state.remove(id) }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }
}

extension ConnectionTable.State {
    fileprivate mutating func insert(_ entry: ConnectionTable.Entry, as id: ConnectionTable.ID) {
        entries[id] = entry
        if let address = entry.address { counts[address, default: 0] += 1 }
    }

    fileprivate mutating func evict(_ id: ConnectionTable.ID) -> ConnectionTable.Entry? {
        let entry = remove(id)
        leaving[id] = entry
        return entry
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
