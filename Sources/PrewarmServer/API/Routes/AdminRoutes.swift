import PrewarmCore
import PrewarmEngine

/// For whoever runs prewarm.
enum AdminRoutes {
    static let all = [
        Route(
            method: .get, template: "/audit", name: "listAudit",
            summary: "Who changed what, from where, the newest first", permission: .administer,
            query: [LookRoutes.limit, .optional("cursor", .text(maximum: 20), "where the part before ended")],
            answers: [(200, "[]AuditEntry")]
        ) { api, call in
            let limit = call.number("limit") ?? 1000
            let before = call.text("cursor").flatMap { Int64($0) }
            if call.text("cursor") != nil, before == nil {
                throw Problem("BadField", status: 400, "cursor in the query: expected the one of the part before")
            }
            let records = try await api.engine.store.read { try $0.audit(before: before, limit: limit + 1) }
            let more = records.count > limit ? records[limit - 1].sequence : nil
            return APIAnswer(.array(records.prefix(limit).map { Value($0) }), nextCursor: more.map { "\($0)" })
        },
        Route(
            method: .get, template: "/deliveries", name: "listDeliveries",
            summary: "The last webhook deliveries, the newest first", permission: .administer,
            answers: [(200, "[]Delivery")]
        ) { api, _ in APIAnswer(.array((api.deliveries?.deliveries ?? []).map { Value($0) })) },
        Route(
            method: .get, template: "/tokens", name: "listTokens", summary: "API tokens, without their secrets",
            permission: .administer, answers: [(200, "[]Token")]
        ) { api, _ in
            APIAnswer(.array(try await AccessTokens(api.engine.store).list().map { Value($0, now: api.engine.now()) }))
        },
    ]
}
