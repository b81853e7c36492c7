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
                .optional("owner", .text(maximum: Owner.nameLimit), "only of owners of this name"), LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), "where the part before ended"),
            ], answers: [(200, "[]Workspace")], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit"))
            let owners = call.principal.role == .claimer ? call.principal.ownNames : call.text("owner").map { [$0] }
            let states = call.text("state").flatMap(WorkspaceState.init(rawValue:)).map { [$0] } ?? []
            let after = call.text("cursor").map { WorkspaceID($0) }
            let (workspaces, ttls) = try await api.engine.store.read { store in
                let key = try preset.map { try call.preset(named: $0, of: api.engine, in: store) }
                let filter = WorkspaceFilter(
                    preset: key, states: states, owners: owners, after: after, limit: limit.map { $0 + 1 })
                return (try store.workspaces(filter), try store.ttls())
            }
            return call.cut(workspaces, by: \.id.rawValue) { workspace in
                Value(workspace, ttl: ttls[workspace.preset] ?? nil, for: call.principal)
            }
        },
        Route(
            method: .get, template: "/workspaces/{workspace}", name: "getWorkspace",
            summary: "One workspace by its id or name, where it comes from, and its operations", permission: .ofObject,
            answers: [(200, "WorkspaceDescription")], problems: [404]
        ) { api, call in
            let workspace = try await call.workspace(in: api)
            try call.require(.lookAtWorkspace(workspace.preset, owner: workspace.owner))
            return APIAnswer(try await api.engine.describeWorkspace(workspace.id.rawValue, for: call.principal))
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
            guard let document = Value(released, ttl: nil, for: call.principal) else {
                throw ClaimError.unknownWorkspace(released.name)
            }
            return APIAnswer(document, status: 202).audited(
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
}

extension StoreReader {
    func ttls() throws -> [PresetKey: Duration?] {
        Dictionary(try presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
    }
}
