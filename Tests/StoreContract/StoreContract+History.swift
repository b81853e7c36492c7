import PrewarmCore
import PrewarmEngine
import Testing

private func event(_ reason: String, at: Timestamp = .at(0), preset: PresetKey? = nil) -> Event {
    Event(
        at: at, kind: .warning, storedReason: reason, object: "preset", name: "n", source: preset?.source,
        preset: preset?.name, message: "ß")
}

private func revision(_ digit: Character, at: Timestamp = .at(0), source: String = "main") -> RevisionRecord {
    var changes = DefinitionChanges()
    if let change = DefinitionChange(from: nil, to: Template(name: "t\(digit)", origin: Origin(file: "f", line: 1))) {
        changes.add(change)
    }
    return RevisionRecord(
        source: source, revision: .sample(digit), appliedAt: at, author: "Ada", subject: nil, created: 1, deleted: 2,
        cancelled: 3, changes: changes)
}

extension StoreContract {
    static let historyCases = [
        Case("Events are listed from oldest to newest, and a limit returns the newest") { fixture in
            let store = try await fixture.open()
            let events = [event("A", preset: .go), event("B"), event("C", preset: .go), event("D")]
            try await store.write { try $0.append(events) }
            #expect(try await store.read { try $0.events(EventFilter()) } == events)
            #expect(try await store.read { try $0.events(EventFilter(limit: 2)) } == Array(events.suffix(2)))
            #expect(try await store.read { try $0.events(EventFilter(preset: .go)) } == [events[0], events[2]])
            #expect(try await store.read { try $0.events(EventFilter(preset: .go, limit: 1)) } == [events[2]])
        },
        Case("Revisions of a source are listed from newest to oldest, up to a limit") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                for digit in "abc" { try writer.insert(revision(digit)) }
                try writer.insert(revision("d", source: "b"))
            }
            let found = try await store.read { try $0.revisions(source: "main", limit: 2) }
            #expect(found == [revision("c"), revision("b")])
            #expect(try await store.read { try $0.revisions(source: "b", limit: 9) }.count == 1)
        },
        Case("Logs of any size are kept by attempt") { fixture in
            let store = try await fixture.open()
            let huge = String(repeating: "zeile ☕️\n", count: 500_000)
            let (first, second) = (
                LogRecord(operation: OperationID("o1"), attempt: 1, at: .at(1), text: ""),
                LogRecord(operation: OperationID("o1"), attempt: 2, at: .at(2), text: huge)
            )
            try await store.write { writer in
                try writer.append(second)
                try writer.append(first)
                try writer.append(LogRecord(operation: OperationID("o2"), attempt: 1, at: .at(2), text: "x"))
            }
            #expect(try await store.read { try $0.log(of: OperationID("o1")) } == [first, second])
        },
        Case("For an operation with many attempts, the first and the last logs are kept") { fixture in
            let store = try await fixture.open()
            let (id, other) = (
                OperationID("o1"), LogRecord(operation: OperationID("o2"), attempt: 9, at: .at(1), text: "x")
            )
            try await store.write { writer in
                try writer.append(other)
                for attempt in 1...500 {
                    let record = LogRecord(operation: id, attempt: attempt, at: .at(1), text: "attempt \(attempt)")
                    try writer.append(record)
                }
            }
            let attempts = try await store.read { try $0.log(of: id).map(\.attempt) }
            #expect(attempts == [1, 2, 493, 494, 495, 496, 497, 498, 499, 500])
            let large = String(repeating: "x", count: 1 << 18)
            try await store.write { writer in
                for attempt in 501...520 {
                    try writer.append(LogRecord(operation: id, attempt: attempt, at: .at(1), text: large))
                }
            }
            let size = try await store.read { try $0.log(of: id).reduce(0) { $0 + $1.text.utf8.count } }
            #expect(size < 1 << 20)
            #expect(try await store.read { try $0.log(of: id).map(\.attempt) } == [1, 2, 519, 520])
            #expect(try await store.read { try $0.log(of: other.operation) } == [other])
        },
        Case("Old history is deleted, and current data stays") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.save([.sample()])
                try writer.insert([
                    .sample("gone", .go, .deleted), .sample("waits", .go, .deleted),
                    .sample("young", .go, .deleted, createdAt: .at(90)),
                    .sample("ready"), .sample("claimed", .go, .claimed),
                ])
                try writer.insert([
                    .sample("o1", "gone", .delete, state: .succeeded, finishedAt: .at(10)),
                    .sample("o2", "waits", .delete, state: .succeeded, finishedAt: .at(80)),
                    .sample("o3", "ready", state: .succeeded, finishedAt: .at(10)), .sample("o4", "ready", .inspect),
                ])
                for id in ["o1", "o2"] {
                    try writer.append(LogRecord(operation: OperationID(id), attempt: 1, at: .at(1), text: "t"))
                }
                try writer.append([event("old", at: .at(1)), event("new", at: .at(70))])
                for digit in "abc" { try writer.insert(revision(digit, at: .at(1))) }
                try writer.insert(revision("d", at: .at(1), source: "b"))
                try writer.forgetHistory(before: .at(50))
            }
            try await store.read { (reader: any StoreReader) throws in
                for id in ["waits", "young", "ready", "claimed"] {
                    #expect(try reader.workspace(id)?.spec == .sample(), "\(id)")
                }
                #expect(try reader.workspace("gone") == nil)
                #expect(try reader.operations(OperationFilter()).map(\.operation.id.rawValue) == ["o4", "o2"])
                #expect(try reader.log(of: OperationID("o1")).isEmpty)
                #expect(try reader.log(of: OperationID("o2")).count == 1)
                #expect(try reader.events(EventFilter()).map(\.reason) == ["new"])
                #expect(try reader.revisions(source: "main", limit: 9) == [revision("c", at: .at(1))])
                #expect(try reader.revisions(source: "b", limit: 9).count == 1)
                #expect(try reader.presets(source: nil) == [.sample()])
                #expect(try reader.tallies(of: .go).map(\.count).reduce(0, +) == 2)
            }
        },
        Case("A preset whose data was deleted can be saved again") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.save([.sample()])
                try writer.insert([.sample("w1", .go, .deleted)])
                try writer.forget([.go])
                try writer.forgetHistory(before: .at(50))
                try writer.save([.sample()])
                try writer.insert([.sample("w1")])
            }
            #expect(try await store.read { try $0.workspace("w1") } == .sample("w1"))
            #expect(try await store.read { try $0.presets(source: "main") } == [.sample()])
        },
        Case("An event with a time in the future does not keep later events from being deleted") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.append([
                    event("ahead", at: .at(400 * 86_400)), event("old", at: .at(1)), event("new", at: .at(70)),
                ])
                try writer.forgetHistory(before: .at(50))
            }
            #expect(try await store.read { try $0.events(EventFilter()).map(\.reason) } == ["new"])
        },
        Case("The deletion of an orphan keeps the key of orphans, although no preset has it") { fixture in
            let store = try await fixture.open()
            let operation = Operation.sample("o1", "stray", .delete, .orphans)
            try await store.write { writer in
                try writer.insert([operation])
                try writer.forgetHistory(before: .at(50))
            }
            #expect(try await store.read { try $0.operations(OperationFilter()).map(\.operation) } == [operation])
        },
        Case("Parse results of an earlier parser are deleted, and current ones stay") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.saveParsed([("a", [1])], parserVersion: 1, at: .at(0))
                try writer.saveParsed([("b", [2])], parserVersion: 2, at: .at(0))
                try writer.forgetHistory(before: .at(-1_000_000_000))
            }
            #expect(try await store.read { try $0.parsed(blobs: ["a"], parserVersion: 1) }.isEmpty)
            #expect(try await store.read { try $0.parsed(blobs: ["b"], parserVersion: 2) } == ["b": [2]])
        },
    ]
}
