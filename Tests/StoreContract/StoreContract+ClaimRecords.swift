import PrewarmCore
import PrewarmEngine
import Testing

extension Claim {
    static func sample(
        _ id: String, _ preset: PresetKey = .go, by owner: Owner = "ada", _ result: Result = .hit,
        askedAt: Timestamp = .at(0), endedAt: Timestamp? = nil
    ) -> Claim {
        let isGranted = result != .missed
        return Claim(
            id: ClaimID(id), preset: preset, owner: owner, workspace: isGranted ? WorkspaceID("w" + id) : nil,
            result: result, askedAt: askedAt, grantedAt: isGranted ? askedAt : nil, endedAt: endedAt,
            endReason: isGranted && endedAt != nil ? .released : nil, endedBy: endedAt == nil ? nil : "token ci")
    }
}

extension StoreContract {
    static let claimRecordCases = [
        Case("The record of a claim is saved whole, and replaced by its id") { fixture in
            let store = try await fixture.open()
            var claim = Claim.sample("c1", by: Owner(.oidc(issuer: "https://ci"), "repo:a"), .missed, endedAt: .at(9))
            try await store.write { [claim] in try $0.save(claim) }
            #expect(try await store.read { try $0.claim(ClaimID("c1")) } == claim)
            (claim.workspace, claim.result) = (WorkspaceID("w1"), .cold)
            (claim.grantedAt, claim.usableAt, claim.endedAt, claim.endedBy) = (.at(3), .at(4), .at(5), nil)
            claim.endReason = .failed
            try await store.write { [claim] in try $0.save(claim) }
            #expect(try await store.read { try $0.claims(ClaimFilter()) } == [claim])
            #expect(try await store.read { try $0.claim(ClaimID("c2")) } == nil)
        },
        Case("Records of claims are listed newest first, by preset, owner, time and state, in pages") { fixture in
            let store = try await fixture.open()
            let other = PresetKey(source: "b", name: "go")
            let claims = [
                Claim.sample("1", askedAt: .at(1), endedAt: .at(2)), .sample("2", other, askedAt: .at(2)),
                .sample("3", by: "bob", askedAt: .at(3)), .sample("4", .go, by: "eve", .missed, askedAt: .at(4)),
            ]
            try await store.write { writer in for claim in claims { try writer.save(claim) } }
            func ids(_ filter: ClaimFilter) async throws -> String {
                try await store.read { try $0.claims(filter).map(\.id.rawValue).joined() }
            }
            #expect(try await ids(ClaimFilter()) == "4321")
            #expect(try await ids(ClaimFilter(preset: .go)) == "431")
            #expect(try await ids(ClaimFilter(preset: PresetKey(source: "c", name: "go"))) == "")
            #expect(try await ids(ClaimFilter(owners: ["ada", "bob"])) == "321")
            #expect(try await ids(ClaimFilter(since: .at(3))) == "43")
            #expect(try await ids(ClaimFilter(isHeld: true)) == "32")
            #expect(try await ids(ClaimFilter(before: ClaimID("4"), limit: 2)) == "32")
        },
        Case("Claims are counted by preset and result, since a time and up to a limit for each preset") { fixture in
            let store = try await fixture.open()
            let other = PresetKey(source: "b", name: "go")
            var generator = SystemRandomNumberGenerator()
            func claim(_ preset: PresetKey, _ result: Claim.Result, at seconds: Int64) -> Claim {
                var ids = IdentifierFactory(now: .at(seconds), using: &generator)
                return .sample(ids.next(), preset, result, askedAt: .at(seconds))
            }
            let claims = [
                claim(.go, .missed, at: 9), claim(.go, .hit, at: 10), claim(.go, .hit, at: 11),
                claim(other, .cold, at: 12), claim(.go, .waited, at: 13),
            ]
            try await store.write { writer in for claim in claims { try writer.save(claim) } }
            func results(_ since: Int64, _ limit: Int) async throws -> [PresetKey: [Claim.Result: Int]] {
                try await store.read { try $0.claimResults(of: nil, since: .at(since), limit: limit) }
            }
            #expect(try await results(10, 100) == [.go: [.hit: 2, .waited: 1], other: [.cold: 1]])
            #expect(try await results(10, 2) == [.go: [.hit: 1, .waited: 1], other: [.cold: 1]])
            #expect(try await results(10, 1) == [.go: [.waited: 1], other: [.cold: 1]])
            let one = try await store.read { try $0.claimResults(of: other, since: .at(0), limit: 100) }
            #expect(one == [other: [.cold: 1]])
            let unknown = PresetKey(source: "c", name: "go")
            #expect(try await store.read { try $0.claimResults(of: unknown, since: .at(0), limit: 9) }.isEmpty)
            #expect(try await results(9, 100)[.go]?[.missed] == 1)
            #expect(try await results(14, 100).isEmpty)
        },
        Case("The hit rate of a pool is rounded down, and a quiet pool beside a busy one has its own") { fixture in
            let store = try await fixture.open()
            let quiet = PresetKey(source: "b", name: "go")
            var generator = SystemRandomNumberGenerator()
            var ids = IdentifierFactory(now: .at(10), using: &generator)
            var claims = [Claim.Result.hit, .hit, .missed].map { Claim.sample(ids.next(), quiet, $0, askedAt: .at(10)) }
            ids = IdentifierFactory(now: .at(20), using: &generator)
            claims += (0...RecentClaims.limit).map { _ in Claim.sample(ids.next(), .go, .hit, askedAt: .at(20)) }
            try await store.write { [claims] writer in for claim in claims { try writer.save(claim) } }
            let recent = try await store.read { try RecentClaims(at: .at(30), in: $0) }
            #expect(recent.share(of: quiet)?.hitRate == 0.666)
            #expect(recent.share(of: .go)?.claims == RecentClaims.limit)
        },
        Case("A claimed workspace has the id of its claim") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.insert([.sample("w1")]) }
            let request = ClaimRequest(
                preset: .go, owner: "ada", current: WorkspaceSpec.sample().fingerprint, readySince: nil, now: .at(100),
                id: ClaimID("c1"))
            #expect(try await store.write { try $0.claim(request) }?.claim == ClaimID("c1"))
            #expect(try await store.read { try $0.workspace("w1") }?.claim == ClaimID("c1"))
        },
        Case("Records of claims are deleted by their end, and keep the key of their preset until then") { fixture in
            let store = try await fixture.open()
            let claims = [
                Claim.sample("1", endedAt: .at(10)), .sample("2"), .sample("3", .go, .missed, endedAt: .at(20)),
            ]
            try await store.write { writer in for claim in claims { try writer.save(claim) } }
            try await store.write { writer in
                try writer.forgetHistory(before: .at(5))
                try writer.forgetClaims(endedBefore: .at(15))
            }
            #expect(try await store.read { try $0.claims(ClaimFilter()).map(\.id.rawValue) } == ["3", "2"])
            #expect(try await store.read { try $0.claims(ClaimFilter(preset: .go)) }.count == 2)
        },
        Case("The lease of a claim is saved whole") { fixture in
            let store = try await fixture.open()
            var claim = Claim.sample("c1")
            let policy = LeasePolicy(
                ttl: .seconds(60), max: .seconds(600), warn: .seconds(5), grace: .seconds(7), onExpiry: .report)
            claim.lease = ClaimLease(policy, requested: .seconds(90), at: .at(0))
            claim.lease?.set(ClaimLease.Hold(until: .at(900), reason: "läuft", by: "ada"), at: .at(1))
            claim.lease?.suspectedAt = .at(3)
            claim.endMessage = "why"
            try await store.write { [claim] in try $0.save(claim) }
            #expect(try await store.read { try $0.claim(ClaimID("c1")) } == claim)
        },
        Case("Idle times are those of ready workspaces before their first claim") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("ready", readyAt: .at(10)), .sample("deleted", .go, .deleted, readyAt: .at(10)),
                    .sample("new", .go, .creating, readyAt: nil), .sample("claimed", readyAt: .at(0)),
                ])
                try writer.insert([.sample("o1", "deleted", .delete)])
                let claimed = try writer.claim(
                    ClaimRequest(
                        preset: .go, owner: "ada", current: WorkspaceSpec.sample().fingerprint, readySince: nil,
                        now: .at(30)))
                #expect(claimed?.id == WorkspaceID("claimed"))
            }
            // 90 s of the ready one and 30 s of the claimed one; the delete of the other was planned at once.
            #expect(try await store.read { try $0.idleTimes(since: .at(0), at: .at(100)) } == [.go: .seconds(120)])
            #expect(try await store.read { try $0.idleTimes(since: .at(20), at: .at(100)) } == [.go: .seconds(90)])
        },
    ]
}
