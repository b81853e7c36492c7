import PrewarmCore
import PrewarmEngine
import Testing

private func event(_ reason: String, at: Timestamp = .at(0)) -> Event {
    Event(at: at, storedReason: reason, object: "preset", name: "n", source: "main", preset: "n", message: "ß")
}

extension StoreContract {
    static let notificationCases = [
        Case("Events have increasing numbers and can be read from any number on") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.newestEvent() } == 0)
            try await store.write { try $0.append([event("A"), event("B")]) }
            try await store.write { try $0.append([event("C")]) }
            let all = try await store.read { try $0.events(after: 0, limit: 9) }
            #expect(all.map(\.event) == [event("A"), event("B"), event("C")])
            #expect(all.map(\.sequence) == all.map(\.sequence).sorted() && Set(all.map(\.sequence)).count == 3)
            #expect(try await store.read { try $0.events(after: 0, limit: 2) } == Array(all.prefix(2)))
            #expect(try await store.read { try $0.events(after: all[1].sequence, limit: 9) } == [all[2]])
            #expect(try await store.read { try $0.newestEvent() } == all[2].sequence)
            #expect(try await store.read { try $0.events(after: all[2].sequence, limit: 9) }.isEmpty)
        },
        Case("The number of an event is not reused, even if every event is old") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.append([event("A"), event("B")]) }
            let newest = try await store.read { try $0.newestEvent() }
            try await store.write { writer in
                try writer.forgetHistory(before: .at(1000))
                try writer.append([event("C", at: .at(2000))])
            }
            let found = try await store.read { try $0.events(after: newest, limit: 9) }
            #expect(found.map(\.event.reason) == ["C"])
        },
        Case("An event of a failed write uses no number") { fixture in
            struct Refusal: Error {}
            let store = try await fixture.open()
            _ = try? await store.write { writer in
                try writer.append([event("A")])
                throw Refusal()
            }
            #expect(try await store.read { try $0.newestEvent() } == 0)
        },
        Case("The position of each sink is kept over restarts") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.sink("chat") } == nil)
            let (chat, hook) = (SinkRecord(cursor: 7, state: [1, 0, 255]), SinkRecord(cursor: 9, state: []))
            try await store.write { writer in
                try writer.save(SinkRecord(cursor: 1, state: [9]), ofSink: "chat")
                try writer.save(chat, ofSink: "chat")
                try writer.save(hook, ofSink: "hook")
            }
            let other = try await fixture.open()
            #expect(try await other.read { try $0.sink("chat") } == chat)
            #expect(try await other.read { try $0.sink("hook") } == hook)
        },
        Case("Pending and running operations are counted by kind, and the oldest due time is found") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.unfinishedOperations(now: .at(0)) } == OperationTallies())
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2"), .sample("w3")])
                try writer.insert([
                    .sample("o1", "w1", dueAt: .at(50)), .sample("o2", "w2", dueAt: .at(20)),
                    .sample("o3", "w3", dueAt: .at(900)), .sample("o4", "w1", .delete, dueAt: .at(70)),
                    .sample("o5", "w2", state: .running, dueAt: .at(1)),
                    .sample("o6", "w3", state: .succeeded, dueAt: .at(1), finishedAt: .at(2)),
                    .sample("o7", "w3", state: .failed, dueAt: .at(1), finishedAt: .at(2)),
                ])
            }
            let tallies = try await store.read { try $0.unfinishedOperations(now: .at(100)) }
            #expect(
                tallies.groups == [
                    .init(kind: .create, state: .pending, count: 3), .init(kind: .delete, state: .pending, count: 1),
                    .init(kind: .create, state: .running, count: 1),
                ])
            #expect(tallies.oldestDueAt == .at(20))
            #expect(try await store.read { try $0.unfinishedOperations(now: .at(10)) }.oldestDueAt == nil)
        },
        Case("Conditions can be read without other data") { fixture in
            let store = try await fixture.open()
            let findings = [Diagnostic(.error, file: "a.yaml", "wrong"), Diagnostic(.warning, file: "b.yaml", "odd")]
            try await store.write { try $0.replaceDiagnostics(findings, source: "main") }
            #expect(try await store.read { try $0.diagnostics(source: "main") } == findings)
            #expect(try await store.read { try $0.diagnostics(source: "other") }.isEmpty)
        },
        Case("The commit time of a revision is kept") { fixture in
            let store = try await fixture.open()
            let record = RevisionRecord(
                source: "main", revision: .sample("a"), appliedAt: .at(5), committedAt: .at(1), created: 0, deleted: 0,
                cancelled: 0)
            try await store.write { try $0.insert(record) }
            #expect(try await store.read { try $0.revisions(source: "main", limit: 1) } == [record])
        },
    ]
}
