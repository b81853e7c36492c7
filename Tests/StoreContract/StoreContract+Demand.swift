import PrewarmCore
import PrewarmEngine
import Testing

private let rust = PresetKey(source: "main", name: "rust")
private let far = PresetKey(source: "b", name: "go")

private func ticket(
    _ id: String, holder: String = "h", demand: PresetKey? = nil, since: Int64 = 1, expiresAt: Timestamp? = nil
) -> Ticket {
    Ticket(
        id: ClaimID(id), preset: .go, owner: "ada", since: .at(since), holder: holder, demand: demand,
        expiresAt: expiresAt)
}

private func wait(_ since: Int64, _ until: Int64) -> WaitingDemand.Wait {
    WaitingDemand.Wait(since: .at(since), until: .at(until))
}

extension StoreContract {
    /// Waiting claims: who holds them, and how they raise the desired number of a preset.
    static let demandCases = [
        Case("Tickets are found by their process, their end and their demand, in the order of the queue") { fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                for ticket in [
                    ticket("t3", demand: .go, since: 3), ticket("t1", holder: "x", demand: far, since: 2),
                    ticket("t2", since: 1, expiresAt: .at(9)), ticket("t4", demand: .go, since: 2),
                ] { try store.save(ticket) }
            }
            try await store.read { (store: any StoreReader) throws in
                #expect(try store.tickets().map(\.id.rawValue) == ["t2", "t1", "t4", "t3"])
                #expect(try Set(store.tickets(heldBy: "h").map(\.id.rawValue)) == ["t3", "t4"])
                #expect(try store.tickets(expiredBefore: .at(9)).isEmpty)
                #expect(try store.tickets(expiredBefore: .at(10)).map(\.id.rawValue) == ["t2"])
                #expect(try Set(store.demandingTickets(source: "main").map(\.id.rawValue)) == ["t3", "t4"])
                #expect(try store.demandingTickets(source: "b") == [ticket("t1", holder: "x", demand: far, since: 2)])
            }
        },
        Case("The tickets of processes without a recent heartbeat are found, and their heartbeats stay until they end")
        {
            fixture in
            let store = try await fixture.open()
            try await store.write { (store: any StoreWriter) throws in
                try store.saveHeartbeat(of: "new", at: .at(5))
                try store.saveHeartbeat(of: "old", at: .at(5))
                try store.saveHeartbeat(of: "idle", at: .at(5))
                try store.saveHeartbeat(of: "new", at: .at(9))
                try store.save(ticket("t1", holder: "new"))
                try store.save(ticket("t2", holder: "old"))
                try store.save(ticket("t3", holder: "old", expiresAt: .at(30)))
                try store.save(ticket("t4", holder: "never"))
                try store.forgetHeartbeats(before: .at(9))
            }
            try await store.read { (store: any StoreReader) throws in
                let unheard = try store.tickets(ofHoldersUnheardSince: .at(9))
                #expect(unheard.map(\.id.rawValue).sorted() == ["t2", "t4"])
                #expect(try store.tickets().map(\.id.rawValue) == ["t1", "t2", "t3", "t4"])
                #expect(try store.heartbeat(of: "new") == .at(9))
                #expect(try store.heartbeat(of: "old") == .at(5))
                #expect(try store.heartbeat(of: "idle") == nil)
            }
        },
        Case("Ended waits count for a time, until the claim waits again, and at most 1,000 for each preset") {
            fixture in
            let store = try await fixture.open()
            func waits(_ source: String, since: Int64) async throws -> [PresetKey: Set<WaitingDemand.Wait>] {
                try await store.read { try $0.endedWaits(source: source, since: .at(since)) }.mapValues { Set($0) }
            }
            try await store.write { (store: any StoreWriter) throws in
                try store.saveEndedWait(wait(1, 10), of: .go, claim: ClaimID("c1"))
                try store.saveEndedWait(wait(2, 20), of: rust, claim: ClaimID("c2"))
                try store.saveEndedWait(wait(3, 30), of: far, claim: ClaimID("c3"))
                try store.saveEndedWait(wait(1, 11), of: .go, claim: ClaimID("c1"))
            }
            #expect(try await waits("main", since: 0) == [.go: [wait(1, 11)], rust: [wait(2, 20)]])
            #expect(try await waits("main", since: 11) == [rust: [wait(2, 20)]])
            #expect(try await waits("b", since: 29) == [far: [wait(3, 30)]])
            try await store.write { try $0.save(ticket("c2")) }
            #expect(try await waits("main", since: 11) == [rust: [wait(2, 20)]], "the claim raises no number now")
            try await store.write { try $0.save(ticket("c2", demand: .go)) }
            #expect(try await waits("main", since: 11).isEmpty)
            let memory = WaitingDemand.memory.components.seconds
            try await store.write { try $0.saveEndedWait(wait(4, 11 + memory), of: rust, claim: ClaimID("c4")) }
            #expect(try await waits("main", since: 0) == [rust: [wait(4, 11 + memory)]])
            try await store.write { (store: any StoreWriter) throws in
                for number in 0...1000 {
                    try store.saveEndedWait(wait(400, 500), of: .go, claim: ClaimID("n\(10_000 + number)"))
                }
            }
            let kept = try await store.read { try $0.endedWaits(source: "main", since: .at(499)) }
            #expect(kept[.go]?.count == 1000)
        },
        Case("A waiting claim takes a workspace that starts for waiting claims, the furthest one first") { fixture in
            let store = try await fixture.open()
            @Sendable func create(_ id: String, _ reason: Reason) -> Operation {
                Operation(
                    id: OperationID(id), kind: .create, workspace: WorkspaceID(id), preset: .go, provisioner: "local",
                    reason: reason, nextAttemptAt: .at(0), createdAt: .at(0))
            }
            try await store.write { (store: any StoreWriter) throws in
                for (id, state, version) in [
                    ("a", .pending, "1"), ("b", .creating, "1"), ("c", .pending, "1"), ("d", .creating, "0"),
                    ("e", .creating, "1"), ("f", .ready, "1"),
                ] as [(String, WorkspaceState, String)] {
                    try store.insert([.sample(id, .go, state, version: version, readyAt: nil)])
                    try store.insert([create(id, id == "e" ? .belowDesired : .waitingClaim)])
                }
            }
            let fingerprint = WorkspaceSpec.sample().fingerprint
            #expect(try await store.read { try $0.startingForClaims(of: .go, fingerprint) } == 3)
            #expect(try await store.read { try $0.startingForClaims(of: rust, fingerprint) } == 0)
            var order = ""
            while let next = try await store.write({ try $0.claimStarting(.sample(key: nil)) }) {
                order += next.id.rawValue
                #expect(next.state == .claimed && next.owner == "ada" && next.claimedAt == .at(100))
            }
            #expect(order == "bac")
            #expect(try await store.read { try $0.startingForClaims(of: .go, fingerprint) } == 0)
        },
        Case("An owner has claimed before if a record has its name and kind") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.save(Claim.sample("1", by: Owner(.token, "ada"), .missed, endedAt: .at(2))) }
            #expect(try await store.read { try $0.hasClaimed(Owner(.token, "ada")) })
            #expect(try await store.read { try !$0.hasClaimed("ada") })
            #expect(try await store.read { try !$0.hasClaimed(Owner(.token, "bob")) })
        },
    ]
}
