import PrewarmCore
import PrewarmEngine

/// For whoever runs prewarm.
enum AdminRoutes {
    static let all = [
        Route(
            method: .get, template: "/audit", name: "listAudit",
            summary: "Who changed what, from where, the newest first", permission: .administer,
            query: [
                LookRoutes.limit, .optional("cursor", .characters("0-9", maximum: 18), "where the part before ended"),
            ],
            answers: [(200, "[]AuditEntry")]
        ) { api, call in
            let limit = call.number("limit") ?? 1000
            let before = call.text("cursor").flatMap { Int64($0) }
            let records = try await api.engine.store.read { try $0.audit(before: before, limit: limit + 1) }
            let more = records.count > limit ? records[limit - 1].sequence : nil
            return APIAnswer(.array(records.prefix(limit).map { Value($0) }), nextCursor: more.map { "\($0)" })
        },
        Route(
            method: .get, template: "/deliveries", name: "listDeliveries",
            summary: "The last webhook deliveries, the newest first", permission: .administer,
            answers: [(200, "[]Delivery")]
        ) { api, _ in APIAnswer(.array((api.deliveries?.deliveries ?? []).map { Value($0) })) },
    ]
}
