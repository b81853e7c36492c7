import PrewarmCore
import PrewarmEngine
import Testing

extension StoreContract {
    /// Returns a claim with a lease in a random state.
    static func randomClaim(_ number: Int, _ random: inout SplitMix64) -> Claim {
        func seconds(_ range: ClosedRange<Int>) -> Duration { .seconds(Int.random(in: range, using: &random)) }
        var claim = Claim.sample("\(number)", askedAt: .at(Int64.random(in: 0...900, using: &random)))
        let granted = claim.grantedAt ?? .at(0)
        let ttl = seconds(1...300)
        let policy = LeasePolicy(
            ttl: ttl, max: Bool.random(using: &random) ? ttl + seconds(0...500) : nil, warn: seconds(0...50),
            grace: seconds(0...30), onExpiry: Bool.random(using: &random) ? .delete : .report)
        var lease = ClaimLease(policy, at: granted)
        if Bool.random(using: &random) { _ = lease.renew(for: seconds(1...400), at: granted + seconds(0...50)) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            lease.set(ClaimLease.Hold(until: granted + seconds(1...900), reason: "r", by: "op"), at: granted)
        }
        for _ in 0..<2 where lease.advance(at: .at(900)) == .ends {
            if lease.onExpiry == .report { lease.report() }
            lease.suspectedAt = .at(900)
        }
        claim.lease = lease
        return claim
    }

