import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that read operations and their logs.
enum OperationRoutes {
    static let all = [
        Route(
            method: .get, template: "/operations", name: "listOperations", summary: "List operations",
            description: """
                Returns the operations on workspaces of the caller's scope, newest first. \
                404: there is no such preset. 409: several sources have a preset of this name; use `source/name`.
                """,
            permission: .look,
            query: [
                .optional("preset", .text(maximum: 512), "only operations of this preset: name or source/name"),
                .optional("state", .choice(Operation.State.allCases.map(\.rawValue)), "only operations in this state"),
                LookRoutes.limit,
                .optional("cursor", .characters("a-z0-9", maximum: 64), LookRoutes.cursor),
            ], answers: [(200, [OperationDocument].self)], problems: [404, 409]
        ) { api, call in
            let (preset, limit) = (call.text("preset"), call.number("limit"))
            let states = call.text("state").flatMap(Operation.State.init(rawValue:)).map { [$0] } ?? []
            let before = call.text("cursor").map { OperationID($0) }
            let (operations, owners) = try await api.engine.store.read { store in
                let key = try preset.map { try call.preset(named: $0, of: api.engine, in: store) }
                let filter = OperationFilter(preset: key, states: states, before: before, limit: limit.map { $0 + 1 })
                let operations = try store.operations(filter).map(\.operation)
                // Only claimers need the owners: a claimer sees only operations on workspaces that it has claimed.
                return (operations, call.principal.role == .claimer ? try store.owners(of: operations) : [:])
            }
            return call.cut(operations, by: \.id.rawValue) {
                OperationDocument($0, owner: owners[$0.workspace], for: call.principal)
            }
        },
        Route(
            method: .get, template: "/operations/{operation}", name: "getOperation",
            summary: "Get an operation",
            description: """
                Returns an operation. Operators also get the end of its log. \
                A claimer gets operations on the workspaces that it has claimed. 404: there is no such operation.
                """,
            permission: .ofObject,
            answers: [(200, OperationDescription.self)], problems: [404]
        ) { api, call in
            let operation = try await call.operation(in: api)
            let workspace = operation.workspace.rawValue
            let owner = try await api.engine.store.read { try $0.workspace(workspace)?.owner }
            try call.require(.lookAtWorkspace(operation.preset, owner: owner))
            return APIAnswer(try await api.engine.describeOperation(operation.id.rawValue, for: call.principal))
        },
        Route(
            method: .get, template: "/operations/{operation}/logs", name: "getLogs",
            summary: "Get the logs of an operation or a workspace",
            description: """
                Returns what the provisioner wrote to standard error, by attempt. \
                `operation` is the id of an operation, or the id or name of a workspace, which returns the logs of all its \
                operations. Only operators may read logs. 404: there is no such operation or workspace.
                """,
            permission: .ofObject,
            answers: [(200, [LogDocument].self)], problems: [404]
        ) { api, call in
            let name = call.path["operation"] ?? ""
            let preset = try await api.engine.store.read { store in
                try store.operation(OperationID(name))?.operation.preset ?? store.workspace(name)?.preset
            }
            if let preset, call.maySee(preset) { try call.require(.readLog(preset)) }
            let principal = call.principal
            return APIAnswer(try await api.engine.logs(of: name) { principal.presets.contains($0) })
        },
    ]
}

extension APICall {
    /// Returns the operation that the path names.
    ///
    /// - Throws: ``Problem`` with the status 404 if the caller's scope has no such operation.
    func operation(in api: API) async throws -> Operation {
        let id = path["operation"] ?? ""
        guard let record = try await api.engine.store.read({ try $0.operation(OperationID(id)) }),
            maySee(record.operation.preset)
        else {
            throw Problem(
                "UnknownOperation", status: 404, "there is no operation \"\(id)\"", hint: "see `prewarm get operations`"
            )
        }
        return record.operation
    }
}
