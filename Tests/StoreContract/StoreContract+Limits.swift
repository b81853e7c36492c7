import PrewarmCore
import PrewarmEngine
import Testing

private let rust = PresetKey(source: "main", name: "rust")
private let zig = PresetKey(source: "main", name: "zig")

private func ticket(
    _ id: String, _ preset: PresetKey = .go, _ others: [PresetKey] = [], by owner: Owner = "ada", priority: Int = 50
) -> Ticket {
    Ticket(
        id: ClaimID(id), preset: preset, others: others, owner: owner, priority: priority, since: .at(1), holder: "h")
}

extension StoreContract {
    /// What owners hold and wait for, and the tickets of several presets.
    static let limitCases = [
        Case("Workspaces of an owner are counted by name and kind, and old claims for each owner of their name") {
            fixture in
            let store = try await fixture.open()
            let owners: [Owner] = [
                "ada", "ada", Owner(.token, "ada"), Owner(.oidc(issuer: "https://ci"), "ada"),
                Owner(.unrecorded, "ada"), "bob",
            ]
            try await store.write { writer in
                for (index, owner) in owners.enumerated() {
                    try writer.insert([.sample("w\(index)")])
                    let request = ClaimRequest(
                        preset: .go, owner: owner, current: WorkspaceSpec.sample().fingerprint, readySince: nil,
                        now: .at(Int64(100 - index)))
                    #expect(try writer.claim(request) != nil)
                }
                try writer.insert([.sample("unclaimed")])
            }
            func held(_ owner: Owner) async throws -> Int { try await store.read { try $0.heldCount(of: owner) } }
            #expect(try await held("ada") == 3)
            #expect(try await held(Owner(.token, "ada")) == 2)
            #expect(try await held(Owner(.oidc(issuer: "https://ci"), "ada")) == 2)
            #expect(try await held(Owner(.oidc(issuer: "https://other"), "ada")) == 1)
            #expect(try await held("bob") == 1)
            #expect(try await held("eve") == 0)
            let oldest = try await store.read { try $0.heldWorkspaces(of: "ada", limit: 2).map(\.id.rawValue) }
            #expect(oldest == ["w4", "w1"], "the longest held ones come first")
            try await store.write { writer in
                var workspace = try #require(try writer.workspace("w0"))
                workspace.state = .deleting
                #expect(try writer.update(workspace, from: [.claimed]))
            }
            #expect(try await held("ada") == 2)
        },
        Case("A ticket of several presets is in the queue of each, and is saved and removed whole") { fixture in
            let store = try await fixture.open()
            let several = ticket("t1", .go, [rust, zig], priority: 10)
            try await store.write { writer in
                for ticket in [several, ticket("t2", rust), ticket("t3", rust, priority: 5)] { try writer.save(ticket) }
            }
            func queue(_ preset: PresetKey) async throws -> [String] {
                try await store.read { try $0.tickets(of: preset).map(\.id.rawValue) }
            }
            #expect(try await store.read { try $0.ticket(ClaimID("t1")) } == several)
            #expect(try await queue(.go) == ["t1"])
            #expect(try await queue(rust) == ["t2", "t1", "t3"])
            #expect(try await queue(zig) == ["t1"])
            #expect(try await queue(PresetKey(source: "main", name: "ru")).isEmpty)
            #expect(try await store.read { try $0.ticketCounts() } == [.go: 1, rust: 2])
            try await store.write { try $0.save(ticket("t1", zig)) }
            #expect(try await queue(.go).isEmpty)
            #expect(try await queue(rust) == ["t2", "t3"])
            try await store.write { try $0.forget(ticket: ClaimID("t1")) }
            #expect(try await queue(zig).isEmpty)
        },
        Case("Tickets are counted by their owner, and in all") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                for ticket in [ticket("t1"), ticket("t2", rust), ticket("t3", by: Owner(.token, "ada"))] {
                    try writer.save(ticket)
                }
            }
            #expect(try await store.read { try $0.ticketCount(of: "ada") } == 2)
            #expect(try await store.read { try $0.ticketCount(of: Owner(.token, "ada")) } == 1)
            #expect(try await store.read { try $0.ticketCount(of: "bob") } == 0)
            #expect(try await store.read { try $0.ticketCount(of: nil) } == 3)
        },
        Case("The text that a claim asked with is kept with its record") { fixture in
            let store = try await fixture.open()
            var claim = Claim.sample("c1")
            claim.asked = "lang=go"
            try await store.write { [claim] in try $0.save(claim) }
            #expect(try await store.read { try $0.claim(ClaimID("c1")) } == claim)
        },
        Case("A redirect of a deprecated preset is kept, also while its retirement is held") { fixture in
            let store = try await fixture.open()
            var preset = Preset.sample(
                .go, retirement: .deprecated(Deprecation(message: "no", replacement: "rust", redirects: true)))
            preset.isRetirementHeld = true
            try await store.write { [preset] in try $0.save([preset]) }
            #expect(try await store.read { try $0.presets(named: "go") } == [preset])
        },
    ]
}
