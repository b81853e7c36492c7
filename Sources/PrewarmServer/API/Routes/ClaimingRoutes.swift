import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that claim workspaces.
enum ClaimingRoutes {
    /// The claim parameters of a request.
    static let parameters = Field.optional(
        "parameters", .parameters,
        "the claim parameters by name, as the template defines them; values of secret parameters are never stored")

    private static let body: [Field] = [
        .optional(
            "owner", .text(maximum: Owner.nameLimit),
            "the name of the owner (default: the name of a claimer; operators must name an owner)"),
        .optional(
            "wait", .duration,
            "how long to wait for a ready workspace; one request waits at most 5m (default: no wait)"),
        .optional(
            "for", .duration,
            "the length of the lease, at most `lease.max` of the preset (default: `lease.ttl` of the preset)"),
        .optional(
            "continues", .characters("a-z0-9", maximum: 64),
            "the claim or the ticket of the last answer, which waited for the same preset and owner"),
        .optional(
            "queue", .boolean,
            "whether to answer 202 with a ticket when the wait of the request is over (default: false)"),
        .optional(
            "priority", .integer(Ticket.priorities),
            "the priority in the queue, at most the one of the caller's token (default: the one of the token)"),
        parameters,
    ]

    private static let selection: [Field] = [
        .required(
            "select", .selector, "the labels and parameters that the preset must have, for example {\"lang\": \"go\"}"),
        .optional(
            "prefer", .selectors(maximum: Selection.mostPreferences),
            "labels and parameters that the preset should have, the most important first"),
    ]

    private static let answers = """
        If no workspace is ready, `wait` waits for one. One request waits at most 5m; if `wait` is longer, the \
        answer 409 has the member `claim`, and a request with `continues` goes on with the same claim. \
        201: the workspace is claimed; `cold` is true while it is still being created. \
        202 with a workspace: the workspace is claimed, and its handover goes on: `handover` is then `pending`. \
        202 with a ticket: `queue` is true, and the claim waits. Its place in the queue is kept for 30s, until a \
        request with `continues` goes on with it. \
        After a handover, `credentials` has what the provisioner gives to the owner. \
        With an `Idempotency-Key`, a repeated request returns the same workspace.
        """

    private static let refusals = """
        422: the key was used for another claim or owner, or `parameters` are invalid; `errors` lists all errors. \
        429: the owner holds as many workspaces as it may, and `holds` lists them; or too many claims wait. \
        502: a workspace that was created for this claim failed, or its handover. \
        503: the store is a restored copy and waits for an approval.
        """

    static let all = [
        Route(
            method: .post, template: "/presets/{preset}/claims", name: "claim",
            summary: "Claim a workspace",
            description: """
                Gives a ready workspace to an owner. A claimer may only claim for itself: `owner` is then its own name, and may be left out. \
                If the preset is deprecated with `redirect`, the workspace is one of its replacement, and `redirectedFrom` has \
                the name of the preset. \
                \(answers) \
                404: there is no such preset. 409: no workspace is ready, the preset is retired, several sources have a \
                preset of this name, or the workspace of this key was released. \
                \(refusals)
                """,
            permission: .ofObjectForClaimers, query: [PresetRoutes.source], body: body, takesIdempotencyKey: true,
            endsWithCaller: true,
            answers: [(201, WorkspaceDocument.self), (202, WorkspaceDocument.self), (202, ClaimDocument.self)],
            problems: [404, 409, 410, 422, 429, 502]
        ) { api, call in try await answer(api, call, selection: nil) },
        Route(
            method: .post, template: "/claims", name: "claimSelected",
            summary: "Claim a workspace of a matching preset",
            description: """
                Gives a ready workspace of a preset with the labels and parameters of `select` to an owner. Only presets count \
                from which the caller may claim. The order is: presets that can give a workspace now, the first matching \
                member of `prefer`, a ready workspace before one that is created, the larger free share, the name. \
                `selection` says why the preset was chosen. A claim that waits is in the queues of the best \(Selection.mostPresets) \
                matching presets. A claimer may only claim for itself. \
                \(answers) \
                404: no preset matches. 409: no workspace is ready, or the workspace of this key was released. \
                \(refusals)
                """,
            permission: .ofObjectForClaimers, body: selection + body, takesIdempotencyKey: true, endsWithCaller: true,
            answers: [(201, WorkspaceDocument.self), (202, WorkspaceDocument.self), (202, ClaimDocument.self)],
            problems: [404, 409, 410, 422, 429, 502]
        ) { api, call in try await answer(api, call, selection: call.selection) },
    ]

    /// - Parameter selection: The selection of the claim; nil if the path names the preset.
    private static func answer(_ api: API, _ call: APICall, selection: Selection?) async throws -> APIAnswer {
        let granted: Claiming.Granted
        do {
            granted = try await Claiming(api: api, call: call, selection: selection).run()
        } catch let waiting as StillWaiting {
            guard let document = ClaimDocument(waiting.place, for: call.principal) else { throw waiting }
            return APIAnswer(
                document, status: 202, location: "/api/v1/claims/\(waiting.place.ticket.id)")
        }
        let (workspace, others, claim) = (granted.workspace, granted.others, granted.claim)
        guard var document = WorkspaceDocument(workspace, ttl: nil, claim: claim, for: call.principal) else {
            throw ClaimError.unknownWorkspace(workspace.name)
        }
        let clamp = try await call.clamp(of: workspace, claim, in: api.engine)
        document.clampedBy = clamp.map { Choice($0) }
        document.cold = workspace.isCold ? true : nil
        document.otherPresets = others.isEmpty ? nil : others.map(\.description)
        document.redirectedFrom = granted.redirectedFrom
        document.selection = granted.selection
        granted.handover.add(to: &document)
        return APIAnswer(
            document, status: workspace.handover == .pending ? 202 : 201,
            location: "/api/v1/workspaces/\(workspace.id)"
        ).secret
    }
}

extension APICall {
    /// The selection in the body; nil if the body has none.
    fileprivate var selection: Selection? {
        body["select"]?.selector.map { selector in
            Selection(selector, preferences: body["prefer"]?.elements.compactMap(\.selector) ?? [])
        }
    }
}

extension Value {
    /// The selector that an object says; nil if it is no selector.
    var selector: PresetSelector? {
        guard case .object(let members) = self, Set(members.map(\.key)).count == members.count else { return nil }
        let pairs = members.compactMap { key, value in value.parameter?.selectable.map { (key: key, value: $0) } }
        guard pairs.count == members.count else { return nil }
        return try? PresetSelector(pairs)
    }
}
