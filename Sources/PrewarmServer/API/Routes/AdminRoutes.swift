import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The audit log and the webhook deliveries, for operators.
enum AdminRoutes {
    static let all = [
        Route(
            method: .get, template: "/audit", name: "listAudit",
            summary: "List the audit log",
            description: "Returns who changed what, when, and from which address, newest first.",
            permission: .administer,
            query: [LookRoutes.limit, .optional("cursor", .characters("0-9", maximum: 18), LookRoutes.cursor)],
            answers: [(200, [AuditEntryDocument].self)]
        ) { api, call in
            let limit = call.number("limit") ?? 1000
            let before = call.text("cursor").flatMap { Int64($0) }
            let records = try await api.engine.store.read { try $0.audit(before: before, limit: limit + 1) }
            let more = records.count > limit ? records[limit - 1].sequence : nil
            return APIAnswer(records.prefix(limit).map { AuditEntryDocument($0) }, nextCursor: more.map { "\($0)" })
        },
        Route(
            method: .get, template: "/deliveries", name: "listDeliveries",
            summary: "List webhook deliveries",
            description:
                "Returns the last webhook deliveries, newest first. The list is in memory and starts empty with the daemon.",
            permission: .administer,
            answers: [(200, [DeliveryDocument].self)]
        ) { api, _ in APIAnswer((api.deliveries?.deliveries ?? []).map { DeliveryDocument($0) }) },
    ]
}
