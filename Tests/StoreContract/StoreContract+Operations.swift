import PrewarmCore
import PrewarmEngine
import Testing

private func due(
    _ store: any Store, at now: Timestamp = .at(0), limit: Int = 100, provisioner: String = "local",
    preset: String? = nil, workspace: String? = nil
) async throws -> String {
    let filter = DueFilter(provisioner: provisioner, preset: preset, workspace: workspace.map { WorkspaceID($0) })
    return try await store.read { try $0.dueOperations(filter, now: now, limit: limit) }
        .map(\.operation.id.rawValue).joined(separator: " ")
}

extension StoreContract {
    static let operationCases = [
        Case("An operation is read as it was inserted and updated") { fixture in
            let store = try await fixture.open()
            var record = OperationRecord(.sample("o1", "w1", .delete))
            let other = OperationRecord(.sample("o2", "w2"))
            try await store.write { [record] in try $0.insert([record.operation, other.operation]) }
            #expect(try await store.read { try $0.operation(OperationID("o1")) } == record)
            record.operation.state = .running
            record.operation.attempt = 3
            record.operation.nextAttemptAt = .at(9)
            record.operation.error = "no\nspace"
            record.operation.startedAt = .at(8)
            record.lease = Lease(holder: "host:1", fence: 2, until: .at(60))
            record.mark = ProcessMark(group: 4711, startTime: .max, bootID: "b")
            try await store.write { [record] in try $0.update(record) }
            #expect(try await store.read { try $0.operation(OperationID("o1")) } == record)
            record.operation.state = .succeeded
            record.operation.finishedAt = .at(10)
            (record.lease, record.mark, record.operation.error) = (nil, nil, nil)
            try await store.write { [record] in try $0.update(record) }
            #expect(try await store.read { try $0.operation(OperationID("o1")) } == record)
            #expect(try await store.read { try $0.operation(OperationID("o2")) } == other)
            #expect(try await store.read { try $0.operation(OperationID("o3")) } == nil)
        },
        Case("Every kind, state and reason of an operation is read as it was saved") { fixture in
            let store = try await fixture.open()
            var operations: [Operation] = []
            for kind in Operation.Kind.allCases {
                for state in Operation.State.allCases {
                    for reason in Reason.allCases {
                        operations.append(
                            Operation(
                                id: OperationID("o\(1000 + operations.count)"), kind: kind, workspace: WorkspaceID("w"),
                                preset: .go, provisioner: "p", reason: reason, state: state, nextAttemptAt: .at(0),
                                createdAt: .at(0)))
                    }
                }
            }
            let all = operations
            try await store.write { try $0.insert(all) }
            #expect(try await store.read { try $0.operations(OperationFilter()) }.map(\.operation) == all.reversed())
        },
        Case("Operations are listed from newest to oldest up to a limit, and filters can be combined") { fixture in
            let store = try await fixture.open()
            let rust = PresetKey(source: "main", name: "rust")
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2", rust), .sample("w3", .go, .deleted)])
                try writer.insert([
                    .sample("o1", "w1"), .sample("o3", "w2", .create, rust),
                    .sample("o2", "w1", .delete, state: .running),
                    .sample("o4", "w3", state: .failed),
                ])
            }
            func ids(_ filter: OperationFilter) async throws -> String {
                try await store.read { try $0.operations(filter) }.map(\.operation.id.rawValue).joined(separator: " ")
            }
            #expect(try await ids(OperationFilter()) == "o4 o3 o2 o1")
            #expect(try await ids(OperationFilter(limit: 2)) == "o4 o3")
            #expect(try await ids(OperationFilter(preset: .go)) == "o4 o2 o1")
            #expect(try await ids(OperationFilter(workspace: WorkspaceID("w1"), limit: 1)) == "o2")
            #expect(try await ids(OperationFilter(states: [.running])) == "o2")
            #expect(try await ids(OperationFilter(preset: .go, states: [.pending, .failed])) == "o4 o1")
            #expect(try await ids(OperationFilter(preset: PresetKey(source: "x", name: "y"))) == "")
        },
        Case("Due operations of a provisioner are ordered by lane, then from oldest to newest") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("o1", "w1", .delete), .sample("o3", "w3"), .sample("o2", "w2", .inspect),
                    .sample("o4", "w4", .delete), .sample("o5", "w5", dueAt: .at(7)),
                    .sample("o6", "w6", provisioner: "cloud"), .sample("o7", "w7", state: .running),
                    .sample("o8", "w8", state: .cancelled),
                ])
            }
            #expect(try await due(store) == "o2 o3 o1 o4")
            #expect(try await due(store, limit: 3) == "o2 o3 o1")
            #expect(try await due(store, at: .at(7)) == "o2 o3 o5 o1 o4")
            #expect(try await due(store, at: .at(-1)) == "")
            #expect(try await due(store, provisioner: "cloud") == "o6")
            #expect(try await due(store, provisioner: "none") == "")
        },
        Case("An operation waits until the earlier operations of its workspace have finished") { fixture in
            let store = try await fixture.open()
            var first = OperationRecord(.sample("o1", "w1"))
            try await store.write { [first] in
                try $0.insert([first.operation, .sample("o2", "w1", .delete), .sample("o3", "w2", .delete)])
            }
            #expect(try await due(store) == "o1 o3")
            first.operation.state = .running
            try await store.write { [first] in try $0.update(first) }
            #expect(try await due(store) == "o3")
            first.operation.state = .failed
            try await store.write { [first] in try $0.update(first) }
            #expect(try await due(store) == "o2 o3")
        },
        Case("Due operations can be limited to a preset or a workspace") { fixture in
            let store = try await fixture.open()
            let (rust, otherGo) = (PresetKey(source: "main", name: "rust"), PresetKey(source: "team", name: "go"))
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2", rust), .sample("w3", otherGo), .sample("w4")])
                try writer.insert([
                    .sample("o1", "w1", .delete), .sample("o2", "w1"), .sample("o3", "w2", .create, rust),
                    .sample("o4", "w3", .create, otherGo), .sample("o5", "w4", dueAt: .at(7)),
                    .sample("o6", "w2", .create, rust, state: .succeeded),
                ])
            }
            #expect(try await due(store, preset: "go") == "o2 o4")
            #expect(try await due(store, preset: "rust") == "o3")
            #expect(try await due(store, preset: "zig") == "")
            #expect(try await due(store, workspace: "w1") == "o2")
            #expect(try await due(store, preset: "rust", workspace: "w1") == "")
        },
        Case("Suspended operations are not due, unless the workspace is named") { fixture in
            let store = try await fixture.open()
            let (rust, other) = (PresetKey(source: "main", name: "rust"), PresetKey(source: "team", name: "go"))
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2", rust), .sample("w3", other)])
                try writer.insert([
                    .sample("o1", "w1"), .sample("o2", "w2", .create, rust), .sample("o3", "w3", .create, other),
                ])
            }
            func pair(suspending scopes: Suspension.Scope..., until: Timestamp? = nil) async throws -> [String] {
                try await store.write { writer in
                    for old in try writer.suspensions() { try writer.forget(old.scope) }
                    for scope in scopes {
                        try writer.save(
                            Suspension(scope: scope, reason: nil, by: "me", since: .at(-9), until: until))
                    }
                }
                return [try await due(store), try await due(store, preset: "go")]
            }
            #expect(try await pair() == ["o1 o2 o3", "o1 o3"])
            #expect(try await pair(suspending: .preset(.go)) == ["o2 o3", "o3"])
            #expect(try await pair(suspending: .preset(.go), .preset(other)) == ["o2", ""])
            #expect(try await pair(suspending: .source("main")) == ["o3", "o3"])
            #expect(try await pair(suspending: .source("main"), .preset(other)) == ["", ""])
            #expect(try await pair(suspending: .all) == ["", ""])
            #expect(try await due(store, workspace: "w1") == "o1")
            #expect(try await pair(suspending: .all, until: .at(0)) == ["o1 o2 o3", "o1 o3"])
            #expect(try await pair(suspending: .source("main"), until: .at(1)) == ["o3", "o3"])
        },
        Case("The next attempt is that of the earliest pending operation after a time") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.nextAttempt(after: .distantPast) } == nil)
            try await store.write { writer in
                try writer.insert([
                    .sample("o1", "w1", dueAt: .at(9)), .sample("o2", "w2", dueAt: .at(5)),
                    .sample("o3", "w3", state: .running, dueAt: .at(1)),
                ])
            }
            #expect(try await store.read { try $0.nextAttempt(after: .distantPast) } == .at(5))
            #expect(try await store.read { try $0.nextAttempt(after: .at(5)) } == .at(9))
            #expect(try await store.read { try $0.nextAttempt(after: .at(9)) } == nil)
        },
        Case("A cancellation ends only pending operations of the given workspaces") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("o1", "w1"), .sample("o2", "w1", state: .running), .sample("o3", "w2"), .sample("o4", "w3"),
                ])
                try writer.cancelOperations(of: ["w1", "w2", "x"].map { WorkspaceID($0) }, now: .at(3))
            }
            let records = try await store.read { try $0.operations(OperationFilter()) }.map(\.operation)
            #expect(records.map(\.state) == [.pending, .cancelled, .running, .cancelled])
            #expect(records.map(\.finishedAt) == [nil, .at(3), nil, .at(3)])
        },
        Case("Concurrent workers take each due operation once") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            try await stores[0].write { try $0.insert((10..<30).map { .sample("o\($0)", "w\($0)") }) }
            let taken = try await withThrowingTaskGroup(of: [OperationID].self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try await stores[index % 2].write { writer in
                            let due = try writer.dueOperations(DueFilter(provisioner: "local"), now: .at(0), limit: 3)
                            for var record in due {
                                record.operation.state = .running
                                try writer.update(record)
                            }
                            return due.map(\.operation.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.count == 20)
            #expect(Set(taken).count == 20)
        },
    ]
}
