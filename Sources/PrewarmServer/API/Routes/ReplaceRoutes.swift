import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The route that replaces ready workspaces on demand.
enum ReplaceRoutes {
    static let all = [
        Route(
            method: .post, template: "/replace", name: "replace", summary: "Replace ready workspaces",
            description: """
                Replaces a ready workspace, or all ready ones of a preset, by the rollout strategy of the preset. \
                The body contains exactly one of `workspace` and `preset`. `workspaces` is the number of workspaces. \
                404: there is no such workspace or preset. \
                409: the workspace is not ready, or several sources have a preset of this name.
                """,
            permission: .ofObjectForOperators,
            body: [
                .optional("workspace", .text(maximum: 512), "the id or the name of a ready workspace"),
                .optional("preset", .text(maximum: 512), "a preset: name or source/name"),
            ], exactlyOne: ["workspace", "preset"], answers: [(200, DoneDocument.self)], problems: [404, 409]
        ) { api, call in
            let engine = api.engine
            guard let name = call.text("preset") else {
                let found = try await call.workspace(named: call.text("workspace") ?? "", in: api)
                try call.require(.operatePreset(found.preset))
                let workspace = try await engine.replace(workspace: found.id.rawValue, by: call.caller.name)
                api.daemon?.replan()
                return APIAnswer(DoneDocument(workspaces: 1)).audited(
                    call.entry("replace", "workspace", workspace.name, at: engine.now()))
            }
            let preset = try await engine.store.read { try call.preset(named: name, of: engine, in: $0) }
            try call.require(.operatePreset(preset))
            let count = try await engine.replace(preset: preset, by: call.caller.name)
            api.daemon?.replan()
            return APIAnswer(DoneDocument(workspaces: count)).audited(
                call.entry("replace", "preset", preset.description, at: engine.now()))
        }
    ]
}
