import PrewarmCore
import PrewarmEngine
import Testing

private let full = SourceRecord(
    name: "main", url: "https://git.example/presets", applied: .sample("a", ref: "team@x"), appliedAt: .at(1),
    succeededAt: .at(4), inputs: "i1", quietUntil: .at(2),
    failure: SourceFailure(reason: "authentication", message: "no", hint: "log in", since: .at(3)), files: 7,
    foreignDocuments: 2)

extension StoreContract {
    static let sourceCases = [
        Case("A source is read as it was saved, with and without optional values") { fixture in
            let store = try await fixture.open()
            let empty = SourceRecord(name: "leer", url: "")
            try await store.write { writer in
                try writer.save(full)
                try writer.save(empty)
            }
            #expect(try await store.read { try $0.source("main") } == full)
            #expect(try await store.read { try $0.source("leer") } == empty)
            #expect(try await store.read { try $0.source("other") } == nil)
            #expect(try await store.read { try $0.sources() }.map(\.name) == ["leer", "main"])
            var changed = full
            changed.failure = nil
            changed.applied = .sample("b", ref: nil)
            try await store.write { [changed] in try $0.save(changed) }
            #expect(try await store.read { try $0.source("main") } == changed)
        },
        Case("The suspects of a provisioner replace the earlier ones") { fixture in
            let store = try await fixture.open()
            let (a, b) = (
                Suspect(workspace: WorkspaceID("a"), since: .at(1)),
                Suspect(workspace: WorkspaceID("b"), since: .at(2), state: "failed", isReported: true)
            )
            let c = Suspect(workspace: WorkspaceID("c"), since: .at(3))
            try await store.write { writer in
                try writer.replaceSuspects([a], provisioner: "local")
                try writer.replaceSuspects([c], provisioner: "cloud")
                try writer.replaceSuspects([a, b], provisioner: "local")
            }
            #expect(try await store.read { try $0.suspects(provisioner: "local") } == [a, b])
            #expect(try await store.read { try $0.suspects(provisioner: "cloud") } == [c])
            #expect(try await store.read { try $0.suspects(provisioner: "other") }.isEmpty)
        },
        Case("A listing is kept completely, and stays if the next one fails") { fixture in
            let store = try await fixture.open()
            let orphan = Orphan(provisioner: "local", id: WorkspaceID("x"), state: "up", since: .at(1))
            let listing = Listing(
                provisioner: "local", at: .at(5), orphans: [orphan], moreOrphans: 7, unknownStates: ["up", "down"])
            #expect(try await store.read { try $0.listing(provisioner: "local") } == nil)
            try await store.write { writer in
                try writer.save(listing)
                try writer.setListed(provisioner: "local", at: .at(6))
            }
            let kept = try await store.read { try $0.listing(provisioner: "local") }
            let expected = Listing(
                provisioner: "local", at: .at(6), orphans: [orphan], moreOrphans: 7, unknownStates: ["up", "down"])
            #expect(kept == expected)
        },
        Case("A dirty source loses its quiet time, and other sources keep theirs") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.save(full)
                try writer.save(SourceRecord(name: "b", url: "", quietUntil: .at(9)))
                try writer.markDirty(source: "main")
                try writer.markDirty(source: "main")
                try writer.markDirty(source: "unknown")
            }
            #expect(try await store.read { try $0.source("main") }?.quietUntil == nil)
            #expect(try await store.read { try $0.source("b") }?.quietUntil == .at(9))
        },
        Case("The deletion of a source deletes all its data except its workspaces and its fence") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                for name in ["main", "b"] {
                    try writer.save(SourceRecord(name: name, url: ""))
                    try writer.save([.sample(PresetKey(source: name, name: "go"))])
                    try writer.replaceTemplates([.sample("t")], source: name)
                    try writer.replaceDiagnostics([Diagnostic(file: "f.yaml", "x")], source: name)
                }
                try writer.save(Lease(holder: "h", fence: 4, until: .at(1)), ofSource: "main")
                try writer.insert([.sample("w1")])
                try writer.forget(source: "main")
            }
            try await store.read { (reader: any StoreReader) throws in
                #expect(try reader.sources().map(\.name) == ["b"])
                #expect(try reader.presets(source: nil).map(\.key.source) == ["b"])
                #expect(try reader.templates(source: "main").isEmpty)
                #expect(try reader.templates(source: nil).count == 1)
                #expect(try reader.diagnostics(source: "main").isEmpty)
                #expect(try reader.workspace("w1")?.preset == .go)
                #expect(try reader.lease(ofSource: "main")?.fence == 4)
            }
        },
        Case("Of concurrent holders, one gets the lease, with a higher fence than before") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            let winners = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try await stores[index % 2].write { writer in
                            let held = try writer.lease(ofSource: "main")
                            guard held.map({ $0.until < .at(0) }) ?? true else { return nil }
                            let lease = Lease(holder: "h\(index)", fence: (held?.fence ?? 0) + 1, until: .at(60))
                            try writer.save(lease, ofSource: "main")
                            return lease.fence
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(winners.compactMap { $0 } == [1])
            #expect(try await stores[1].read { try $0.lease(ofSource: "main") }?.until == .at(60))
            #expect(try await stores[1].read { try $0.lease(ofSource: "b") } == nil)
        },
        Case("The diagnostics and templates of a source are replaced completely") { fixture in
            let store = try await fixture.open()
            let first = Diagnostic(file: "z.yaml", at: Position(line: 3, column: 9), "bad", hint: "fix", excerpt: "é")
            let second = Diagnostic(.warning, file: "a.yaml", "odd")
            try await store.write { writer in
                try writer.replaceDiagnostics([Diagnostic(file: "f.yaml", "old")], source: "main")
                try writer.replaceDiagnostics([first, second], source: "main")
                try writer.replaceDiagnostics([second], source: "b")
                try writer.replaceTemplates([.sample("old")], source: "main")
                try writer.replaceTemplates([.sample("b"), .sample("a")], source: "main")
            }
            #expect(try await store.read { try $0.diagnostics(source: "main") } == [first, second])
            #expect(try await store.read { try $0.diagnostics(source: "b") } == [second])
            #expect(try await store.read { try $0.templates(source: "main") } == [.sample("a"), .sample("b")])
            try await store.write { try $0.replaceDiagnostics([], source: "main") }
            #expect(try await store.read { try $0.diagnostics(source: "main") }.isEmpty)
        },
    ]
}
