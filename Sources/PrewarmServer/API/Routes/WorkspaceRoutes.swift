import PrewarmCore
import PrewarmEngine

enum WorkspaceRoutes {
    static let all = [
        Route(
            method: .get, template: "/workspaces", name: "listWorkspaces",
            summary: "Workspaces in the order of their ids, deleted ones only where the state asks for them",
            permission: .look,
            query: [
                .optional("preset", .text(maximum: 512), "only of this preset"),
                .optional("state", .choice(WorkspaceState.allCases.map(\.rawValue)), "only in this state"),
                .optional("owner", .text(maximum: 256), "only of this owner"), LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), "where the part before ended"),
            ], answers: [(200, "[]Workspace")], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit"))
            // Whoever may only see its own asks for its own.
            let owner = call.principal.role == .claimer ? call.principal.name : call.text("owner")
            let states = call.text("state").flatMap(WorkspaceState.init(rawValue:)).map { [$0] } ?? []
            let after = call.text("cursor").map { WorkspaceID($0) }
            let (workspaces, ttls) = try await api.engine.store.read { store in
                let key = try preset.map { try api.engine.preset(named: $0, in: store).key }
                let filter = WorkspaceFilter(
                    preset: key, states: states, owner: owner, after: after, limit: limit.map { $0 + 1 })
                return (try store.workspaces(filter), try store.ttls())
            }
            return call.cut(workspaces, by: \.id.rawValue, isWanted: { call.access(to: $0).isAllowed }) { workspace in
                let value = Value(workspace, ttl: ttls[workspace.preset] ?? nil)
                return call.access(to: workspace) == .allowedMasked ? value.masked : value
            }
        },
        Route(
            method: .get, template: "/workspaces/{workspace}", name: "getWorkspace",
            summary: "One workspace by its id or name, where it comes from, and its operations", permission: .ofObject,
            answers: [(200, "WorkspaceDescription")], problems: [404]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            let decision = try call.require(.lookAtWorkspace(workspace.preset, owner: workspace.owner))
            let value = try await api.engine.describeWorkspace(workspace.id.rawValue)
            return APIAnswer(decision == .allowedMasked ? value.masked : value)
        },
        Route(
            method: .post, template: "/workspaces/{workspace}/release", name: "release",
            summary: "Give a claimed workspace up: it is deleted", permission: .ofObjectForClaimers,
            body: [],
            answers: [(202, "Workspace")], problems: [404, 409]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.release(workspace.preset, owner: workspace.owner))
            let released = try await api.engine.release(workspace.id.rawValue)
            api.daemon?.replan()
            return APIAnswer(Value(released, ttl: nil), status: 202).audited(
                call.entry("release", "workspace", released.name, at: api.engine.now()))
        },
    ]
}

extension APICall {
    func workspace(in api: API) async throws -> Workspace {
        let name = path["workspace"] ?? ""
        guard let workspace = try await api.engine.store.read({ try $0.workspace(name) }) else {
            throw ClaimError.unknownWorkspace(name)
        }
        return workspace
    }

    fileprivate func access(to workspace: Workspace) -> Authorization.Decision {
        Authorization.decide(principal, .lookAtWorkspace(workspace.preset, owner: workspace.owner))
    }
}

extension StoreReader {
    func ttls() throws -> [PresetKey: Duration?] {
        Dictionary(try presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
    }
}
