import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The route that ends the wait of a claim. ``ClaimRoutes`` returns its place in the queue.
enum TicketRoutes {
    static let all = [
        Route(
            method: .delete, template: "/claims/{claim}", name: "cancelWait", summary: "End the wait of a claim",
            description: """
                Removes a waiting claim from the queue of its preset. A claimer may remove only its own claims. \
                404: no claim with this id waits.
                """,
            permission: .ofObjectForClaimers, answers: [(200, ClaimDocument.self)], problems: [404]
        ) { api, call in
            let id = ClaimID(call.path["claim"] ?? "")
            guard let place = try await api.engine.place(of: id) else { throw Problem(unknownTicket: id) }
            let presets = call.principal.presets(of: place.ticket)
            guard let first = presets.first else { throw Problem(unknownTicket: id) }
            try call.require(.claim(first, owner: place.ticket.owner))
            guard presets.count == place.ticket.presets.count else {
                throw AccessError(
                    .refused, "the claim also waits for presets outside the scope of \(call.principal.auditName)")
            }
            // The claim may have been granted since.
            guard try await api.engine.cancelWait(id) != nil else { throw Problem(unknownTicket: id) }
            guard let document = ClaimDocument(place, for: call.principal) else { throw Problem(unknownTicket: id) }
            return APIAnswer(document).audited(
                call.entry("cancel wait", "preset", place.ticket.preset.description, at: api.engine.now()))
        }
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
