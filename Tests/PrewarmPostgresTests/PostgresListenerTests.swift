import PostgresSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmPostgres

@Suite(
    "Hints of other processes", .serialized, .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresListenerTests {
    private func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
        for _ in 0..<1200 {
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("never: \(what)")
    }

    private func event() -> Event {
        Event(at: Timestamp(seconds: 1), reason: .forgotten, object: "source", name: "a", message: "m")
    }

    @Test("Text forms of hints can be read again, and a hint of a newer version means that anything changed")
    func texts() {
        let hints: [StoreHint] = [
            .changed(source: nil), .changed(source: "presets"), .pull(source: "presets"), .shares, .unknown,
        ]
        for hint in hints { #expect(StoreHint(Substring(hint.text)) == hint) }
        #expect(StoreHint("brewed:tea") == .unknown && StoreHint("") == .unknown)
    }

    @Test("A committed change of another process arrives as a hint, also after the server has restarted")
    func arrives() async throws {
        let server = PostgresServer("hints")
        let url = try await server.store()
        let address = try #require(PostgresAddress(url))
        let listening = try PostgresStore.open(address)
        let hints = try #require(listening.hints())
        let seen = Seen()
        let reader = Task { for await hint in hints { await seen.add(hint) } }
        try await eventually("it listens") { listening.connections?.isListening == true }
        // The hints of this process are not heard, so `psql` stands for another one.
        let identity = try await listening.read { try $0.identity().id }
        func notify(_ text: String) async throws {
            try await server.psql("NOTIFY prewarm_\(identity), 'other,\(text)'")
        }
        try await notify("changed:presets,shares")
        try await eventually("both arrive") { await seen.all.isSuperset(of: [.changed(source: "presets"), .shares]) }
        try await listening.write { [event] in try $0.append([event()]) }
        try await server.control("restart", "--mode=immediate")
        try await eventually("it connects again") {
            try? await notify("pull:presets")
            return await seen.all.contains(.pull(source: "presets"))
        }
        #expect(await !seen.all.contains(.changed(source: nil)), "a process does not hear itself")
        reader.cancel()
        try await eventually("the connection ends") { listening.connections?.isListening == false }
        listening.close()
    }

    @Test("What a transaction changes is in the payload that it sends, and a transaction that fails sends nothing")
    func payload() async throws {
        struct Refused: Error {}
        let url = try await PostgresServer.shared.store()
        let address = try #require(PostgresAddress(url))
        let store = try PostgresStore.open(address)
        let identity = try await store.read { try $0.identity().id }
        let link = try PostgresLink(address, first: 0, by: .now + .seconds(60))
        try link.run("LISTEN prewarm_\(identity)", by: .now + .seconds(60))
        func next() throws -> [String] {
            let payloads = try link.notifications(by: .now + .seconds(60))
            return payloads.flatMap { $0.split(separator: ",").dropFirst().map(String.init) }
        }
        await #expect(throws: Refused.self) {
            try await store.write { [event] writer in
                try writer.append([event()])
                throw Refused()
            }
        }
        try await store.write { try $0.markDirty(source: "presets") }
        #expect(try next() == ["changed:presets"])
        try await store.write { writer in
            var pull = PullRecord(source: "presets")
            pull.asked = 1
            try writer.save(pull)
        }
        #expect(try next() == ["pull:presets"])
        try await store.write { writer in
            let lease = Lease(holder: "a", fence: 1, until: Timestamp(seconds: 9)).released
            try writer.save(lease, ofSource: SourceShares.prefix + "presets")
        }
        #expect(try next() == ["shares"])
        store.close()
    }

    @Test("Behind PgBouncer it does not listen, since notifications would arrive at another client")
    func pooled() async throws {
        let address = try #require(PostgresAddress(try await PostgresServer.shared.pooledStore()))
        let deadline = ContinuousClock.now + .seconds(60)
        #expect(try PostgresLink(address, first: 0, by: deadline).isPooled(by: deadline))
        let direct = try #require(PostgresAddress(try await PostgresServer.shared.store()))
        #expect(try !PostgresLink(direct, first: 0, by: deadline).isPooled(by: deadline))
    }
}

private actor Seen {
    private(set) var all: Set<StoreHint> = []

    func add(_ hint: StoreHint) { all.insert(hint) }
}
