import PrewarmCore
import PrewarmEngine

/// Routes for claims that wait in the queue of a preset.
enum TicketRoutes {
    static let all = [
        Route(
            method: .get, template: "/claims/{claim}", name: "getTicket", summary: "Get the place of a waiting claim",
            description: """
                Returns the place of a claim in the queue of its preset, when a workspace is expected, and why it waits. \
                A claimer may get only its own claims. 404: no claim with this id waits.
                """,
            permission: .ofObjectForClaimers, answers: [(200, "Ticket")], problems: [404]
        ) { api, call in
            let id = ClaimID(call.path["claim"] ?? "")
            guard let place = try await api.engine.place(of: id) else { throw Problem(unknownTicket: id) }
            try call.require(.claim(place.ticket.preset, owner: place.ticket.owner))
            return APIAnswer(Value(place))
        },
        Route(
            method: .delete, template: "/claims/{claim}", name: "cancelWait", summary: "End the wait of a claim",
            description: """
                Removes a waiting claim from the queue of its preset. A claimer may remove only its own claims. \
                404: no claim with this id waits.
                """,
            permission: .ofObjectForClaimers, answers: [(200, "Ticket")], problems: [404]
        ) { api, call in
            let id = ClaimID(call.path["claim"] ?? "")
            guard let place = try await api.engine.place(of: id) else { throw Problem(unknownTicket: id) }
            try call.require(.claim(place.ticket.preset, owner: place.ticket.owner))
            _ = try await api.engine.cancelWait(id)
            return APIAnswer(Value(place)).audited(
                call.entry("cancel wait", "preset", place.ticket.preset.description, at: api.engine.now()))
        },
    ]
}

/// The answer of a request whose wait is over while its claim goes on waiting.
struct StillWaiting: Error {
    let place: TicketPlace
}

extension Problem {
    fileprivate init(unknownTicket id: ClaimID) {
        self.init(
            "NotFound", status: 404, "cannot find a waiting claim \"\(id.rawValue.forMessage)\"",
            hint: "a claim waits until it gets a workspace, or until 30s after its last request; claim again")
    }
}

extension Value {
    /// The document of a waiting claim.
    init(_ place: TicketPlace) {
        let ticket = place.ticket
        self = .object(known: [
            "ticket": .string(ticket.id.rawValue), "preset": .string(ticket.preset.name),
            "source": .string(ticket.preset.source), "owner": .string(ticket.owner.name),
            "priority": .int(ticket.priority), "since": Value(ticket.since), "position": .int(place.position),
            "waiting": .int(place.length), "starting": .int(place.starting),
            "eta": place.expectedAt.map { Value($0) }, "why": place.obstacle.map { .string($0) },
            "expiresAt": ticket.expiresAt.map { Value($0) },
        ])
    }
}
