import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that renew, hold, transfer and revoke claims.
enum LeaseRoutes {
    private static let author = Field.optional("by", .text(maximum: 256), "the author to record (default: the caller)")

    static let all = [
        Route(
            method: .post, template: "/workspaces/{workspace}/renew", name: "renew", summary: "Renew a claim",
            description: """
                Moves the end of the lease to `for` from now. An earlier end changes nothing. `clampedBy` names the bound \
                that shortened the renewal. A claimer may renew only the workspaces that it has claimed. \
                404: there is no such workspace. 409: it is not claimed, the claim has no lease, or the lease reached \
                `max`. 410: the claim has ended.
                """,
            permission: .ofObjectForClaimers,
            body: [
                .optional("for", .duration, "the time from now to the new end (default: the length of the lease)")
            ], answers: [(200, WorkspaceDocument.self)], problems: [404, 409, 410]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.keep(workspace.preset, owner: workspace.owner))
            let entry = call.entry("renew", "workspace", workspace.name, at: api.engine.now(), detail: call.text("for"))
            let held = try await api.engine.renew(workspace.id.rawValue, for: call.duration("for"), audit: entry)
            return try call.answer(held)
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/hold", name: "hold", summary: "Hold a claim",
            description: """
                The lease of the claim does not end before `until`, whatever its `max` is. It replaces an earlier hold. \
                404: there is no such workspace. 409: it is not claimed, the claim has no lease, or `until` has passed. \
                410: the claim has ended.
                """,
            permission: .ofObjectForOperators,
            body: [
                .required("until", .moment, "the end of the hold"),
                .required("reason", .text(maximum: 1000), "the reason, which is shown with the claim"), author,
            ], answers: [(200, WorkspaceDocument.self)], problems: [404, 409, 410]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.operatePreset(workspace.preset))
            let now = api.engine.now()
            guard let until = try call.moment("until", now: now) else { throw ClaimError.noLease(workspace) }
            let reason = call.text("reason") ?? ""
            let hold = ClaimLease.Hold(until: until, reason: reason, by: call.author)
            let entry = call.entry("hold", "workspace", workspace.name, at: now, detail: "until \(until): \(reason)")
            return try call.answer(try await api.engine.hold(workspace.id.rawValue, hold, audit: entry))
        },
        Route(
            method: .delete, template: "/workspaces/{workspace}/hold", name: "endHold",
            summary: "End the hold of a claim",
            description: """
                The lease of the claim ends again at its own time. \
                404: there is no such workspace. 409: it is not claimed, or the claim has no lease. 410: the claim has ended.
                """,
            permission: .ofObjectForOperators, answers: [(200, WorkspaceDocument.self)], problems: [404, 409, 410]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.operatePreset(workspace.preset))
            let entry = call.entry("end hold", "workspace", workspace.name, at: api.engine.now())
            return try call.answer(try await api.engine.hold(workspace.id.rawValue, nil, audit: entry))
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/transfer", name: "transfer",
            summary: "Give a claim to another owner",
            description: """
                Gives a claim to another owner. The lease goes on. If the provisioner hands workspaces over, it hands this one \
                over to the new owner first, with `parameters` and the parameters of the claim that are not secret. The new \
                owner asks for the credentials. If the handover fails, the former owner keeps the claim. A claimer may transfer only the workspaces that it has \
                claimed. If `policy.owners` limits claims, a claimer may transfer only to an API token that may claim, or to an \
                owner that has claimed before. 403: the new owner is unknown. \
                404: there is no such workspace. 409: it is not claimed, or a handover of it has not ended. \
                410: the claim has ended. 422: `parameters` are invalid. \
                429: the new owner holds as many workspaces as it may. 502: the handover failed.
                """,
            permission: .ofObjectForClaimers,
            body: [
                .required("to", .text(maximum: Owner.nameLimit), "the name of the new owner"),
                .optional(
                    "kind", .choice(["text", "token"]),
                    "`token` if the new owner is the API token of that name (default: text)"),
                ClaimingRoutes.parameters,
            ], answers: [(200, WorkspaceDocument.self)], problems: [404, 409, 410, 422, 502]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.keep(workspace.preset, owner: workspace.owner))
            let owner = Owner(call.text("kind") == "token" ? .token : .text, call.text("to") ?? "")
            let entry = call.entry(
                "transfer", "workspace", workspace.name, at: api.engine.now(), detail: "to \(owner)")
            let held = try await api.transfer(workspace, to: owner, call, entry)
            let document = WorkspaceDocument(held.workspace, ttl: nil, claim: held.claim, for: call.principal)
            // A claimer does not see the workspaces of others.
            return APIAnswer(
                document
                    ?? WorkspaceDocument(held.workspace, ttl: nil, claim: nil, isWhole: false))
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/revoke", name: "revoke", summary: "Revoke a claim",
            description: """
                Ends a claim, whatever its lease says. prewarm then deletes the workspace. \
                202: the workspace is being deleted. 404: there is no such workspace. 409: it is not claimed. \
                410: the claim has ended.
                """,
            permission: .ofObjectForOperators,
            body: [
                .required("reason", .text(maximum: 1000), "the reason, which later requests about the claim return"),
                author,
            ], answers: [(202, WorkspaceDocument.self)], problems: [404, 409, 410]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.operatePreset(workspace.preset))
            let reason = call.text("reason") ?? ""
            let entry = call.entry("revoke", "workspace", workspace.name, at: api.engine.now(), detail: reason)
            let revoked = try await api.engine.revoke(
                workspace.id.rawValue, reason: reason, by: call.author, audit: entry)
            api.daemon?.replan()
            guard let document = WorkspaceDocument(revoked, ttl: nil, for: call.principal) else {
                throw ClaimError.unknownWorkspace(revoked.name)
            }
            return APIAnswer(document, status: 202)
        },
    ]
}