    static let leaseCases = [
        Case("Due leases are listed by their next look, without ended claims and leases that only a renewal changes") {
            fixture in
            let store = try await fixture.open()
            var claims = [Claim.sample("1"), .sample("2"), .sample("3", endedAt: .at(1)), .sample("4"), .sample("5")]
            for (index, seconds) in [300, 100, 50, 20].enumerated() {
                claims[index].lease = ClaimLease(LeasePolicy(ttl: .seconds(seconds), warn: .zero), at: .at(0))
            }
            claims[3].lease?.report()
            try await store.write { [claims] writer in for claim in claims { try writer.save(claim) } }
            #expect(try await store.read { try $0.nextLeaseLook() } == .at(100))
            #expect(try await store.read { try $0.dueLeases(at: .at(99), limit: 9) }.isEmpty)
            let due = try await store.read { try $0.dueLeases(at: .at(300), limit: 9) }
            #expect(due.map(\.id.rawValue) == ["2", "1"])
            #expect(try await store.read { try $0.dueLeases(at: .at(300), limit: 1) }.count == 1)
            let counts = try await store.read { try $0.leaseCounts(at: .at(100)) }
            #expect(counts.running == 2 && counts.due == 1)
            let leased = try await store.read { try $0.claims(ClaimFilter(isLeased: true)) }
            #expect(leased.map(\.id.rawValue) == ["2", "1"])
            _ = claims[0].lease?.advance(at: .at(300))
            try await store.write { [claims] in try $0.save(claims[0]) }
            let expiring = try await store.read { try $0.claims(ClaimFilter(isExpiring: true)) }
            #expect(expiring.map(\.id.rawValue) == ["1"])
        },
        Case("The record of possible renewals has one row") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.leaseClock() } == nil)
            for seconds in [1, 2] {
                let clock = LeaseClock(
                    holder: "h\(seconds)", until: .at(Int64(seconds)),
                    uptime: seconds == 1 ? nil : Uptime(boot: "b", elapsed: .milliseconds(seconds)))
                try await store.write { try $0.save(clock) }
                #expect(try await store.read { try $0.leaseClock() } == clock)
            }
        },
        Case("One statement moves all leases as each of them would move") { fixture in
            let store = try await fixture.open()
            var random = SplitMix64(seed: 5)
            for round in 0..<40 {
                let claims = (0..<20).map { Self.randomClaim($0, &random) }
                let gap = Duration.seconds(Int.random(in: -2000...2000, using: &random))
                let now = Timestamp.at(900) + (gap < .zero ? gap : .zero)
                try await store.write { writer in
                    for claim in claims { try writer.save(claim) }
                    try writer.removeLeaseTime(gap, at: now)
                }
                for claim in claims {
                    var expected = claim
                    // The end of an expired lease was reported, and nothing moves it.
                    if claim.lease?.lookAt != nil {
                        expected.lease?.remove(gap, grantedAt: claim.grantedAt ?? now, at: now)
                        expected.grantedAt = claim.grantedAt.map { min($0, now) }
                    }
                    #expect(try await store.read { try $0.claim(claim.id) } == expected, "round \(round), \(gap)")
                }
            }
        },
        Case("The processes that hold tickets are listed once each") { fixture in
            let store = try await fixture.open()
            #expect(try await store.read { try $0.ticketHolders() }.isEmpty)
            try await store.write { writer in
                for (id, holder) in [("1", "x"), ("2", "y"), ("3", "x")] {
                    try writer.save(Ticket(id: ClaimID(id), preset: .go, owner: "ada", since: .at(0), holder: holder))
                }
            }
            #expect(try await store.read { try $0.ticketHolders().sorted() } == ["x", "y"])
        },
        Case("A provisioner is a source of activity from its first report on, and its list can be wanted") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.setListed(provisioner: "p", at: .at(1))
                try writer.setActivityHeard(provisioner: "p", at: .at(1), isSource: false)
            }
            #expect(try await store.read { try $0.activityHeardAt(provisioner: "p") } == nil)
            #expect(try await store.read { try !$0.isListWanted(of: "p") })
            try await store.write { writer in
                try writer.setActivityHeard(provisioner: "p", at: .at(2), isSource: true)
                try writer.setActivityHeard(provisioner: "p", at: .at(3), isSource: false)
                try writer.wantList(of: "p", at: .at(2))
            }
            #expect(try await store.read { try $0.activityHeardAt(provisioner: "p") } == .at(3))
            #expect(try await store.read { try $0.isListWanted(of: "p") })
            try await store.write { writer in
                try writer.setListFailure(ListFailure(provisioner: "p", message: "m", since: .at(3)), provisioner: "p")
                try writer.removeLeaseTime(.seconds(10), at: .at(20))
                try writer.removeLeaseTime(.seconds(-2), at: .at(18))
            }
            #expect(try await store.read { try $0.activityHeardAt(provisioner: "p") } == .at(1), "set back by 2 s")
            #expect(try await store.read { try $0.listFailures().first?.since } == .at(1))
            // The time of the wish is later than the list if the clock was set back since.
            try await store.write { writer in
                try writer.wantList(of: "p", at: .at(9))
                try writer.setListed(provisioner: "p", at: .at(4))
            }
            #expect(try await store.read { try !$0.isListWanted(of: "p") })
        },
        Case("A check is saved whole, and is deleted with its workspace") { fixture in
            let store = try await fixture.open()
            let checks = [
                Check(
                    workspace: WorkspaceID("w1"), provisioner: "local", at: .at(3), state: "unhealthy",
                    message: "läuft",
                    activeAt: .at(2), failure: "down"),
                Check(workspace: WorkspaceID("w2"), provisioner: "local", at: .at(3), state: "ready"),
            ]
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2", .go, .deleted)])
                for check in checks { try writer.save(check) }
            }
            #expect(try await store.read { try $0.check(of: WorkspaceID("w1")) } == checks[0])
            #expect(try await store.read { try $0.checks(provisioner: "local").count } == 2)
            try await store.write { try $0.settleChecks(of: [], provisioner: "local") }
            #expect(try await store.read { try $0.check(of: WorkspaceID("w1"))?.isNew } == true)
            try await store.write { try $0.settleChecks(of: [WorkspaceID("w1")], provisioner: "local") }
            let left = try await store.read { try $0.checks(provisioner: "local") }
            #expect(left.count == 1 && left[WorkspaceID("w1")]?.isNew == false)
        },
        Case("Unfinished checks are those that wait or run") { fixture in
            let store = try await fixture.open()
            @Sendable func inspect(_ id: String, _ workspace: String, _ reason: Reason) -> Operation {
                Operation(
                    id: OperationID(id), kind: .inspect, workspace: WorkspaceID(workspace), preset: .go,
                    provisioner: "local", reason: reason, nextAttemptAt: .at(0), createdAt: .at(0))
            }
            try await store.write { writer in
                try writer.insert([.sample("w1"), .sample("w2"), .sample("w3")])
                try writer.insert([
                    inspect("1", "w1", .healthCheck), inspect("2", "w2", .healthCheck), inspect("3", "w3", .lost),
                ])
                guard var record = try writer.operation(OperationID("2")) else { return }
                record.operation.state = .running
                try writer.update(record)
            }
            let unfinished = try await store.read { try $0.unfinishedChecks(provisioner: "local") }
            #expect(unfinished == [WorkspaceID("w1"), WorkspaceID("w2")])
            try await store.write { try $0.forget(operation: OperationID("1")) }
            #expect(try await store.read { try $0.unfinishedChecks(provisioner: "local") } == [WorkspaceID("w2")])
            #expect(try await store.read { try $0.operation(OperationID("1")) } == nil)
        },
    ]
}
