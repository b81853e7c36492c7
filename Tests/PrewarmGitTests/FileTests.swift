import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Repositories on disk")
struct FileTests {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test(
        "A repository is found by its path and by its URL, with any characters in its name",
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

    @Test("A file:// URL may contain unescaped spaces and letters, and localhost as its host")
    func unencoded() async throws {
        let origin = try await Origin(folder, "a bé")
        let commit = try await origin.commit()
        for prefix in ["file://", "FILE://", "file://localhost"] {
            #expect(try await folder.mirror(prefix + origin.path).head().commit == commit)
        }
    }

    @Test(
        "A missing path with a colon is reported as missing, and not taken for an ssh URL",
        arguments: ["host:repo", "git@host:repo"])
    func colon(_ name: String) async throws {
        let mirror = try folder.mirror("\(folder.path)/\(name)")
        let failure = await #expect(throws: GitFailure.self) { try await mirror.head() }
        #expect(failure?.reason == .notARepository)
    }

    @Test("The path of a mirror may contain a space, a colon and letters beyond ASCII")
    func mirrorPath() async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        let mirror = try folder.mirror(origin.path) { $0.mirror += "/ä b/c:d" }
        #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
    }

    @Test("A shallow clone is refused by the path in the configuration, with the command that completes it")
    func shallow() async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        try await origin.commit(["a.yaml": "b"])
        try await run("git", ["clone", "-q", "--depth", "1", "file://\(origin.path)", "clone"], in: folder.path)
        let mirror = try folder.mirror("\(folder.path)/clone")
        let failure = await #expect(throws: GitFailure.self) { try await mirror.fetch(try await mirror.head()) }
        #expect(
            failure?.message
                == "cannot fetch from \(folder.path)/clone: it is a shallow clone, which lacks older commits")
        #expect(failure?.hint?.contains("fetch --unshallow") == true)
    }

    @Test("A file or link in the place of the mirror is replaced by a new mirror", arguments: ["file", "link"])
    func occupied(kind: String) async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/mirror", withIntermediateDirectories: true)
        let place = "\(folder.path)/mirror/repository.git"
        if kind == "link" {
            try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "/nowhere")
        } else {
            try folder.write("mirror/repository.git", "x")
        }
        let mirror = try folder.mirror(origin.path)
        #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
    }

    @Test("A repository may be given as a bare repository, a work tree or its .git folder")
    func kinds() async throws {
        let origin = try await Origin(folder)
        let commit = try await origin.commit()
        try await run("git", ["clone", "-q", "--bare", "origin", "bare.git"], in: folder.path)
        for name in ["origin", "origin/", "origin/.git", "bare.git"] {
            #expect(try await folder.mirror("\(folder.path)/\(name)").head().commit == commit)
        }
    }

    /// `git rev-parse` gives the expected commits. Only some of these branches are plain files.
    @Test("A branch is resolved as by git, in each form in which git stores branches")
    func branches() async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        try await origin.git("branch", "next")
        try await origin.git("branch", "team/main")
        let inNext = try await origin.commit(["b.yaml": "b"])
        func check(_ comment: Comment) async throws {
            for branch in ["main", "next", "team/main", "refs/heads/main"] {
                let mirror = try folder.mirror(origin.path) { $0.ref = .branch(branch) }
                let name = branch.hasPrefix("refs/") ? "main" : branch
                let expected = Revision(ref: name, commit: try await origin.git("rev-parse", "refs/heads/\(name)"))
                #expect(try await mirror.head() == expected, comment)
            }
            let head = try await folder.mirror(origin.path).head()
            #expect(head.commit == (try await origin.git("rev-parse", "HEAD")), comment)
        }
        try await check("each branch is a file")
        try await origin.git("pack-refs", "--all")
        try await check("all branches are lines of packed-refs")
        try await origin.git("update-ref", "refs/heads/team/main", inNext)
        try await check("one branch is newer than its line")
        try await origin.git("symbolic-ref", "refs/heads/next", "refs/heads/team/main")
        try await check("one branch is a symbolic reference to another")
        try await origin.git("worktree", "add", "-q", "../linked", "team/main")
        let linked = try await folder.mirror("\(folder.path)/linked").head()
        #expect(linked == Revision(ref: "team/main", commit: inNext))
        try await origin.git("checkout", "-q", "--detach")
        try await check("HEAD is detached")
        try await origin.git("checkout", "-q", "main")
        try await origin.git("commit", "-q", "--amend", "-m", "again")
        try await check("history was rewritten")
    }

    @Test("A missing or damaged branch is reported")
    func badBranches() async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        try await origin.git("branch", "next")
        func failure(_ branch: String) async throws -> GitFailure? {
            let mirror = try folder.mirror(origin.path) { $0.ref = .branch(branch) }
            return await #expect(throws: GitFailure.self) { try await mirror.head() }
        }
        #expect(try await failure("nxt")?.hint == "did you mean next?")
        // Neither is a branch, although files with these names exist.
        for name in ["../../HEAD", "next/"] { #expect(try await failure(name)?.reason == .refNotFound) }
        for text in ["", "not a commit\n", String(repeating: "0", count: 39) + "\n"] {
            try writeFile("\(origin.path)/.git/refs/heads/next", Data(text.utf8))
            #expect(try await failure("next") != nil, "\(text)")
        }
    }

    @Test("A pipe in the place of a branch is reported at once", arguments: ["refs/heads/main", "HEAD"])
    func pipe(name: String) async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        let path = "\(origin.path)/.git/\(name)"
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let mirror = try folder.mirror(origin.path) { if name != "HEAD" { $0.ref = .branch("main") } }
        let failure = await #expect(throws: GitFailure.self) { try await mirror.head() }
        #expect(failure?.message.contains("\(name): it is not a file") == true, "\(String(describing: failure))")
    }

    /// A clone has such a reference if its remote has renamed the default branch.
    @Test("A branch is read although another reference points at a missing object", arguments: [true, false])
    func dangling(isSymbolic: Bool) async throws {
        let origin = try await Origin(folder)
        try await origin.commit()
        try await origin.git("checkout", "-q", "-b", "team/main")
        if isSymbolic {
            try await origin.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
        } else {
            try writeFile("\(origin.path)/.git/refs/heads/bad", Data(String(repeating: "d", count: 40).utf8))
        }
        let mirror = try folder.mirror(origin.path)
        #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        #expect(await mirror.probe().failure == nil)
        try await origin.commit(["b.yaml": "b"])
        #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a", "b.yaml": "b"])
        guard isSymbolic else { return }
        try await origin.git("tag", "v1")
        let tag = try folder.mirror(origin.path) { $0.ref = .tag("v1") }
        let failure = await #expect(throws: GitFailure.self) { try await tag.head() }
        #expect(failure?.message.contains("one of its references leads to a missing object") == true)
        #expect(failure?.hint?.contains("remote set-head origin") == true)
    }

    @Test("A path is refused if files are not allowed")
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