extension API {
    /// Gives a claim to another owner, after a handover if the provisioner hands workspaces over.
    fileprivate func transfer(
        _ workspace: Workspace, to owner: Owner, _ call: APICall, _ entry: AuditEntry
    ) async throws -> HeldClaim {
        let requiresKnownOwner = call.principal.role == .claimer
        let handover = try await engine.beginTransfer(
            workspace.id, to: owner, call.parameters, requiresKnownOwner: requiresKnownOwner, audit: entry,
            for: call.principal)
        guard let handover else {
            return try await engine.transfer(
                workspace.id.rawValue, to: owner, requiresKnownOwner: requiresKnownOwner, audit: entry,
                for: call.principal)
        }
        guard let result = try await result(of: handover, until: nil) else {
            throw ClaimError.handoverPending(workspace)
        }
        switch result {
        case .done: return try await engine.claim(of: workspace.id)
        case .kept(_, let error), .replaced(_, let error), .unanswered(_, let error):
            throw Problem(transferOf: workspace, to: owner, error)
        case .interrupted: throw Problem(transferOf: workspace, to: owner, "prewarm ended the handover")
        case .ended: return try await engine.claim(of: workspace.id)
        }
    }
}

extension Problem {
    /// - Parameter error: The cause, and the end of the provisioner's log behind it. It has no secrets.
    fileprivate init(transferOf workspace: Workspace, to owner: Owner, _ error: String) {
        let former = workspace.owner?.description ?? "its owner"
        self.init(
            "HandoverFailed", status: 502,
            "cannot transfer the workspace \(workspace.name) to \(owner), so it stays with \(former): the handover failed: "
                + (error.cause ?? Operation.withoutCause),
            hint: "correct the claim parameters and transfer again. If \(former) has no access any more: "
                + "`prewarm credentials \(workspace.name)`")
        let rest = error.split(separator: "\n", omittingEmptySubsequences: true).dropFirst().joined(separator: "\n")
        if !rest.isEmpty { log = rest }
    }
}

extension APICall {
    /// Returns the answer with a claimed workspace and its lease.
    fileprivate func answer(_ held: HeldClaim) throws -> APIAnswer {
        guard var document = WorkspaceDocument(held.workspace, ttl: nil, claim: held.claim, for: principal) else {
            throw ClaimError.unknownWorkspace(held.workspace.name)
        }
        document.clampedBy = held.clamp.map { Choice($0) }
        return APIAnswer(document)
    }

    /// Returns the bound that shortened the lease of a new claim; nil if it got its time.
    func clamp(of workspace: Workspace, _ claim: Claim?, in engine: Engine) async throws -> ClaimLease.Clamp? {
        guard let requested = duration("for"), let lease = claim?.lease, lease.ttl < requested else { return nil }
        return .max
    }
}
