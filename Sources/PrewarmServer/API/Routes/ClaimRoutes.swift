import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that read the records of claims.
enum ClaimRoutes {
    private static let since = Field.optional(
        "since", .moment, "only claims since this time, or since this long ago")

    static let all = [
        Route(
            method: .get, template: "/claims", name: "listClaims", summary: "List claims",
            description: """
                Returns the records of claims in the caller's scope, granted or not, newest first. A claimer gets only its \
                own claims. Records are kept for 90 days after the end. \
                404: there is no such preset. 409: several sources have a preset of this name; use `source/name`.
                """,
            permission: .look,
            query: [
                .optional("preset", .text(maximum: 512), "only claims of this preset: name or source/name"),
                .optional("owner", .text(maximum: Owner.nameLimit), "only claims of owners with this name"),
                .optional("mine", .boolean, "true: only claims of the caller"), since, LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), LookRoutes.cursor),
            ], answers: [(200, [ClaimDocument].self)], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit") ?? 1000)
            let isOwn = call.principal.role == .claimer || call.flag("mine")
            let owners = isOwn ? call.principal.ownNames : call.text("owner").map { [$0] }
            let (since, before) = (call.past("since", now: api.engine.now()), call.text("cursor").map { ClaimID($0) })
            let claims = try await api.engine.store.read { store in
                let key = try preset.map { try call.preset(named: $0, of: api.engine, in: store) }
                return try store.claims(
                    ClaimFilter(preset: key, owners: owners, since: since, before: before, limit: limit + 1))
            }
            let isMine = { (claim: Claim) in !call.flag("mine") || call.principal.isOwner(claim.owner) }
            let more = claims.count > limit ? claims[limit - 1].id.rawValue : nil
            return APIAnswer(
                claims.prefix(limit).filter(isMine).compactMap { ClaimDocument($0, for: call.principal) },
                nextCursor: more)
        },
        Route(
            method: .get, template: "/claims/{claim}", name: "getClaim", summary: "Get a claim",
            description: """
                Returns the record of a claim. If the claim waits, `result` is `waiting`, and the document has its place in \
                the queue of its preset. With `Accept: text/event-stream` the answer is a stream: the document now and after \
                each change, until the workspace can be used or the claim has ended. \
                A claimer may get only its own claims. 404: there is no such claim.
                """,
            permission: .ofObject, answers: [(200, ClaimDocument.self)], problems: [404]
        ) { api, call in
            let id = call.path["claim"] ?? ""
            if let place = try await api.engine.place(of: ClaimID(id), for: call.principal),
                let document = ClaimDocument(place, for: call.principal)
            {
                return APIAnswer(document)
            }
            guard let claim = try await api.engine.store.read({ try $0.claim(ClaimID(id)) }),
                let document = ClaimDocument(claim, for: call.principal)
            else {
                throw Problem(
                    "UnknownClaim", status: 404, "there is no claim \"\(id)\"", hint: "see `prewarm get claims`")
            }
            return APIAnswer(document)
        },
        Route(
            method: .get, template: "/report", name: "getReport", summary: "Get a report about claims",
            description: """
                Returns for each preset or owner the numbers of claims by result, the share of hits, the time until a \
                workspace was usable (median and 95th percentile), and the hours that ready workspaces waited for a claim. \
                `unclaimed` lists the pools without a claim. A claimer sees only its own claims.
                """,
            permission: .look,
            query: [since, .optional("by", .choice(["preset", "owner"]), "the rows of the report (default: preset)")],
            answers: [(200, ClaimReportDocument.self)]
        ) { api, call in
            let now = api.engine.now()
            let start = call.past("since", now: now) ?? now - ClaimReport.standardPeriod
            let grouping = call.text("by").flatMap { ClaimReport.Grouping(rawValue: $0) } ?? .preset
            let report = try await api.engine.claimReport(since: start, by: grouping, for: call.principal)
            return APIAnswer(report.document)
        },
    ]
}

extension APICall {
    /// Returns the time that a member names; nil if the member is absent. A duration counts back from `now`.
    fileprivate func past(_ name: String, now: Timestamp) -> Timestamp? {
        text(name).flatMap { text in Timestamp(text) ?? Duration(prewarm: text).map { now - $0 } }
    }
}
