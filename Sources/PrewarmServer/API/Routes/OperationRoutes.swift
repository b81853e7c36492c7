import PrewarmCore
import PrewarmEngine

enum OperationRoutes {
    static let all = [
        Route(
            method: .get, template: "/operations", name: "listOperations", summary: "Operations, the newest first",
            permission: .look,
            query: [
                .optional("preset", .text(maximum: 512), "only of this preset"),
                .optional("state", .choice(Operation.State.allCases.map(\.rawValue)), "only in this state"),
                LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), "where the part before ended"),
            ], answers: [(200, "[]Operation")], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit"))
            let states = call.text("state").flatMap(Operation.State.init(rawValue:)).map { [$0] } ?? []
            let before = call.text("cursor").map { OperationID($0) }
            let (operations, owners) = try await api.engine.store.read { store in
                let key = try preset.map { try call.preset(named: $0, of: api.engine, in: store) }
                let filter = OperationFilter(preset: key, states: states, before: before, limit: limit.map { $0 + 1 })
                let operations = try store.operations(filter).map(\.operation)
                // Only a claimer sees more of its own operations than of others.
                return (operations, call.principal.role == .claimer ? try store.owners(of: operations) : [:])
            }
            return call.cut(operations, by: \.id.rawValue) {
                Value($0, owner: owners[$0.workspace], for: call.principal)
            }
        },
        Route(
            method: .get, template: "/operations/{operation}", name: "getOperation",
            summary: "One operation and the end of its log", permission: .ofObject,
            answers: [(200, "OperationDescription")], problems: [404]
        ) { api, call in
            let operation = try await call.operation(in: api)
            let workspace = operation.workspace.rawValue
            let owner = try await api.engine.store.read { try $0.workspace(workspace)?.owner }
            try call.require(.lookAtWorkspace(operation.preset, owner: owner))
            return APIAnswer(try await api.engine.describeOperation(operation.id.rawValue, for: call.principal))
        },
        Route(
            method: .get, template: "/operations/{operation}/logs", name: "getLogs",
            summary: "What the provisioner wrote; of a workspace, for all of its operations", permission: .ofObject,
            answers: [(200, "[]Log")], problems: [404]
        ) { api, call in
            let name = call.path["operation"] ?? ""
            let preset = try await api.engine.store.read { store in
                try store.operation(OperationID(name))?.operation.preset ?? store.workspace(name)?.preset
            }
            if let preset { try call.require(.readLog(preset)) }
            return APIAnswer(try await api.engine.logs(of: name))
        },
    ]
}

extension APICall {
    func operation(in api: API) async throws -> Operation {
        let id = path["operation"] ?? ""
        guard let record = try await api.engine.store.read({ try $0.operation(OperationID(id)) }) else {
            throw Problem(
                "UnknownOperation", status: 404, "there is no operation \"\(id)\"", hint: "see `prewarm get operations`"
            )
        }
        return record.operation
    }
}
