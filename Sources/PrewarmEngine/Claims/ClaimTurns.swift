import PrewarmCore

/// The workspaces that one claim may take now, as one transaction knows them.
struct ClaimTurns {
    enum Turn {
        /// One of the ready workspaces is for the claim.
        case ready
        /// No ready workspace is for the claim. No other claim comes before it, so it may get a workspace that is created.
        case cold
        /// Other claims come first.
        case none
    }

    private let claim: ClaimID
    /// True if the claim waits already.
    private let isWaiting: Bool
    /// The claims that come before this one, and this one if it waits; nil if no claim waits.
    private let order: ClaimOrder?
    var supply: ClaimSupply

    /// - Parameters:
    ///   - presets: The presets that the claim may get. Those that other claims wait for are read from the store.
    ///   - dead: The processes that are known to have ended; nil if nothing is known.
    /// - Throws: ``HoldersUnknown``, ``StoreError``
    init(
        of attempt: ClaimAttempt, at presets: [Preset], _ engine: Engine, without dead: Set<String>?, at now: Timestamp,
        in store: any StoreReader
    ) throws {
        claim = attempt.id
        supply = try ClaimSupply(engine, count: presets.count, at: now, in: store)
        var tickets = try engine.tickets(around: presets.map(\.key), without: dead, at: now, in: store)
        let own = tickets.firstIndex { $0.id == attempt.id }
        isWaiting = own != nil
        // A request asks for this claim now.
        if let own { tickets[own].expiresAt = nil }
        // A claim that does not wait yet comes behind all of its priority.
        if own == nil { tickets.removeAll { $0.priority < attempt.priority } }
        order =
            tickets.isEmpty ? nil : try engine.order(tickets, known: presets, &supply, at: now, in: store)
    }

    /// Returns what the claim may take from a preset now.
    mutating func turn(at preset: Preset, in store: any StoreReader) throws -> Turn {
        guard let order else { return try supply.claimable(preset, in: store) > 0 ? .ready : .cold }
        if let assigned = order.assigned[claim] { return assigned == preset.key ? .ready : .none }
        if isWaiting { return order.waiting(for: preset.key).first?.id == claim ? .cold : .none }
        if try order.left[preset.key] ?? supply.claimable(preset, in: store) > 0 { return .ready }
        return order.waiting(for: preset.key).isEmpty ? .cold : .none
    }
}

extension Engine {
    /// The time after the end of its request for which a waiting claim still keeps a ready workspace from others. Its place in
    /// the queue is kept longer (``Ticket/absence``).
    private static let offer = Duration.seconds(5)

    /// Returns the claims that wait for a preset, and those among them that may try to get a workspace now: the ones for which a
    /// workspace is ready, and one more if a claim may get a workspace that is created for it.
    func front(
        of preset: PresetKey, without dead: Set<String>, in store: any StoreReader
    ) throws -> (queue: [ClaimID], front: Set<ClaimID>) {
        let now = now()
        let queue = try waiting(for: preset, without: dead, at: now, in: store).map(\.id)
        // A preset that is removed or retired meanwhile refuses all claims.
        guard !queue.isEmpty, let found = try store.presets([preset])?.first, found.retirement == nil else {
            return (queue, Set(queue))
        }
        var supply = try ClaimSupply(self, count: 1, at: now, in: store)
        let tickets = try tickets(around: [preset], without: dead, at: now, in: store)
        let order = try order(tickets, known: [found], &supply, at: now, in: store)
        var front = Set(queue.filter { order.assigned[$0] == preset })
        if try supply.offersCold(found, in: store), let next = order.waiting(for: preset).first {
            front.insert(next.id)
        }
        return (queue, front)
    }

    /// Returns the assignment of ready workspaces to claims.
    /// - Parameter known: Presets that need not be read.
    fileprivate func order(
        _ tickets: [Ticket], known: [Preset], _ supply: inout ClaimSupply, at now: Timestamp, in store: any StoreReader
    ) throws -> ClaimOrder {
        let tickets = tickets.filter { !isAway($0, at: now) }
        let known = Dictionary(known.map { ($0.key, $0) }) { first, _ in first }
        var ready: [PresetKey: Int] = [:]
        for key in Set(tickets.flatMap(\.presets)) {
            guard let preset = try known[key] ?? store.presets([key])?.first, preset.retirement == nil else { continue }
            ready[key] = try supply.claimable(preset, in: store)
        }
        return ClaimOrder(tickets, ready: ready, room: try room(of: Set(tickets.map(\.owner)), in: store))
    }

    /// Returns the claims that wait for one of the presets, and all claims whose assignment may change theirs: those that wait
    /// for another preset of the same claims, and the other claims of owners who may hold a limited number of workspaces. It
    /// reads only these, since a claim looks for them in the transaction that decides it.
    /// - Parameter dead: The processes that are known to have ended; nil if nothing is known.
    /// - Throws: ``HoldersUnknown``, ``StoreError``
    fileprivate func tickets(
        around presets: [PresetKey], without dead: Set<String>?, at now: Timestamp, in store: any StoreReader
    ) throws -> [Ticket] {
        guard try store.ticketCount(of: nil) > 0 else { return [] }
        var found: [ClaimID: Ticket] = [:]
        var (open, seen) = (presets, Set(presets))
        var owners: Set<Owner> = []
        while let preset = open.popLast() {
            var near = try waiting(for: preset, without: dead, at: now, in: store)
            for owner in Set(near.map(\.owner)) where policy.owners.limits(of: owner).claims != nil {
                guard owners.insert(owner).inserted else { continue }
                near += try alive(store.tickets(of: owner), without: dead, at: now, in: store)
            }
            for ticket in near where found.updateValue(ticket, forKey: ticket.id) == nil {
                open += ticket.presets.filter { seen.insert($0).inserted }
            }
        }
        return Array(found.values)
    }

    /// Returns true if no request continued a claim for a while, so that it keeps no workspace from others.
    private func isAway(_ ticket: Ticket, at now: Timestamp) -> Bool {
        guard let end = ticket.expiresAt else { return false }
        return end - now < Ticket.absence - Self.offer
    }
}
