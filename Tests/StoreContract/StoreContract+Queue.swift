import PrewarmCore
import PrewarmEngine
import Testing

private let rust = PresetKey(source: "main", name: "rust")

private func due(_ store: any Store, at now: Timestamp = .at(0), _ laneClass: LaneClass? = nil) async throws -> String {
    let filter = DueFilter(provisioner: "local", laneClass: laneClass)
    return try await store.read { try $0.dueOperations(filter, now: now, limit: 100) }
        .map(\.operation.id.rawValue).joined(separator: " ")
}

private func new(_ ids: String, of key: PresetKey, priority: Int = 0) -> NewWorkspaces {
    var options = PoolOptions()
    options.priority = priority
    let preset = Preset(
        key: key, origin: Origin(file: "a.yaml", line: 1), spec: .sample(), instances: 3, options: options)
    return NewWorkspaces(
        ids: ids.split(separator: " ").map { WorkspaceID(String($0)) }, of: preset, revision: nil,
        reason: .belowDesired, createdAt: .at(0))
}

extension StoreContract {
    static let queueCases = [
        Case("Creates are ordered by priority, and presets of the same priority alternate") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.create([new("a1 a2 a3 a4", of: .go), new("c1", of: rust, priority: 7)])
                var record = try #require(try writer.operation(OperationID("a1")))
                record.operation.state = .running
                try writer.update(record)
            }
            let other = PresetKey(source: "main", name: "zig")
            try await store.write { try $0.create([new("b1 b2", of: other)]) }
            try await store.write { try $0.create([new("b3", of: other)]) }
            #expect(try await due(store) == "c1 a2 b1 a3 b2 a4 b3")
            #expect(try await due(store, LaneClass(.create)) == "a2 b1 a3 b2 a4 b3")
            #expect(try await due(store, LaneClass(.create, priority: 7)) == "c1")
            try await store.write { try $0.setPriority(9, of: other) }
            #expect(try await due(store) == "b1 b2 b3 c1 a2 a3 a4")
        },
        Case("The classes of pending operations are listed from the most urgent on") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.create([new("a1", of: .go), new("c1", of: rust, priority: 7)])
                try writer.insert([.sample("o1", "w1", .delete), .sample("o2", "w2", .claim, dueAt: .at(99))])
            }
            var found: [LaneClass] = []
            while let next = try await store.read({ [found] in
                try $0.nextLaneClass(of: "local", after: found.last)
            }) {
                found.append(next)
            }
            #expect(
                found == [
                    LaneClass(.handover), LaneClass(.create, priority: 7), LaneClass(.create), LaneClass(.delete),
                ])
            #expect(try await store.read { try $0.nextLaneClass(of: "cloud", after: nil) } == nil)
        },
        Case("Deletions that make room under a limit come before creates, but only in the scope of the limit") {
            fixture in
            let store = try await fixture.open()
            let team = PresetKey(source: "team", name: "go")
            func order(_ round: Int, _ scope: Suspension.Scope?) async throws -> String {
                try await store.write { writer in
                    for id in ["d1", "d2", "d3"] { try writer.cancelOperations(of: [WorkspaceID(id)], now: .at(0)) }
                    try writer.insert([
                        .sample("o1\(round)", "d1", .delete), .sample("o2\(round)", "d2", .delete, rust),
                        .sample("o3\(round)", "d3", .delete, team),
                    ])
                    if let scope { try writer.raiseDeletes(of: scope, provisioners: ["local", "other"]) }
                }
                return try await due(store).split(separator: " ").map { String($0.prefix(2)) }.joined(separator: " ")
            }
            try await store.write { try $0.create([new("c1", of: .go)]) }
            #expect(try await order(0, nil) == "c1 o1 o2 o3")
            #expect(try await order(1, .preset(rust)) == "o2 c1 o1 o3")
            #expect(try await order(2, .source("main")) == "o1 o2 c1 o3")
            #expect(try await order(3, .all) == "o1 o2 o3 c1")
        },
        Case("Creates of a preset that is backing off are due from its next try on, one at a time") { fixture in
            let store = try await fixture.open()
            let failure = FailureRecord(
                preset: .go, fingerprint: WorkspaceSpec.sample().fingerprint, count: 2, failedAt: .at(3),
                retryAt: .at(9),
                message: "no")
            try await store.write { writer in
                try writer.save([.sample(), .sample(rust)])
                try writer.create([new("a1 a2", of: .go), new("b1", of: rust)])
                try writer.insert([.sample("o1", "w1", .delete)])
                try writer.setFailure(failure, of: .go)
            }
            #expect(try await store.read { try $0.failures(source: "main") } == [failure])
            #expect(try await due(store, at: .at(8)) == "b1 o1")
            #expect(try await due(store, at: .at(9)) == "a1 b1 a2 o1")
            try await store.write { writer in
                var record = try #require(try writer.operation(OperationID("a1")))
                record.operation.state = .running
                try writer.update(record)
            }
            #expect(try await due(store, at: .at(9)) == "b1 o1")
        },
        Case("The deletion of a released workspace is due during a suspension") { fixture in
            let store = try await fixture.open()
            let released = Operation(
                id: OperationID("o1"), kind: .delete, workspace: WorkspaceID("w1"), preset: .go, provisioner: "local",
                reason: .released, nextAttemptAt: .at(0), createdAt: .at(0))
            try await store.write { try $0.insert([released, .sample("o2", "w2", .delete)]) }
            for scope in [Suspension.Scope.all, .source("main"), .preset(.go)] {
                let suspension = Suspension(scope: scope, reason: nil, by: "me", since: .at(0), until: nil)
                try await store.write { try $0.save(suspension) }
                #expect(try await due(store) == "o1")
                try await store.write { try $0.forget(scope) }
            }
            #expect(try await due(store) == "o1 o2")
        },
        Case("A claim that allows it gets outdated and expired workspaces, expired ones last") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("old", readyAt: .at(49)), .sample("older", readyAt: .at(48)),
                    .sample("outdated", version: "0", readyAt: .at(51)),
                    .sample("expired-outdated", version: "0", readyAt: .at(50)), .sample("new", readyAt: .at(52)),
                ])
            }
            func claim(outdated: Bool, expired: Bool) async throws -> String? {
                let request = ClaimRequest(
                    preset: .go, owner: "ada", current: WorkspaceSpec.sample().fingerprint, readySince: .at(50),
                    offersOutdated: outdated, offersExpired: expired, now: .at(100))
                let workspace = try await store.write { try $0.claim(request) }
                return workspace?.id.rawValue
            }
            #expect(try await claim(outdated: false, expired: false) == "new")
            #expect(try await claim(outdated: false, expired: false) == nil)
            #expect(try await claim(outdated: true, expired: true) == "outdated")
            #expect(try await claim(outdated: true, expired: false) == nil)
            #expect(try await claim(outdated: true, expired: true) == "old")
            #expect(try await claim(outdated: false, expired: true) == "older")
            #expect(try await claim(outdated: false, expired: true) == nil)
            #expect(try await claim(outdated: true, expired: true) == "expired-outdated")
        },
        Case("The build time is kept with the preset") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.save([.sample(), .sample(rust)])
                try writer.setBuildTime(.seconds(42), of: .go)
                try writer.save([.sample(instances: 5)])
            }
            #expect(try await store.read { try $0.buildTimes(of: [.go, rust]) } == [.go: .seconds(42)])
            #expect(try await store.read { try $0.buildTimes(source: "main") } == [.go: .seconds(42)])
            try await store.write { try $0.forget([.go]) }
            #expect(try await store.read { try $0.buildTimes(of: [.go]) }.isEmpty)
        },
    ]
}
