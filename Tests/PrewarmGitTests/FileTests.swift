import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("A repository on disk")
struct FileTests {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test(
        "is found by its path and by its URL, whatever signs are in it",
        arguments: ["plain", "with a space", "mit Ümläut", "プリセット", "50% & more", "a:b", "a+b@c#d?e'f", "x::y"])
    func names(_ name: String) async throws {
        let origin = try await Origin(folder, name)
        let commit = try await origin.commit()
        for (index, url) in [origin.path, "file://\(encoded(origin.path))"].enumerated() {
            let mirror = try folder.mirror(url) { $0.mirror += "\(index)" }
            let revision = try await mirror.head()
            #expect(revision.commit == commit)
            #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
            #expect(mirror.displayURL == origin.path)
        }
    }

    @Test("may stand in a file:// URL with its spaces and letters as they are, and with localhost as the host")
    func unencoded() async throws {
        let origin = try await Origin(folder, "a bé")
        let commit = try await origin.commit()
        for prefix in ["file://", "FILE://", "file://localhost"] {
            #expect(try await folder.mirror(prefix + origin.path).head().commit == commit)
        }
    }

    @Test("is missing, not one of ssh, where its path has a colon", arguments: ["host:repo", "git@host:repo"])
    func colon(_ name: String) async throws {
        let mirror = try folder.mirror("\(folder.path)/\(name)")
        let failure = await #expect(throws: GitFailure.self) { try await mirror.head() }
        #expect(failure?.reason == .notARepository)
    }

    @Test("is mirrored into a folder with a space, a colon and other letters in its path")
    func mirrorPath() async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        let mirror = try folder.mirror(origin.path) { $0.mirror += "/ä b/c:d" }
        #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
    }

    @Test("may be bare, a work tree or its .git")
    func kinds() async throws {
        let origin = try await Origin(folder)
        let commit = try await origin.commit()
        try await run("git", ["clone", "-q", "--bare", "origin", "bare.git"], in: folder.path)
        for name in ["origin", "origin/", "origin/.git", "bare.git"] {
            #expect(try await folder.mirror("\(folder.path)/\(name)").head().commit == commit)
        }
    }

    @Test("is refused where files are not allowed")
    func notAllowed() async throws {
        for url in [folder.path, "file://\(folder.path)", "./a", "../a"] {
            let failure = #expect(throws: GitFailure.self) { try folder.mirror(url) { $0.allowFile = false } }
            #expect(failure?.reason == .refused)
        }
    }

    private func encoded(_ path: String) -> String {
        path.utf8.map { byte in
            let sign = Character(UnicodeScalar(byte))
            if sign.isASCII, sign.isLetter || sign.isNumber || "/-._".contains(sign) { return String(sign) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
