import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that read and release workspaces.
enum WorkspaceRoutes {
    static let all = [
        Route(
            method: .get, template: "/workspaces", name: "listWorkspaces",
            summary: "List workspaces",
            description: """
                Returns the workspaces in the caller's scope, by id. Deleted workspaces are listed only with `state=deleted`. \
                404: there is no such preset. 409: several sources have a preset of this name; use `source/name`.
                """,
            permission: .look,
            query: [
                .optional("preset", .text(maximum: 512), "only workspaces of this preset: name or source/name"),
                .optional("state", .choice(WorkspaceState.allCases.map(\.rawValue)), "only workspaces in this state"),
                .optional(
                    "owner", .text(maximum: Owner.nameLimit),
                    "only workspaces of owners with this name; a claimer always gets its own workspaces"),
                .optional(
                    "idempotencyKey", .text(maximum: 256), "only the workspace that the caller claimed with this key"),
                LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), LookRoutes.cursor),
            ], answers: [(200, [WorkspaceDocument].self)], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit"))
            let owners = call.principal.role == .claimer ? call.principal.ownNames : call.text("owner").map { [$0] }
            let states = call.text("state").flatMap(WorkspaceState.init(rawValue:)).map { [$0] } ?? []
            let after = call.text("cursor").map { WorkspaceID($0) }
            let claimKey = call.text("idempotencyKey").map(call.principal.claimKey)
            let (workspaces, ttls, claims) = try await api.engine.store.read { store in
                let key = try preset.map { try call.preset(named: $0, of: api.engine, in: store) }
                let filter = WorkspaceFilter(
                    preset: key, states: states, owners: owners, claimKey: claimKey, after: after,
                    limit: limit.map { $0 + 1 })
                let workspaces = try store.workspaces(filter)
                return (workspaces, try store.ttls(), try store.claims(of: workspaces))
            }
            return call.cut(workspaces, by: \.id.rawValue) { workspace in
                WorkspaceDocument(
                    workspace, ttl: ttls[workspace.preset] ?? nil, claim: claims[workspace.id], for: call.principal)
            }
        },
        Route(
            method: .get, template: "/workspaces/{workspace}", name: "getWorkspace",
            summary: "Get a workspace",
            description: """
                Returns a workspace by its id or name, with its commit, its manifest and its operations. \
                A claimer may get only the workspaces that it has claimed. 404: there is no such workspace.
                """,
            permission: .ofObject, answers: [(200, WorkspaceDescription.self)], problems: [404]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.lookAtWorkspace(workspace.preset, owner: workspace.owner))
            return APIAnswer(try await api.engine.describeWorkspace(workspace.id.rawValue, for: call.principal))
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/release", name: "release",
            summary: "Release a workspace",
            description: """
                Ends a claim. prewarm then deletes the workspace; releasing it again changes nothing. \
                A claimer may release only the workspaces that it has claimed. \
                202: the workspace is being deleted. 404: there is no such workspace. 409: it is not claimed. \
                410: the lease of the claim ended before, or an operator revoked the claim.
                """,
            permission: .ofObjectForClaimers,
            body: [],
            answers: [(202, WorkspaceDocument.self)], problems: [404, 409, 410]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.release(workspace.preset, owner: workspace.owner))
            let released = try await api.engine.release(workspace.id.rawValue, by: call.caller.name)
            api.daemon?.replan()
            guard let document = WorkspaceDocument(released, ttl: nil, for: call.principal) else {
                throw ClaimError.unknownWorkspace(released.name)
            }
            return APIAnswer(document, status: 202).audited(
                call.entry("release", "workspace", released.name, at: api.engine.now()))
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/credentials", name: "getCredentials",
            summary: "Get the credentials of a workspace",
            description: """
                Asks the provisioner again for the credentials of a claimed workspace. \
                The claim parameters are sent again; secrets are sent only if `parameters` has them. \
                A claimer may ask only for workspaces that it has claimed, an operator only for owners without a token. \
                404: there is no such workspace. 409: it was not handed over, or the handover has not ended. \
                422: `parameters` are invalid. 502: the provisioner failed.
                """,
            permission: .ofObjectForClaimers, body: [ClaimingRoutes.parameters],
            answers: [(200, WorkspaceDocument.self)], problems: [404, 409, 410, 422, 502]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.credentials(workspace.preset, owner: workspace.owner))
            let entry = call.entry("credentials", "workspace", workspace.name, at: api.engine.now())
            guard
                let handover = try await api.engine.handOverAgain(workspace.id, call.parameters, audit: entry),
                let result = try await api.result(of: handover, until: nil)
            else { throw ClaimError.handoverPending(workspace) }
            guard case .granted(let granted) = try Claiming(api: api, call: call).outcome(result),
                var document = WorkspaceDocument(granted.workspace, ttl: nil, for: call.principal)
            else { throw ClaimError.unknownWorkspace(workspace.name) }
            granted.handover.add(to: &document)
            return APIAnswer(document).secret
        },
    ]
}

extension APICall {
    /// Returns the workspace that the path names by its id or name.
    ///
    /// - Throws: ``ClaimError/unknownWorkspace(_:)`` if the caller's scope has no such workspace.
    func workspace(in api: API) async throws -> Workspace {
        try await workspace(named: path["workspace"] ?? "", in: api)
    }

    /// Returns the workspace with this id or name.
    ///
    /// - Throws: ``ClaimError/unknownWorkspace(_:)`` if the caller's scope has no such workspace.
    func workspace(named name: String, in api: API) async throws -> Workspace {
        guard let workspace = try await api.engine.store.read({ try $0.workspace(name) }), maySee(workspace.preset)
        else { throw ClaimError.unknownWorkspace(name) }
        return workspace
    }
}

extension StoreReader {
    /// Returns the `ttl` of each applied preset; nil inside if its workspaces do not expire.
    func ttls() throws -> [PresetKey: Duration?] {
        Dictionary(try presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
    }
}
