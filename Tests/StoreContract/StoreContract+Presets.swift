import PrewarmCore
import PrewarmEngine
import Testing

extension StoreContract {
    static let presetCases = [
        Case("Presets are read as they were saved, in the order of their names") { fixture in
            let store = try await fixture.open()
            let presets: [Preset] = [
                .sample(PresetKey(source: "main", name: "rust")),
                .sample(PresetKey(source: "b", name: "go"), retirement: .pruned),
                .sample(.go, retirement: .deprecated(Deprecation(message: "no", replacement: "rust"))),
                .sample(PresetKey(source: "main", name: "größe-工作")),
            ]
            try await store.write { try $0.save(presets) }
            let sorted = presets.sorted { $0.key < $1.key }
            #expect(try await store.read { try $0.presets(source: nil) } == sorted)
            #expect(
                try await store.read { try $0.presets(source: "main") } == sorted.filter { $0.key.source == "main" })
            #expect(try await store.read { try $0.presets(source: "other") }.isEmpty)
        },
        Case("A saved preset replaces the earlier one, and a deleted preset loses its failures") { fixture in
            let store = try await fixture.open()
            let failure = FailureRecord(
                preset: .go, fingerprint: Fingerprint(rawValue: .max), count: 2, retryAt: .at(5), message: "no disk")
            try await store.write { writer in
                try writer.save([.sample(instances: 1)])
                try writer.save([.sample(instances: 2)])
                try writer.setFailure(failure, of: .go)
            }
            #expect(try await store.read { try $0.presets(source: nil) } == [.sample(instances: 2)])
            #expect(try await store.read { try $0.failures(source: "main") } == [failure])
            try await store.write { try $0.forget([.go, PresetKey(source: "main", name: "unknown")]) }
            #expect(try await store.read { try $0.presets(source: nil) }.isEmpty)
            #expect(try await store.read { try $0.failures(source: nil) }.isEmpty)
        },
        Case("The remaining data of a deleted preset keeps its name") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.save([.sample()])
                try writer.insert([.sample("w1", .go, .deleted)])
                try writer.insert([.sample("o1", "w1")])
                try writer.forget([.go])
            }
            #expect(try await store.read { try $0.workspace("w1") }?.preset == .go)
            #expect(try await store.read { try $0.operation(OperationID("o1")) }?.operation.preset == .go)
        },
        Case("Presets are found by name, or by source and name if two sources use the name") { fixture in
            let store = try await fixture.open()
            let other = PresetKey(source: "b", name: "go")
            try await store.write {
                try $0.save([.sample(.go), .sample(other), .sample(.init(source: "b", name: "x"))])
            }
            #expect(try await store.read { try $0.presets(named: "go") }.map(\.key) == [other, .go])
            #expect(try await store.read { try $0.presets(named: "main/go") }.map(\.key) == [.go])
            #expect(try await store.read { try $0.presets(named: "x") }.map(\.key.source) == ["b"])
            #expect(try await store.read { try $0.presets(named: "main/x") }.isEmpty)
            #expect(try await store.read { try $0.presets(named: "/") }.isEmpty)
        },
        Case("A failure is replaced by the next failure and deleted by nil") { fixture in
            let store = try await fixture.open()
            func failure(_ count: Int, _ preset: PresetKey) -> FailureRecord {
                FailureRecord(
                    preset: preset, fingerprint: Fingerprint(rawValue: 7), count: count, retryAt: .at(1), message: "m")
            }
            let other = PresetKey(source: "b", name: "c")
            let (one, two, three) = (failure(1, .go), failure(2, .go), failure(3, other))
            try await store.write { writer in
                try writer.setFailure(one, of: .go)
                try writer.setFailure(two, of: .go)
                try writer.setFailure(three, of: other)
            }
            #expect(try await store.read { try $0.failures(source: nil) } == [three, two])
            #expect(try await store.read { try $0.failures(source: "b") } == [three])
            try await store.write { writer in
                try writer.setFailure(nil, of: .go)
                try writer.setFailure(nil, of: PresetKey(source: "x", name: "y"))
            }
            #expect(try await store.read { try $0.failures(source: nil) } == [three])
        },
        Case("Parse results are kept by blob and parser version") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.saveParsed([("a", [1, 2]), ("b", []), ("c", [0])], parserVersion: 1, at: .at(0))
                try writer.saveParsed([("c", [9])], parserVersion: 2, at: .at(0))
            }
            let kept = try await store.read { try $0.parsed(blobs: ["a", "b", "x"], parserVersion: 1) }
            #expect(kept == ["a": [1, 2], "b": []])
            #expect(try await store.read { try $0.parsed(blobs: ["a", "c"], parserVersion: 2) } == ["c": [9]])
            #expect(try await store.read { try $0.parsed(blobs: [], parserVersion: 2) }.isEmpty)
        },
    ]
}
