import PrewarmCore
import PrewarmEngine

enum WorkspaceRoutes {
    static let all = [
        Route(
            method: .get, template: "/workspaces", name: "listWorkspaces",
            summary: "Workspaces in the order of their ids, deleted ones only where the state asks for them",
            permission: .view,
            query: [
                .optional("preset", .text(maximum: 512), "only of this preset"),
                .optional("state", .choice(WorkspaceState.allCases.map(\.rawValue)), "only in this state"),
                .optional("owner", .text(maximum: 256), "only of this owner"), LookRoutes.limit,
                .optional("cursor", .text(maximum: 64), "where the part before ended"),
            ], answers: [(200, "[]Workspace")], problems: [404, 409]
        ) { api, call in
            let (preset, owner, limit) = (call.text("preset"), call.text("owner"), call.number("limit"))
            let states = call.text("state").flatMap(WorkspaceState.init(rawValue:)).map { [$0] } ?? []
            let after = call.text("cursor").map { WorkspaceID($0) }
            let (workspaces, ttls) = try await api.engine.store.read { store in
                let key = try preset.map { try api.engine.preset(named: $0, in: store).key }
                let filter = WorkspaceFilter(
                    preset: key, states: states, owner: owner, after: after, limit: limit.map { $0 + 1 })
                return (try store.workspaces(filter), try store.ttls())
            }
            return call.cut(workspaces, by: \.id.rawValue) { Value($0, ttl: ttls[$0.preset] ?? nil) }
        },
        Route(
            method: .get, template: "/workspaces/{workspace}", name: "getWorkspace",
            summary: "One workspace by its id or name, where it comes from, and its operations", permission: .view,
            answers: [(200, "WorkspaceDescription")], problems: [404]
        ) { api, call in APIAnswer(try await api.engine.describeWorkspace(call.path["workspace"] ?? "")) },
        Route(
            method: .post, template: "/workspaces/{workspace}/release", name: "release",
            summary: "Give a claimed workspace up: it is deleted", permission: .claim, body: [],
            answers: [(202, "Workspace")], problems: [404, 409]
        ) { api, call in
            let released = try await api.engine.release(call.path["workspace"] ?? "")
            api.daemon?.replan()
            return APIAnswer(Value(released, ttl: nil), status: 202)
        },
    ]
}

extension StoreReader {
    func ttls() throws -> [PresetKey: Duration?] {
        Dictionary(try presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
    }
}
