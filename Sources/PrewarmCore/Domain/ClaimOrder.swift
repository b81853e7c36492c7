/// The assignment of ready workspaces to waiting claims.
///
/// The claims are looked at in the order of the queue. Each one is assigned a workspace of the first of its presets that has
/// one left. So a claim that waits for several presets keeps one workspace for itself, and not one in each of its queues. An
/// owner's claims are assigned no more workspaces than the owner may still get.
///
/// Example: a has 1 ready workspace, and b has 1. The claim s waits for a and b, then t waits for a, then u waits for b. The
/// workspace of a is for s, and that of b is for u.
package struct ClaimOrder: Sendable {
    /// The preset whose workspace is for a claim. Claims without one are not in it.
    package private(set) var assigned: [ClaimID: PresetKey] = [:]
    /// The numbers of ready workspaces of each preset that are for no claim.
    package private(set) var left: [PresetKey: Int]
    /// The numbers of workspaces that owners may still get. Owners without a limit are not in it.
    private var room: [Owner: Int]
    private let tickets: [Ticket]

    /// - Parameters:
    ///   - tickets: The claims that wait, in any order.
    ///   - ready: The numbers of workspaces that claims may take, by preset.
    ///   - room: The numbers of workspaces that owners may still get; owners without a limit are left out.
    package init(_ tickets: [Ticket], ready: [PresetKey: Int], room: [Owner: Int] = [:]) {
        self.tickets = tickets.sorted { $0.comes(before: $1) }
        left = ready
        self.room = room
        for ticket in self.tickets { assign(ticket) }
    }

    private mutating func assign(_ ticket: Ticket) {
        if let room = room[ticket.owner], room <= 0 { return }
        guard let preset = ticket.presets.first(where: { left[$0, default: 0] > 0 }) else { return }
        assigned[ticket.id] = preset
        left[preset, default: 0] -= 1
        room[ticket.owner]? -= 1
    }

    /// Returns the claims that wait for a preset and get no workspace now, in the order of the queue. Claims of owners who may
    /// get no further workspace are left out.
    package func waiting(for preset: PresetKey) -> [Ticket] {
        Self.within(room, tickets.lazy.filter { assigned[$0.id] == nil && $0.presets.contains(preset) })
    }

    /// Returns the claims in their order, of each owner at most as many as it may still get workspaces.
    /// - Parameters:
    ///   - room: The numbers of workspaces that owners may still get; owners without a limit are left out.
    ///   - tickets: The claims, in the order of the queue.
    package static func within(_ room: [Owner: Int], _ tickets: some Sequence<Ticket>) -> [Ticket] {
        var room = room
        return tickets.filter { ticket in
            guard let rest = room[ticket.owner] else { return true }
            room[ticket.owner] = rest - 1
            return rest > 0
        }
    }
}
