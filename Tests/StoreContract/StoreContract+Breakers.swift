import PrewarmCore
import PrewarmEngine
import Testing

extension StoreContract {
    /// The circuit breakers, the health checks and the replacements on demand.
    static let breakerCases = [
        Case("A breaker is read as it was saved, and one that was never saved is closed") { fixture in
            let store = try await fixture.open()
            var breaker = Breaker(provisioner: "local")
            #expect(try await store.read { try $0.breaker(of: "local") } == breaker)
            breaker.phase = .open
            breaker.since = .at(1)
            breaker.cause = "the API is down"
            breaker.failedProbes = 3
            breaker.probe = WorkspaceID("w")
            breaker.nextProbeAt = .at(2)
            breaker.lastBuilt = .go
            breaker.lastProbed = PresetKey(source: "b", name: "other")
            let record = FailureRecord(
                preset: .go, fingerprint: Fingerprint(rawValue: .max), count: 2, failedAt: .at(3), retryAt: .at(4),
                message: "no space left")
            breaker.failures = [
                BreakerFailure(
                    preset: .go, fingerprint: Fingerprint(rawValue: 7), at: .at(5), isProven: true, before: record),
                BreakerFailure(preset: .go, fingerprint: Fingerprint(rawValue: 8), at: .at(6), isProven: false),
            ]
            let saved = breaker
            try await store.write { try $0.save(saved) }
            #expect(try await store.read { try $0.breaker(of: "local") } == saved)
            #expect(try await fixture.open().read { try $0.openBreakers().map(\.provisioner) } == ["local"])
            var closed = Breaker(provisioner: "local")
            closed.room = 4
            closed.successes = 1
            try await store.write { [closed] in try $0.save(closed) }
            #expect(try await store.read { try $0.breaker(of: "local") } == closed)
            #expect(try await store.read { try $0.openBreakers() }.isEmpty)
        },
        Case("A fingerprint counts as built if a live or deleted workspace of it was ready") { fixture in
            let store = try await fixture.open()
            try await store.write { store in
                try store.insert([
                    .sample("live", .go, .claimed, version: "1"),
                    .sample("deleted", .go, .deleted, version: "2"),
                    .sample("failed", .go, .failed, version: "3", readyAt: nil),
                ])
            }
            let built = try await store.read { store in
                try ["1", "2", "3", "4"].map { try store.hasBuilt(WorkspaceSpec.sample($0).fingerprint, of: .go) }
            }
            #expect(built == [true, true, false, false])
        },
        Case("Only operations of the provisioner become due at once") { fixture in
            let store = try await fixture.open()
            try await store.write { store in
                try store.insert([
                    .sample("a", "a", dueAt: .at(100)), .sample("b", "b", dueAt: .at(100), provisioner: "cloud"),
                ])
                try store.makeDue(provisioner: "local", at: .at(50))
            }
            let times = try await store.read { store in
                try ["a", "b"].map { try store.operation(OperationID($0))?.operation.nextAttemptAt }
            }
            #expect(times == [.at(50), .at(100)])
        },
        Case("Only ready workspaces are replaced, and the next request forgets the others") { fixture in
            let store = try await fixture.open()
            try await store.write { store in
                try store.insert([.sample("a"), .sample("b", .go, .claimed)])
                try store.replace([WorkspaceID("a"), WorkspaceID("b")], of: .go, at: .at(1))
            }
            #expect(try await store.read { try $0.replacements() } == [.go: [WorkspaceID("a")]])
        },
    ]
}
