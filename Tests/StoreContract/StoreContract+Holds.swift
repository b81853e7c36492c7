import PrewarmCore
import PrewarmEngine
import Testing

private let rust = PresetKey(source: "main", name: "rust")

private func checked(_ key: PresetKey, every seconds: Int64) -> Preset {
    .sample(key, health: Health(interval: .seconds(seconds), failures: 3, freshness: .seconds(9)))
}

extension StoreContract {
    /// The identity and the hold of the store, the orders of operators, and what provisioners reported.
    static let holdCases = [
        Case("Every store on a state has its identity, and its counter grows with claims and operations") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            let first = try await stores[0].read { try $0.identity() }
            #expect(first.id.count == 32 && first.id.allSatisfy(\.isHexDigit))
            #expect(first.hold == nil && first.former.isEmpty)
            var counters = [first.counter]
            for write in [
                { try $0.insert([.sample("01jh00000000000000abcd2345"), .sample("adopted")]) },
                { _ = try $0.claim(.sample()) }, { try $0.insert([.sample("o1", "w1")]) },
                { try $0.update(OperationRecord(.sample("o1", "w1", state: .succeeded))) },
                { try $0.save(Claim.sample("c")) },
            ] as [@Sendable (any StoreWriter) throws -> Void] {
                try await stores[1].write { try write($0) }
                counters.append(try await stores[0].read { try $0.identity().counter })
            }
            #expect(counters == Array(Set(counters)).sorted())
            try await stores[0].write { try $0.save(SourceRecord(name: "main", url: "")) }
            let last = try await stores[1].read { try $0.identity() }
            #expect(last.counter == counters.last, "an older copy would miss nothing of a change of a source")
            #expect(last.id == first.id)
            #expect(last.newest == WorkspaceID("01jh00000000000000abcd2345"), "adopted workspaces have other ids")
        },
        Case("A restored copy deletes nothing until its hold ends, and every source is planned again") { fixture in
            let store = try await fixture.open()
            let filter = DueFilter(provisioner: "local")
            let hold = StoreHold(.restored, "a copy", since: .at(4))
            try await store.write { (store: any StoreWriter) throws in
                try store.save(SourceRecord(name: "main", url: "", quietUntil: .at(99)))
                try store.insert([.sample("o1", "w1", .delete), .sample("o2", "w2")])
                try store.setHold(StoreHold(.fresh, "new", since: .at(3)))
                try store.setHold(hold)
            }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.identity().hold == hold)
                #expect(try store.source("main")?.quietUntil == nil)
                #expect(try store.dueOperations(filter, now: .at(5), limit: 9).map(\.operation.id.rawValue) == ["o2"])
            }
            try await store.write { try $0.endHold(newest: WorkspaceID("01jz00000000000000abcd2345")) }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.identity().hold == nil)
                #expect(try store.identity().newest == WorkspaceID("01jz00000000000000abcd2345"))
                #expect(try store.dueOperations(filter, now: .at(5), limit: 9).count == 2)
            }
        },
        Case("Pins, guards and suspensions are replaced and deleted one by one") { fixture in
            let store = try await fixture.open()
            @Sendable func pin(_ source: String, _ reason: String?) -> Pin {
                Pin(
                    source: source, commit: "c", reason: reason, by: "op", since: .at(1),
                    until: reason.map { _ in .at(9) })
            }
            var guardRecord = GuardRecord()
            guardRecord.heldAmong = 7
            guardRecord.gains = [GuardRecord.Gain(preset: "go", earlier: 1, at: .at(2))]
            let record = guardRecord
            let suspensions = [Suspension.Scope.all, .source("main"), .preset(.go)].map {
                Suspension(scope: $0, reason: "läuft", by: "op", since: .at(1), until: .at(5))
            }
            try await store.write { (store: any StoreWriter) throws in
                for pin in [pin("main", "old"), pin("b", nil), pin("main", "new")] { try store.save(pin) }
                try store.save(record, ofSource: "main")
                for suspension in suspensions.reversed() + suspensions { try store.save(suspension) }
            }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.pins() == [pin("b", nil), pin("main", "new")])
                #expect(try store.guardRecord(ofSource: "main") == record)
                #expect(try store.guardRecord(ofSource: "b") == GuardRecord())
                #expect(try store.suspensions() == suspensions)
            }
            try await store.write { (store: any StoreWriter) throws in
                try store.forgetPin(ofSource: "main")
                try store.forget(.source("main"))
            }
            #expect(try await store.read { try $0.pins() } == [pin("b", nil)])
            #expect(try await store.read { try $0.suspensions() } == [suspensions[0], suspensions[2]])
        },
        Case("A record of a guard that could not be read is reported until it is written again") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.save(GuardRecord.lost, ofSource: "main") }
            #expect(try await store.read { try $0.unreadable(source: "main") } == [.unreadableGuard])
            #expect(try await store.read { try $0.unreadable(source: "b") }.isEmpty)
            try await store.write { try $0.save(GuardRecord(), ofSource: "main") }
            #expect(try await store.read { try $0.unreadable(source: "main") }.isEmpty)
        },
        Case("The numbers of the newest revision of a source are updated, and earlier revisions stay") { fixture in
            let store = try await fixture.open()
            @Sendable func revision(_ digit: Character, _ source: String = "main", created: Int = 0) -> RevisionRecord {
                RevisionRecord(
                    source: source, revision: .sample(digit), appliedAt: .at(1), created: created, deleted: 0,
                    cancelled: 0)
            }
            var changed = revision("b", created: 4)
            (changed.deleted, changed.cancelled, changed.convergedAt) = (5, 6, .at(7))
            let update = changed
            try await store.write { (store: any StoreWriter) throws in
                for record in [revision("a"), revision("b"), revision("c", "b")] { try store.insert(record) }
                try store.updateNewest(update)
            }
            #expect(try await store.read { try $0.revisions(source: "main", limit: 9) } == [update, revision("a")])
            #expect(try await store.read { try $0.revisions(source: "b", limit: 9) } == [revision("c", "b")])
        },
        Case("Orphans are listed in the order of their provisioners and ids") { fixture in
            let store = try await fixture.open()
            @Sendable func orphan(_ provisioner: String, _ id: String) -> Orphan {
                Orphan(provisioner: provisioner, id: WorkspaceID(id), state: nil, since: .at(1), store: "s")
            }
            let orphans = [orphan("cloud", "z"), orphan("local", "a"), orphan("local", "b")]
            try await store.write { (store: any StoreWriter) throws in
                try store.save(Listing(provisioner: "local", at: .at(5), orphans: [orphans[2], orphans[1]]))
                try store.save(Listing(provisioner: "cloud", at: .at(6), orphans: [orphans[0]]))
            }
            #expect(try await store.read { try $0.orphans() } == orphans)
            #expect(try await store.read { try $0.listing(provisioner: "local")?.orphans } == Array(orphans[1...]))
            #expect(try await store.read { try $0.listedAt(provisioner: "cloud") } == .at(6))
            #expect(try await store.read { try $0.listedAt(provisioner: "none") } == nil)
        },
        Case("Only deleted workspaces are replaced by adopted ones with their ids") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.insert([.sample("a", .go, .deleted, readyAt: nil), .sample("b")])
                try store.replaceDeleted(by: [.sample("a", rust), .sample("c", rust)])
            }
            #expect(try await store.read { try $0.workspace("a") } == .sample("a", rust))
            #expect(try await store.read { try $0.workspace("c") } == .sample("c", rust))
            await #expect(throws: StoreError.self) {
                try await store.write { try $0.replaceDeleted(by: [.sample("b", rust)]) }
            }
        },
        Case("The health checks of a provisioner are those of its presets, and the checks end with them") { fixture in
            let store = try await fixture.open()
            let check = Check(workspace: WorkspaceID("w"), provisioner: "local", at: .at(1), state: "ready")
            try await store.write { (store: any StoreWriter) throws in
                try store.save([checked(.go, every: 20), checked(rust, every: 10)])
                try store.insert([.sample("w")])
                try store.save(check)
            }
            try await store.read { (store: any StoreReader) throws in
                #expect(
                    try store.health(provisioner: "local").mapValues(\.interval) == [
                        .go: .seconds(20), rust: .seconds(10),
                    ])
                #expect(try store.health(provisioner: "local")[.go] == checked(.go, every: 20).health)
                #expect(try store.healthInterval(provisioner: "local") == .seconds(10))
                #expect(try store.health(provisioner: "cloud").isEmpty)
                #expect(try store.healthInterval(provisioner: "cloud") == nil)
            }
            try await store.write { (store: any StoreWriter) throws in
                try store.save([checked(.go, every: 30)])
                try store.forget([rust])
            }
            #expect(try await store.read { try $0.healthInterval(provisioner: "local") } == .seconds(30))
            #expect(try await store.read { try $0.check(of: WorkspaceID("w")) } == check)
            try await store.write { try $0.save([.sample()]) }
            #expect(try await store.read { try $0.health(provisioner: "local") }.isEmpty)
            #expect(try await store.read { try $0.check(of: WorkspaceID("w")) } == nil)
        },
        Case("Claimed workspaces that were reported as broken are counted by preset") { fixture in
            let store = try await fixture.open()
            @Sendable func suspect(_ id: String, isReported: Bool = true) -> Suspect {
                Suspect(workspace: WorkspaceID(id), since: .at(1), isReported: isReported)
            }
            try await store.write { (store: any StoreWriter) throws in
                try store.insert([
                    .sample("a", .go, .claimed), .sample("b", .go, .claimed), .sample("c", rust, .claimed),
                    .sample("d", rust), .sample("e", rust, .claimed),
                ])
                try store.replaceSuspects([suspect("a"), suspect("b"), suspect("d")], provisioner: "local")
                try store.replaceSuspects([suspect("c"), suspect("e", isReported: false)], provisioner: "cloud")
            }
            #expect(try await store.read { try $0.brokenClaims() } == [.go: 2, rust: 1])
        },
        Case("A claim gets a suspect only if no other workspace is ready") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.insert([.sample("a"), .sample("b"), .sample("c", version: "0")])
                try store.replaceSuspects(
                    [Suspect(workspace: WorkspaceID("a"), since: .at(1))], provisioner: "local")
            }
            var order = ""
            while let next = try await store.write({ try $0.claim(.sample()) }) { order += next.id.rawValue }
            #expect(order == "bca")
        },
    ]
}
