import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@Suite("The audit log")
struct AuditAgeTests {
    @Test("The audit log is kept for 90 days, longer than the history")
    func age() async throws {
        let world = try World()
        let store = try world.open()
        let engine = world.engine(store: store)
        let start = world.with(\.now)
        try await store.write { store in
            for (name, days) in [("old", 0), ("young", 60)] as [(String, Int64)] {
                try store.append(
                    AuditEntry(
                        at: start + .seconds(days * 86_400), who: "ada", action: "create", object: "token", name: name))
            }
        }
        for (days, expected) in [(89, ["young", "old"]), (91, ["young"]), (149, ["young"]), (151, [])]
            as [(Int64, [String])]
        {
            world.with { $0.now = start + .seconds(days * 86_400) }
            world.commit("a 1 \(days)")
            try await engine.sync()
            let names = try await store.read { try $0.audit(before: nil, limit: 9) }.map(\.entry.name)
            #expect(names == expected, "after \(days) days")
        }
    }

    @Test("A daemon without new commits deletes old audit entries, too")
    func daemon() async throws {
        let world = try World()
        let store = try world.open()
        let start = world.with(\.now)
        try await store.write { store in
            try store.append(AuditEntry(at: start, who: "ada", action: "create", object: "token", name: "old"))
        }
        world.with { $0.now = start + .seconds(91 * 86_400) }
        let daemon = Daemon(world.engine(store: store), grace: .zero, logger: .silent)
        let running = Task { try await daemon.run() }
        defer { running.cancel() }
        try await eventually("the entry is deleted") {
            try await store.read { try $0.audit(before: nil, limit: 9) }.isEmpty
        }
    }
}
