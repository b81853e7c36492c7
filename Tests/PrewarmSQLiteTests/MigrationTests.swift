import Foundation
import GRDB
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmSQLite
@testable import StoreContract

@Suite("Migration of a store of an earlier version")
struct MigrationTests {
    @Test("Owners, idempotency keys and events from before kinds of owners were recorded are readable")
    func owners() async throws {
        let fixture = try SQLiteFixture()
        let queue = try DatabaseQueue(path: fixture.path)
        try Schema.migrator.migrate(queue, upTo: "v3")
        try await queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO access_tokens (id, name, role, presets, digest, created_at, created_by)
                        VALUES ('x', 'ci', 'claimer', '', x'00', 1, 'ada');
                    INSERT INTO preset_keys (id, source, name) VALUES (1, 'main', 'go');
                    INSERT INTO workspaces (id, preset, fingerprint, state, owner, created_at, metadata, claim_key)
                        VALUES ('w1', 1, 7, 3, 'ci', 1, x'', 'k'), ('w2', 1, 7, 3, 'ada', 1, x'', NULL);
                    INSERT INTO events (at, kind, reason, object, name, source, preset, message)
                        VALUES (1, 'Warning', 'CreateFailed', 'workspace', 'go-w1', 'main', 'go', 'no space left'),
                            (2, 'Normal', 'Claimed', 'workspace', 'go-w1', 'main', 'go', 'claimed by ci');
                    """)
        }
        try queue.close()
        let store = try fixture.open()
        try await store.read { store in
            #expect(try store.workspace("w1")?.owner == Owner(.token, "ci"))
            #expect(try store.workspace("w2")?.owner == Owner(.unrecorded, "ada"))
            #expect(try store.workspace(claimedWith: .local("k")) == nil)
            func earlier(_ preset: String, _ owner: Owner) throws -> String? {
                try store.earlierClaim(ClaimKey("k", of: "token ci"), of: preset, by: owner)?.id.rawValue
            }
            #expect(try earlier("go", Owner(.token, "ci")) == "w1")
            #expect(try earlier("go", "ada") == nil && earlier("rust", Owner(.token, "ci")) == nil)
            let events = try store.events(EventFilter())
            #expect(events.map(\.fullMessage) == ["no space left", "claimed by ci"])
            #expect(!events[0].message.contains("space"))
        }
    }

    @Test("Leases of a newer version take no place among the due ones, and stay as they are")
    func newerLeases() async throws {
        let fixture = try SQLiteFixture()
        let store = try fixture.open()
        var claims = [Claim.sample("1"), .sample("2"), .sample("3")]
        for index in claims.indices {
            claims[index].lease = ClaimLease(LeasePolicy(ttl: .seconds(index + 1), warn: .zero), at: .at(0))
        }
        try await store.write { [claims] writer in for claim in claims { try writer.save(claim) } }
        let queue = try DatabaseQueue(path: fixture.path)
        try await queue.write { database in
            try database.execute(
                sql: """
                    UPDATE claims SET lease_phase = 'sleeping' WHERE id = '1';
                    UPDATE claims SET lease_on_expiry = 'Archive' WHERE id = '2'
                    """)
        }
        try queue.close()
        #expect(try await store.read { try $0.dueLeases(at: .at(100), limit: 1) }.map(\.id.rawValue) == ["3"])
        #expect(try await store.read { try $0.nextLeaseLook() } == .at(3))
        #expect(try await store.read { try $0.leaseCounts(at: .at(100)).running } == 1)
        try await store.write { try $0.removeLeaseTime(.seconds(50), at: .at(100)) }
        #expect(try await store.read { try $0.nextLeaseLook() } == .at(53))
    }
}
