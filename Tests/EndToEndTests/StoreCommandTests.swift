import Foundation
import Testing

@Suite("Backups and checks of the store")
struct StoreCommandTests {
    private static let healthy = "✔ the store has no damage and no contradictions\n"

    /// Returns a sandbox with two ready workspaces and a claimed one.
    private func filled() async throws -> Sandbox {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await sandbox.prewarm("sync", "--wait")
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
        return sandbox
    }

    /// Writes a configuration like the one of the sandbox with another store.
    private func configure(_ sandbox: Sandbox, _ file: String, store: String) throws {
        let text = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        #expect(text.contains("sqlite:prewarm.db"))
        try sandbox.write(file, text.replacing("sqlite:prewarm.db", with: "sqlite:\(store)"))
    }

    @Test("A copy that is made while users claim is complete, private and without contradictions")
    func backup() async throws {
        let sandbox = try await filled()
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 3) }
            for number in 1...4 {
                async let claim = daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob"}"#)
                let backup = try await sandbox.prewarm("backup", "copy-\(number).db")
                #expect(backup.code == 0 && backup.out.isEmpty, "\(backup)")
                #expect(backup.err.contains("backed up the store to copy-\(number).db ("), "\(backup.err)")
                _ = try await claim
            }
        }
        for number in 1...4 {
            let file = sandbox.root.appending(path: "copy-\(number).db")
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            try configure(sandbox, "copy.yaml", store: "copy-\(number).db")
            let check = try await sandbox.prewarm("store", "check", "--config", "copy.yaml")
            #expect(check.code == 0 && check.err == Self.healthy, "\(check)")
            let claims = try await sandbox.prewarm("get", "claims", "--config", "copy.yaml", "-o", "json")
            #expect(claims.out.contains(#""owner": "ada""#), "\(claims)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: sandbox.root.path).allSatisfy {
                !$0.contains("partial")
            })
    }

    @Test("A backup replaces no file, and says what is wrong with its store and its target")
    func refused() async throws {
        let sandbox = try await filled()
        try sandbox.write("old.db", "precious")
        let exists = try await sandbox.prewarm("backup", "old.db")
        #expect(exists.code == 1 && exists.err.contains("to old.db: the file exists already"), "\(exists)")
        #expect(sandbox.bytes("old.db") == Data("precious".utf8))
        let folder = try await sandbox.prewarm("backup", "missing/copy.db")
        #expect(folder.code == 1 && folder.err.contains("cannot create missing/copy.db"), "\(folder)")
        try configure(sandbox, "empty.yaml", store: "none.db")
        let none = try await sandbox.prewarm("backup", "copy.db", "--config", "empty.yaml")
        #expect(none.code == 1 && none.err.contains("there is no such file"), "\(none)")
        #expect(sandbox.bytes("none.db") == nil && sandbox.bytes("copy.db") == nil)
    }

    @Test(
        "A contradiction in the store is found and named",
        arguments: [
            (
                "UPDATE workspaces SET owner = 'eve' WHERE state = (SELECT max(state) FROM tallies WHERE count = 2)",
                "it is ready, and it belongs to eve"
            ),
            ("UPDATE workspaces SET owner = NULL WHERE owner = 'ada'", "it is claimed, and it has no owner"),
            ("UPDATE claims SET owner = 'eve'", "it belongs to eve, and its workspace"),
            ("UPDATE claims SET workspace = 'gone'", "it is granted, and its workspace gone does not exist"),
            ("UPDATE tallies SET count = count + 1", "workspaces of the fingerprint"),
            ("DELETE FROM workspaces WHERE owner = 'ada'", "does not exist"),
        ])
    func contradiction(sql: String, message: String) async throws {
        let sandbox = try await filled()
        let healthy = try await sandbox.prewarm("store", "check")
        #expect(healthy.code == 0 && healthy.err == Self.healthy, "\(healthy)")
        try await sandbox.python(
            "import sqlite3; db = sqlite3.connect('prewarm.db'); db.execute(\"\(sql)\"); db.commit()")
        let check = try await sandbox.prewarm("store", "check")
        #expect(check.code == 1 && check.out.contains(message), "\(check)")
        let json = try await sandbox.prewarm("store", "check", "-o", "json")
        #expect(json.code == 1 && json.out.contains(message), "\(json)")
    }
}
