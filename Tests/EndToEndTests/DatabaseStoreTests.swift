import Foundation
import PostgresSupport
import Testing

@Suite(
    "The prewarm command with a store in PostgreSQL",
    .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct DatabaseStoreTests {
    private func sandbox(_ server: PostgresServer = .shared) async throws -> Sandbox {
        let url = try await server.store()
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("store: sqlite:prewarm.db", with: "store: \"\(url)\""))
        try await sandbox.commit(["go.yaml": Sandbox.preset("go", instances: 4)])
        return sandbox
    }

    @Test("The commands work, and doctor shows the version")
    func commands() async throws {
        let sandbox = try await sandbox()
        #expect(try await sandbox.prewarm("validate").code == 0)
        let schema = try #require(
            String(decoding: sandbox.bytes("prewarm.yaml") ?? Data(), as: UTF8.self).firstMatch(of: /store_\d+/))
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = '\(schema.output)'"
        #expect(try await PostgresServer.shared.psql(tables) == "0", "validate creates no tables")
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "2m")
        #expect(sync.code == 0, "\(sync.err)")
        #expect(sandbox.instances.count == 4)
        let doctor = try await sandbox.prewarm("doctor")
        #expect(doctor.code == 0, "\(doctor.out)\(doctor.err)")
        #expect(doctor.out.contains("(PostgreSQL 1") && doctor.out.contains("tables of version 3"), "\(doctor.out)")
        let claim = try await sandbox.prewarm("claim", "go", "--owner", "ada", "-o", "json")
        #expect(claim.code == 0, "\(claim.err)")
        let id = try #require(try claim.json()["id"]?.string)
        #expect(try await sandbox.prewarm("release", id).code == 0)
        let view = try await sandbox.prewarm("config", "view")
        #expect(view.out.contains("store: ") && view.out.contains("postgres://"))
        #expect(!FileManager.default.fileExists(atPath: sandbox.root.appending(path: "prewarm.db").path))
    }

    @Test("Processes that claim at the same time get different workspaces")
    func claims() async throws {
        let sandbox = try await sandbox()
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "2m").code == 0)
        let ids = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<4 {
                group.addTask {
                    let claim = try await sandbox.prewarm("claim", "go", "--owner", "o\(number)", "-o", "json")
                    #expect(claim.code == 0, "\(claim.err)")
                    return try claim.json()["id"]?.string
                }
            }
            return try await group.reduce(into: Set<String>()) { if let id = $1 { $0.insert(id) } }
        }
        #expect(ids.count == 4)
    }

    @Test("A daemon continues when the server has restarted")
    func restart() async throws {
        let server = PostgresServer("daemon")
        let sandbox = try await sandbox(server)
        try await sandbox.serve { daemon in
            try await daemon.eventually("the pool is full") { try await daemon.isReady("go", 4) }
            for mode in ["immediate", "fast"] {
                try await server.control("restart", "--mode=\(mode)")
                let claim = try await daemon.post("/api/v1/presets/go/claims", #"{"owner": "ada"}"#)
                #expect(claim.status == 201, "\(claim.text)")
            }
            try await daemon.eventually("the pool is full again") { try await daemon.isReady("go", 4) }
        }
        let workspaces = try await sandbox.prewarm("get", "workspaces", "-o", "json").json()
        #expect(Set(workspaces.list.compactMap { $0["id"]?.string }) == sandbox.instances)
        #expect(workspaces.list.count == 6)
    }

    @Test("A stopped daemon does not keep other processes from writing")
    func stopped() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve { daemon in
            try await daemon.eventually("the pool is full") { try await daemon.isReady("go", 4) }
            for round in 0..<4 {
                // Claims keep the daemon writing until it stops.
                let claims = Task {
                    for number in 0..<20 {
                        _ = try await daemon.post("/api/v1/presets/go/claims", "{\"owner\": \"o\(round)-\(number)\"}")
                    }
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...80)))
                try daemon.send(.suspend)
                let suspend = try await sandbox.prewarm("suspend", "go", "--reason", "test")
                #expect(suspend.code == 0, "\(suspend.err)")
                #expect(try await sandbox.prewarm("resume", "go").code == 0)
                try daemon.send(.resume)
                _ = try await claims.value
            }
            try await daemon.eventually("the pool is full again") { try await daemon.isReady("go", 4) }
        }
    }

    @Test("A password is neither an option of the URL nor a part of a message")
    func password() async throws {
        let words = "store: \"postgres://ada:correct-horse@127.0.0.1:1/prewarm\""
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("store: sqlite:prewarm.db", with: words))
        for arguments in [["status"], ["doctor"], ["config", "view"]] {
            let result = try await sandbox.prewarm(arguments)
            #expect(!"\(result.out)\(result.err)".contains("horse"), "\(result)")
        }
        let option = Sandbox.configuration.replacing(
            "store: sqlite:prewarm.db", with: "store: \"postgres://db/prewarm?password=correct-horse\"")
        let other = try await Sandbox(configuration: option)
        let result = try await other.prewarm("status")
        #expect(result.code != 0 && result.err.contains("its options contain a password"), "\(result)")
        #expect(!result.err.contains("horse"))
    }
}
