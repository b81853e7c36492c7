import PrewarmCore
import PrewarmEngine
import Testing

private let rust = PresetKey(source: "main", name: "rust")
private let far = PresetKey(source: "b", name: "go")

private func settled(_ key: PresetKey, unfinished: Bool = false, nextChange: Timestamp? = nil) -> PoolStanding {
    PoolStanding(preset: key, isSettled: true, isUnfinished: unfinished, nextChange: nextChange)
}

private func ticket(demand: PresetKey?, _ holder: String = "h") -> Ticket {
    Ticket(id: ClaimID("t"), preset: .go, owner: "ada", since: .at(1), holder: holder, demand: demand)
}

extension StoreContract {
    /// A change of the store after which the pool of ``PresetKey/go`` has to be planned again, with the state before it.
    private struct Change: Sendable {
        let name: String
        var before: @Sendable (any StoreWriter) throws -> Void = { _ in }
        let change: @Sendable (any StoreWriter) throws -> Void
    }

    private static let opening: [Change] = [
        Change(name: "a saved preset") { try $0.save([.sample(instances: 4)]) },
        Change(name: "a failed build") { store in
            let failure = FailureRecord(
                preset: .go, fingerprint: Fingerprint(rawValue: 1), count: 1, retryAt: .at(1), message: "")
            try store.setFailure(failure, of: .go)
        },
        Change(name: "forgotten failures") { try $0.setFailure(nil, of: .go) },
        Change(name: "failed handovers") { store in
            let failures = HandoverFailures(preset: .go, count: 1, failedAt: .at(1), message: "")
            try store.setHandoverFailures(failures, of: .go)
        },
        Change(name: "a new workspace") { try $0.insert([.sample("new")]) },
        Change(name: "a new workspace with its create") { store in
            try store.create([
                NewWorkspaces(
                    ids: [WorkspaceID("new")], of: .sample(), revision: nil, reason: .belowDesired, createdAt: .at(0))
            ])
        },
        Change(name: "another state") { _ = try $0.move([WorkspaceID("w")], from: [.ready], to: .deleting) },
        Change(name: "another time of readiness") {
            _ = try $0.update(.sample("w", readyAt: .at(11)), from: [.ready])
        },
        Change(name: "a claim") { _ = try $0.claim(.sample()) },
        Change(name: "a suspension") { store in
            try store.save(Suspension(scope: .preset(.go), reason: nil, by: "op", since: .at(0), until: nil))
        },
        Change(name: "the end of a suspension of the source") { try $0.forget(.source("main")) },
        Change(name: "the end of a suspension of all pools") { try $0.forget(.all) },
        Change(name: "other diagnostics") { try $0.unsettle(source: "main") },
        Change(name: "an outage") { try $0.unsettle([.go]) },
        Change(name: "a hold of the store") { try $0.setHold(StoreHold(.fresh, "new", since: .at(1))) },
        Change(name: "the end of a hold") { try $0.endHold(newest: nil) },
        Change(name: "a request for a replacement") {
            try $0.replace([WorkspaceID("w")], of: .go, at: .at(1))
        },
        Change(name: "a claim that waits") { try $0.save(ticket(demand: .go)) },
        Change(name: "a claim that waits for another preset", before: { try $0.save(ticket(demand: .go)) }) {
            try $0.save(ticket(demand: rust))
        },
        Change(name: "a claim that waits no more", before: { try $0.save(ticket(demand: .go)) }) {
            try $0.forget(ticket: ClaimID("t"))
        },
    ]

    /// Changes that no plan for the pool of ``PresetKey/go`` depends on.
    private static let harmless: [Change] = [
        Change(name: "another preset") { try $0.save([.sample(rust)]) },
        Change(name: "a workspace of another preset") { try $0.insert([.sample("new", rust)]) },
        Change(name: "a suspension of another source") { store in
            try store.save(Suspension(scope: .source("b"), reason: nil, by: "op", since: .at(0), until: nil))
        },
        Change(name: "another endpoint") { store in
            var workspace = Workspace.sample("w")
            workspace.endpoint = "ssh://w"
            _ = try store.update(workspace, from: [.ready])
        },
        Change(name: "a refused move") { _ = try $0.move([WorkspaceID("w")], from: [.failed], to: .deleting) },
        Change(name: "a claim that counts for no preset") { try $0.save(ticket(demand: nil)) },
        Change(name: "a claim that still waits", before: { try $0.save(ticket(demand: .go)) }) {
            try $0.save(ticket(demand: .go, "other"))
        },
        Change(name: "conditions") { try $0.save([PresetKey.go: [Condition]()]) },
        Change(name: "a build time") { try $0.setBuildTime(.seconds(1), of: .go) },
    ]

    private static func isOpen(_ store: any StoreReader) throws -> Bool {
        try store.openPresets(source: "main", dueBy: .at(0))?.presets.map(\.key).contains(.go) ?? false
    }

