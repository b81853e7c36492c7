import PrewarmCore
import PrewarmEngine
import Testing

private struct Refused: Error, Equatable {}

extension StoreContract {
    static let transactionCases = [
        Case("A batch of any size is saved completely or not at all") { fixture in
            let store = try await fixture.open()
            // Sizes below and above the limit for statements with several rows, with and without a remainder.
            for size in [1, 127, 128, 129, 159] {
                let presets = (0..<size).map { Preset.sample(PresetKey(source: "main", name: "p\(size)-\($0)")) }
                let workspaces = presets.map { Workspace.sample("w-\($0.key.name)", $0.key) }
                let operations = workspaces.map { Operation.sample("o-\($0.id)", $0.id.rawValue, .create, $0.preset) }
                await #expect(throws: StoreError.self) {
                    try await store.write { writer in
                        try writer.save(presets)
                        try writer.insert(workspaces + workspaces.suffix(1))
                    }
                }
                #expect(try await store.read { try $0.presets(source: nil) }.isEmpty)
                #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.isEmpty)
                try await store.write { writer in
                    try writer.save(presets)
                    try writer.insert(workspaces)
                    try writer.insert(operations)
                }
                let kept = try await store.read { reader in
                    (
                        try reader.presets(source: nil), try reader.workspaces(WorkspaceFilter()),
                        try reader.operations(OperationFilter()).map(\.operation), try reader.tallies(source: nil).count
                    )
                }
                #expect(Set(kept.0) == Set(presets))
                #expect(Set(kept.1) == Set(workspaces))
                #expect(Set(kept.2) == Set(operations))
                #expect(kept.3 == size)
                try await store.write { writer in
                    _ = try writer.move(workspaces.map(\.id), from: [.ready], to: .deleted)
                    try writer.cancelOperations(of: workspaces.map(\.id), now: .at(0))
                    try writer.forget(presets.map(\.key))
                    try writer.forgetHistory(before: .at(4000 + Int64(size) * 4000))
                }
            }
        },
        Case("A write that throws changes nothing and throws its error") { fixture in
            let store = try await fixture.open()
            await #expect(throws: Refused.self) {
                try await store.write { writer in
                    try writer.insert([.sample("w1")])
                    try writer.save([.sample()])
                    throw Refused()
                }
            }
            await #expect(throws: Refused.self) { try await store.read { _ -> Int in throw Refused() } }
            #expect(try await store.read { try $0.workspaces(WorkspaceFilter()) }.isEmpty)
            #expect(try await store.read { try $0.presets(source: nil) }.isEmpty)
        },
        Case("An error of the database undoes the whole write, and the store stays usable") { fixture in
            let store = try await fixture.open()
            await #expect(throws: StoreError.self) {
                try await store.write { writer in
                    try writer.insert([.sample("w1"), .sample("w2")])
                    try writer.insert([.sample("w1")])
                }
            }
            #expect(try await store.read { try $0.workspace("w2") } == nil)
            try await store.write { try $0.insert([.sample("w1")]) }
            #expect(try await store.read { try $0.workspace("w1") } == .sample("w1"))
        },
        Case("A write reads its own changes") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([.sample("w1")])
                #expect(try writer.tallies(of: .go).map(\.count) == [1])
                #expect(try writer.claim(.sample())?.id.rawValue == "w1")
                #expect(try writer.tallies(of: .go).map(\.state) == [.claimed])
            }
        },
        Case("The changes of one store are read by another, and stay after both have closed") { fixture in
            do {
                let (first, second) = (try await fixture.open(), try await fixture.open())
                try await first.write { try $0.insert([.sample("w1")]) }
                #expect(try await second.read { try $0.workspace("w1") } != nil)
                try await second.write { try $0.insert([.sample("w2")]) }
                #expect(try await first.read { try $0.workspace("w2") } != nil)
            }
            let later = try await fixture.open()
            #expect(try await later.read { try $0.workspaces(WorkspaceFilter()) }.count == 2)
        },
        Case("Writes of several stores run one after the other, and no write is lost") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            try await stores[0].write { try $0.save(SourceRecord(name: "main", url: "u")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        try await stores[index % 2].write { writer in
                            guard var source = try writer.source("main") else { throw Refused() }
                            source.files += 1
                            try writer.save(source)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await stores[0].read { try $0.source("main") }?.files == 40)
        },
        Case("A transaction runs to its end if its task is canceled") { fixture in
            let store = try await fixture.open()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await store.write { try $0.insert([.sample("w1")]) }
                    #expect(try await store.read { try $0.workspace("w1") } != nil)
                }
                try await group.waitForAll()
            }
        },
        Case("A reader sees one state from beginning to end, and does not block a writer") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.insert([.sample("w1")]) }
            let (begun, announce) = AsyncStream<Void>.makeStream()
            let gate = Gate()
            async let counts = store.read { reader in
                let first = try reader.workspaces(WorkspaceFilter()).count
                announce.yield()
                // With one connection, the writer waits for this reader.
                gate.wait(seconds: 4)
                return [first, try reader.workspaces(WorkspaceFilter()).count]
            }
            for await _ in begun { break }
            try await store.write { try $0.insert([.sample("w2")]) }
            gate.open()
            #expect(try await counts == [1, 1])
        },
    ]
}
