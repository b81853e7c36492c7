import PrewarmCore
import PrewarmEngine
import Testing

private let other = PresetKey(source: "b", name: "go")

extension StoreContract {
    static let workspaceCases = [
        Case("A workspace is read as it was inserted") { fixture in
            let store = try await fixture.open()
            let long = String(repeating: "日本\u{0} ", count: 200_000)
            let full = Workspace(
                id: WorkspaceID("w-ü"), preset: PresetKey(source: "s ö", name: "工作"), spec: .sample(),
                fingerprint: WorkspaceSpec.sample().fingerprint, state: .claimed, owner: "Ada 👩🏽‍💻", createdAt: .at(-5),
                readyAt: .at(1), claimedAt: .at(2), endpoint: "", metadata: ["": "x", "k": long], revision: "r")
            let bare = Workspace.sample("w2", .go, .pending, readyAt: nil)
            try await store.write { try $0.insert([full, bare]) }
            #expect(try await store.read { try $0.workspace("w-ü") } == full)
            #expect(try await store.read { try $0.workspace("w2") } == bare)
            #expect(try await store.read { try $0.workspace("w3") } == nil)
        },
        Case("Every state of a workspace is read as it was saved") { fixture in
            let store = try await fixture.open()
            let all = WorkspaceState.allCases.map { Workspace.sample($0.rawValue, .go, $0) }
            try await store.write { try $0.insert(all) }
            for state in WorkspaceState.allCases {
                let found = try await store.read { try $0.workspaces(WorkspaceFilter(states: [state])) }
                #expect(found.map(\.id.rawValue) == [state.rawValue])
            }
        },
        Case("A workspace is found by its name, and a live one before a deleted one") { fixture in
            let store = try await fixture.open()
            let preset = PresetKey(source: "main", name: "go-1-x")
            try await store.write { writer in
                try writer.insert([
                    .sample("01jh00000000000000abcd2345", preset, .deleted),
                    .sample("01ji00000000000000abcd2345", preset),
                    .sample("01jh00000000000000abcd2346", preset, .deleted), .sample("w-1", preset),
                    .sample("adopted-abcd2347", preset),
                ])
            }
            func find(_ name: String) async throws -> String? {
                let found = try await store.read { reader in try reader.workspace(name) }
                return found?.id.rawValue
            }
            #expect(try await find("go-1-x-abcd2345") == "01ji00000000000000abcd2345")
            #expect(try await find("go-1-x-abcd2346") == "01jh00000000000000abcd2346")
            #expect(try await find("go-1-x-w-1") == "w-1")
            for unknown in ["go-1-x", "go-1-x-abcd2347", "go-1-x-", "-abcd2345", "go-abcd2345", ""] {
                let found = try await find(unknown)
                #expect(found == nil)
            }
        },
        Case("Workspaces are listed in the order of their ids, and filters can be combined") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("w3", .go, .claimed, owner: "ada"), .sample("w1"), .sample("w2", other),
                    .sample("w4", .go, .deleted), .sample("w5", other, .claimed, owner: "ada"),
                    .sample("w6", .go, .claimed, owner: "bob"),
                ])
            }
            func ids(_ filter: WorkspaceFilter) async throws -> String {
                try await store.read { try $0.workspaces(filter) }.map(\.id.rawValue).joined(separator: " ")
            }
            #expect(try await ids(WorkspaceFilter()) == "w1 w2 w3 w5 w6")
            #expect(try await ids(WorkspaceFilter(source: "main")) == "w1 w3 w6")
            #expect(try await ids(WorkspaceFilter(preset: other)) == "w2 w5")
            #expect(try await ids(WorkspaceFilter(preset: .go, states: [.claimed])) == "w3 w6")
            #expect(try await ids(WorkspaceFilter(preset: .go, states: [.claimed, .deleted])) == "w3 w4 w6")
            #expect(try await ids(WorkspaceFilter(owners: ["ada"])) == "w3 w5")
            #expect(try await ids(WorkspaceFilter(source: "b", owners: ["ada"])) == "w5")
            #expect(try await ids(WorkspaceFilter(source: "main", preset: other)) == "")
            #expect(try await ids(WorkspaceFilter(preset: PresetKey(source: "x", name: "y"))) == "")
        },
        Case("Tallies count workspaces by preset, fingerprint and state, without deleted ones") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("w1", readyAt: .at(9)), .sample("w2", readyAt: .at(4)), .sample("w3", version: "2"),
                    .sample("w4", .go, .pending, readyAt: nil), .sample("w5", other), .sample("w6", .go, .deleted),
                ])
            }
            func tally(_ key: PresetKey, _ version: String, _ state: WorkspaceState, _ count: Int, _ oldest: Timestamp?)
                -> Tally
            {
                Tally(
                    preset: key, fingerprint: WorkspaceSpec.sample(version).fingerprint, state: state, count: count,
                    oldestReadyAt: oldest)
            }
            let ofGo: Set = [
                tally(.go, "1", .ready, 2, .at(4)), tally(.go, "2", .ready, 1, .at(10)),
                tally(.go, "1", .pending, 1, nil),
            ]
            let ofOther: Set = [tally(other, "1", .ready, 1, .at(10))]
            #expect(try await Set(store.read { try $0.tallies(source: nil) }) == ofGo.union(ofOther))
            #expect(try await Set(store.read { try $0.tallies(source: "b") }) == ofOther)
            #expect(try await Set(store.read { try $0.tallies(of: .go) }) == ofGo)
            #expect(try await store.read { try $0.tallies(of: PresetKey(source: "x", name: "y")) }.isEmpty)
        },
        Case("Tallies of many presets are complete and in the same order after changes") { fixture in
            let store = try await fixture.open()
            let presets = (0..<5).map { PresetKey(source: $0 < 3 ? "main" : "b", name: "p\($0)") }
            let before = try await store.write { (store: any StoreWriter) throws in
                try store.insert(
                    presets.flatMap { key in
                        WorkspaceState.allCases.map { .sample("\(key.name)-\($0.rawValue)", key, $0) }
                    })
                return try store.tallies(source: nil)
            }
            for (key, state) in zip(presets, [WorkspaceState.lost, .pending, .failed, .pending, .lost]) {
                let id = WorkspaceID("\(key.name)-ready")
                let moves: [(from: WorkspaceState, to: WorkspaceState)] = [(.ready, state), (state, .ready)]
                for move in moves {
                    try await store.write { _ = try $0.move([id], from: [move.from], to: move.to) }
                    let all = try await store.read { try $0.tallies(source: nil) }
                    #expect(all.reduce(0) { $0 + $1.count } == before.reduce(0) { $0 + $1.count })
                }
            }
            for key in presets {
                let expected = before.filter { $0.preset == key }
                #expect(try await store.read { try $0.tallies(source: nil) }.filter { $0.preset == key } == expected)
                #expect(try await store.read { try $0.tallies(of: key) } == expected)
            }
        },
        Case("Instances are the live and unclaimed workspaces of the given presets") { fixture in
            let store = try await fixture.open()
            let all = WorkspaceState.allCases.map { Workspace.sample($0.rawValue, .go, $0) }
            try await store.write {
                try $0.insert(all + [.sample("x", other), .sample("y", .init(source: "c", name: "d"))])
            }
            let found = try await store.read { try $0.instances(of: [.go, other, .init(source: "n", name: "n")]) }
            #expect(
                Set(found.map(\.id.rawValue)) == [
                    "pending", "creating", "ready", "deleting", "failed", "lost", "suspect", "unhealthy", "x",
                ])
            #expect(found.first { $0.state == .ready && $0.preset == .go }?.readyAt == .at(10))
            #expect(found.allSatisfy { $0.fingerprint == WorkspaceSpec.sample().fingerprint })
        },
        Case("An update applies only to the given states, and keeps the id and the time of creation") { fixture in
            let store = try await fixture.open()
            let before = Workspace.sample("w1", .go, .creating, readyAt: nil)
            var after = before
            after.state = .ready
            after.readyAt = .at(20)
            after.endpoint = "ssh://w1"
            after.metadata = ["zone": "a"]
            let change = after
            try await store.write { try $0.insert([before]) }
            #expect(try await store.write { try $0.update(change, from: [.pending, .ready]) } == false)
            #expect(try await store.write { try $0.update(change, from: []) } == false)
            #expect(try await store.read { try $0.workspace("w1") } == before)
            #expect(try await store.write { try $0.update(change, from: [.pending, .creating]) })
            #expect(try await store.read { try $0.workspace("w1") } == change)
            #expect(try await store.write { try $0.update(.sample("w2"), from: [.ready]) } == false)
        },
        Case("A move changes only workspaces in the given states, and returns their ids") { fixture in
            let store = try await fixture.open()
            let ids = ["w1", "w2", "w3", "unknown"].map { WorkspaceID($0) }
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2", .go, .claimed), .sample("w3", .go, .failed)])
            }
            let moved = try await store.write { try $0.move(ids, from: [.ready, .failed], to: .deleting) }
            #expect(moved == [WorkspaceID("w1"), WorkspaceID("w3")])
            #expect(try await store.read { try $0.workspace("w2") }?.state == .claimed)
            #expect(try await store.write { try $0.move(ids, from: [.ready, .failed], to: .deleting) }.isEmpty)
        },
        Case("One batch inserts 10,000 workspaces with their operations") { fixture in
            let store = try await fixture.open()
            let presets = (0..<100).map { PresetKey(source: "main", name: "p\($0)") }
            let workspaces = (0..<10_000).map { Workspace.sample("w\(100_000 + $0)", presets[$0 % 100]) }
            let operations = (0..<10_000).map {
                Operation.sample("o\(100_000 + $0)", "w\(100_000 + $0)", .create, presets[$0 % 100])
            }
            try await store.write { writer in
                try writer.insert(workspaces)
                try writer.insert(operations)
            }
            #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) } == workspaces)
            #expect(
                try await store.read { try $0.tallies(source: nil) }.map(\.count) == Array(repeating: 100, count: 100))
            let due = try await store.read {
                try $0.dueOperations(DueFilter(provisioner: "local"), now: .at(0), limit: 20_000)
            }
            #expect(due.map(\.operation) == operations)
            let ids = workspaces.map(\.id)
            #expect(try await store.write { try $0.move(ids, from: [.ready], to: .deleting) }.count == 10_000)
        },
    ]
}