    static let standingCases = [
        Case("A settled pool is open again after each change that its plan depends on, and after no other one") {
            fixture in
            struct Undo: Error {}
            let store = try await fixture.open()
            for (changes, opens) in [(opening, true), (harmless, false)] {
                for change in changes {
                    await #expect(throws: Undo.self, "\(change.name)") {
                        try await store.write { (store: any StoreWriter) throws in
                            try store.save([.sample()])
                            try store.insert([.sample("w")])
                            try change.before(store)
                            try store.save([settled(.go)])
                            #expect(try !isOpen(store))
                            try change.change(store)
                            #expect(try isOpen(store) == opens, "\(change.name)")
                            throw Undo()
                        }
                    }
                }
            }
        },
        Case("Settled pools are counted without the given ones, with the earliest next change of the others") {
            fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.save([
                    .sample(), .sample(rust), .sample(far), .sample(PresetKey(source: "main", name: "zig")),
                ])
                try store.save([
                    settled(.go, unfinished: true, nextChange: .at(5)), settled(rust, nextChange: .at(9)),
                    settled(far, nextChange: .at(7)), settled(PresetKey(source: "main", name: "unknown")),
                ])
            }
            func pools(without keys: Set<PresetKey>, after time: Timestamp) async throws -> SettledPools {
                try await store.read { try $0.settledPools(source: "main", without: keys, after: time) }
            }
            #expect(
                try await pools(without: [], after: .at(0)) == SettledPools(count: 2, unfinished: 1, nextChange: .at(5))
            )
            #expect(
                try await pools(without: [], after: .at(5)) == SettledPools(count: 2, unfinished: 1, nextChange: .at(9))
            )
            #expect(
                try await pools(without: [.go, far], after: .at(0))
                    == SettledPools(count: 1, unfinished: 0, nextChange: .at(9)))
            #expect(
                try await pools(without: [.go, rust], after: .at(0))
                    == SettledPools(count: 0, unfinished: 0, nextChange: nil))
            try await store.write { try $0.forget([.go]) }
            #expect(
                try await pools(without: [], after: .at(0)) == SettledPools(count: 1, unfinished: 0, nextChange: .at(9))
            )
        },
        Case("A settled pool is read again from the time of its next change on") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.save([.sample(), .sample(rust), .sample(far)])
                try store.save([settled(.go, nextChange: .at(5)), settled(far, nextChange: .at(5))])
            }
            let before = try await store.read { try $0.openPresets(source: "main", dueBy: .at(4)) }
            #expect(before?.presets == [.sample(rust)] && before?.due == [])
            let after = try await store.read { try $0.openPresets(source: "main", dueBy: .at(5)) }
            #expect(after?.presets == [.sample(.go), .sample(rust)] && after?.due == [.go])
        },
        Case("The presets of a source are counted, found by their keys, and known as replacements") { fixture in
            let store = try await fixture.open()
            let old = Preset.sample(rust, retirement: .deprecated(Deprecation(message: "no", replacement: "go")))
            try await store.write { try $0.save([.sample(), old, .sample(far)]) }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.presetCount(source: "main") == 2)
                #expect(try store.presets([rust, PresetKey(source: "x", name: "y"), .go]) == [old, .sample()])
                #expect(try store.unreadablePresets(source: "main").isEmpty)
                #expect(try store.unreadable(source: "main").isEmpty)
                #expect(try store.isReplacement(.go))
                #expect(try !store.isReplacement(far), "a replacement is in the same source")
                #expect(try !store.isReplacement(rust))
            }
            try await store.write { try $0.save([.sample(rust)]) }
            #expect(try await store.read { try !$0.isReplacement(.go) })
        },
        Case("A template is found by its name in its source") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.replaceTemplates([.sample("a"), .sample("b")], source: "main") }
            #expect(try await store.read { try $0.template("b", source: "main") } == .sample("b"))
            #expect(try await store.read { try $0.template("b", source: "b") } == nil)
            #expect(try await store.read { try $0.template("c", source: "main") } == nil)
        },
        Case("The conditions of presets are replaced one by one") { fixture in
            let store = try await fixture.open()
            @Sendable func condition(_ message: String) -> [Condition] {
                [Condition(.ready, .no, storedReason: "R", message: message, since: .at(1))]
            }
            try await store.write { (store: any StoreWriter) throws in
                try store.save([PresetKey.go: condition("a"), rust: condition("b"), far: condition("c")])
                try store.save([PresetKey.go: condition("d")])
            }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.conditions(source: "main") == [.go: condition("d"), rust: condition("b")])
                #expect(
                    try store.conditions(of: [.go, far, PresetKey(source: "x", name: "y")])
                        == [.go: condition("d"), far: condition("c")])
            }
        },
        Case("Limits count all workspaces by source, except deleted and lost ones") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.insert(WorkspaceState.allCases.map { .sample($0.rawValue, .go, $0) })
                try store.insert([.sample("w1", rust), .sample("w2", far)])
            }
            let expected = ["main": WorkspaceState.allCases.count - 1, "b": 1]
            #expect(try await store.read { try $0.liveWorkspaces() } == expected)
        },
        Case("A preset was ever ready if one of its live or deleted workspaces was") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.insert([
                    .sample("w1", .go, .deleted), .sample("w2", rust, .creating, readyAt: nil), .sample("w3", far),
                ])
            }
            #expect(try await store.read { try $0.everReady(source: "main") } == ["go"])
            #expect(try await store.read { try $0.everReady(source: "b") } == ["go"])
        },
    ]
}
