import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The store's file under a daemon")
struct StoreFileTests {
    @Test(
        "A removed or replaced store stops claims with an error, and a restart serves again",
        arguments: [true, false])
    func removed(isReplaced: Bool) async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        let copy = try #require(sandbox.bytes("prewarm.db"))
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready") { try await daemon.get("/readyz").status == 200 }
            try sandbox.remove("prewarm.db")
            if isReplaced { try copy.write(to: sandbox.root.appending(path: "prewarm.db")) }
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            #expect(claim.status == 503, "\(claim.text)")
            #expect(claim.text.contains(isReplaced ? "was replaced" : "was removed"))
            try await daemon.eventually("it is not ready") { try await daemon.get("/readyz").status == 503 }
            #expect(try await daemon.get("/readyz").text.contains("prewarm.db was"))
            try await daemon.eventually("the log says it") { daemon.log.contains("cannot use the store") }
        }
        for suffix in ["-wal", "-shm"] { try? sandbox.remove("prewarm.db\(suffix)") }
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready again") { try await daemon.get("/readyz").status == 200 }
            try await daemon.eventually("its pool is filled") { try await daemon.isReady("a", 2) }
            // The copy lacks what the daemon wrote after it.
            if isReplaced { #expect(try await daemon.prewarm("approve", "--restored").code == 0) }
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            #expect(claim.status == 201, "\(claim.text)")
        }
    }

    @Test("doctor, status and the daemon report a damaged store")
    func damaged() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.prewarm("sync")
        // The damaged page belongs to a table that commands do not read at first.
        let python = """
            import sqlite3
            db = sqlite3.connect('prewarm.db'); db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
            page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_by_time'").fetchone()[0]
            size = db.execute('PRAGMA page_size').fetchone()[0]; db.close()
            with open('prewarm.db', 'r+b') as f: f.seek((page - 1) * size); f.write(b'\\xff' * 64)
            """
        try await sandbox.python(python)
        let doctor = try await sandbox.prewarm("doctor")
        #expect(doctor.code == 1 && doctor.out.contains("is damaged:"), "\(doctor.out)\(doctor.err)")
        #expect(doctor.out.contains("restore the store from a backup"))
        let status = try await sandbox.prewarm("status")
        #expect(status.code == 1 && status.out.contains("the store is damaged"), "\(status.out)\(status.err)")
        try await sandbox.serve { daemon in
            try await daemon.eventually("the log says it") { daemon.log.contains("the store is damaged") }
            try await daemon.eventually("it is not ready") { try await daemon.get("/readyz").status == 503 }
            #expect(try await daemon.get("/readyz").text.contains("damaged"))
            #expect(try await daemon.get("/api/v1/status").json()["store"]?["damage"]?.string?.isEmpty == false)
        }
    }

    @Test("A full disk makes the daemon unready until it has space again")
    func full() async throws {
        let sandbox = try await Sandbox.observable()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready") { try await daemon.get("/readyz").status == 200 }
            // A folder with the name of the identity file has the same effect: the daemon cannot write beside the store.
            try FileManager.default.removeItem(at: sandbox.root.appending(path: "prewarm.db.identity"))
            try FileManager.default.createDirectory(
                at: sandbox.root.appending(path: "prewarm.db.identity/x"), withIntermediateDirectories: true)
            try await daemon.eventually("it is not ready") { try await daemon.get("/readyz").status == 503 }
            #expect(try await daemon.get("/readyz").text.contains("cannot write"))
            try sandbox.remove("prewarm.db.identity")
            try await daemon.eventually("it is ready again") { try await daemon.get("/readyz").status == 200 }
        }
    }
}

extension Sandbox {
    /// Changes the store without prewarm.
    func sqlite(_ statement: String) async throws {
        try await python(
            """
            import sqlite3
            db = sqlite3.connect('prewarm.db'); db.execute(\"\"\"\(statement)\"\"\"); db.commit()
            """)
    }

    func python(_ script: String) async throws {
        let file = "script-\(UUID().uuidString.prefix(8)).py"
        try write(file, script)
        let result = try await Subprocess.run(
            .name("python3"), arguments: [file], workingDirectory: FilePath(root.path), output: .discarded,
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
    }
}
