import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Subprocess
import Testing

@Suite("Reading a revision")
struct ReadingTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    private func paths(_ path: String) async throws -> [String] {
        let mirror = try folder.mirror(origin.path) { $0.paths = [path] }
        return try await mirror.manifests(at: try await mirror.head()).map(\.path)
    }

    @Test("The manifests are the .yaml and .yml files under a path, in the order of their bytes")
    func listing() async throws {
        let names = [
            "b.yaml", "presets/b.yml", "presets/a/x.yaml", "presets/a.yaml", "presets/a-b.yaml", "presets/é ü.yaml",
            "presets/.hidden.yaml", "presets/README.md", "presets/.yaml", "presets/.yml", "presets/c.YAML",
            "presets/d.yaml.bak", "presets/e.json", "other/f.yaml",
        ]
        try await origin.commit(Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
        let expected = [
            "presets/.hidden.yaml", "presets/a-b.yaml", "presets/a.yaml", "presets/a/x.yaml", "presets/b.yml",
            "presets/é ü.yaml",
        ]
        for path in ["presets", "./presets/", "/presets"] { #expect(try await paths(path) == expected) }
        for path in [".", "", "/"] { #expect(try await paths(path) == ["b.yaml", "other/f.yaml"] + expected) }
        #expect(try await paths("presets/a.yaml") == ["presets/a.yaml"])
    }

    @Test("Symbolic links and submodules are not read")
    func links() async throws {
        let commit = try await origin.commit(["presets/a.yaml": "a", "other/b.yaml": "b"])
        for (name, target) in [("c.yaml", "a.yaml"), ("d.yaml", "/etc/passwd"), ("e", "../other")] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(origin.path)/presets/\(name)", withDestinationPath: target)
        }
        try FileManager.default.createSymbolicLink(atPath: "\(origin.path)/linked", withDestinationPath: "presets")
        try await origin.commit([:])
        try await origin.git("update-index", "--add", "--cacheinfo", "160000,\(commit),presets/module.yaml")
        try await origin.git("commit", "-q", "-m", "module")
        #expect(try await paths("presets") == ["presets/a.yaml"])
        for path in ["linked", "presets/d.yaml", "presets/module.yaml"] {
            let failure = await #expect(throws: GitFailure.self) { try await paths(path) }
            #expect(failure?.reason == .pathNotFound)
        }
    }

    @Test("Up to 200,000 YAML files are listed, and more are refused")
    func limit() async throws {
        func push(_ count: Int) async throws {
            let head = "commit refs/heads/main\ncommitter Ada <a@example.org> 0 +0000\ndata 0\ndeleteall\n"
            let lines = (0..<count).map { "M 644 inline presets/\($0).yaml\ndata 1\na\n" }.joined()
            try folder.write("stream", head + lines)
            try await run("sh", ["-c", "git fast-import --quiet --force < ../stream"], in: origin.path)
        }
        try await push(10_001)
        #expect(try await paths("presets").count == 10_001)
        // Create twenty folders with the same tree.
        let script = """
            files=$(git rev-parse main:presets)
            folders=$(for number in $(seq 20); do printf '040000 tree %s\\t%s\\n' "$files" "$number"; done | git mktree)
            root=$(printf '040000 tree %s\\tpresets\\n' "$folders" | git mktree)
            git update-ref refs/heads/main \
                "$(git -c user.name=Ada -c user.email=a@example.org commit-tree -m many "$root")"
            """
        try await run("sh", ["-ec", script], in: origin.path)
        let failure = await #expect(throws: GitFailure.self) { try await paths("presets") }
        #expect(failure?.reason == .tooLarge)
        #expect(failure?.message.contains("200000") == true)
        #expect(failure?.hint?.contains("split") == true)
    }

    @Test("The bytes of files are returned unchanged, except for large files")
    func bytes() async throws {
        try await origin.commit(["a.yaml": "a\r\n\u{0}é", "b.yaml": "", "c.yaml": String(repeating: "c", count: 1001)])
        let mirror = try folder.mirror(origin.path)
        let files = try await mirror.manifests(at: try await mirror.head())
        let contents = try await mirror.allContents(of: files + files.prefix(1), limit: 1000)
        #expect(contents == [Array("a\r\n\u{0}é".utf8), [], nil, Array("a\r\n\u{0}é".utf8)])
        #expect(try await mirror.allContents(of: files, limit: 1001)[2]?.count == 1001)
        let missing = ManifestFile(path: "x.yaml", blob: String(repeating: "1", count: 40))
        await #expect(throws: GitFailure.self) { try await mirror.allContents(of: [missing], limit: 1) }
    }

    @Test("Large files are returned in portions, so that not all are in memory at the same time")
    func portions() async throws {
        let files = (0..<12).map { ("\($0).yaml", String(repeating: "\($0 % 10)", count: 1_000_000)) }
        try await origin.commit(Dictionary(uniqueKeysWithValues: files))
        let mirror = try folder.mirror(origin.path)
        let manifests = try await mirror.manifests(at: try await mirror.head()).filter { $0.path != "a.yaml" }
        let first = try await mirror.contents(of: manifests[...], limit: 1 << 20)
        #expect((1..<manifests.count).contains(first.count))
        let all = try await mirror.allContents(of: manifests, limit: 1 << 20)
        let texts = Dictionary(uniqueKeysWithValues: files)
        #expect(all.count == manifests.count)
        for (file, bytes) in zip(manifests, all) {
            guard let text = texts[file.path] else { continue }
            #expect(bytes == Array(text.utf8))
        }
    }

    @Test("The author, time and subject of a commit have no control characters")
    func commit() async throws {
        try await origin.commit(
            message: "Raise \u{1B}[31mthe pool\nto nine\n\nBecause.",
            environment: ["GIT_AUTHOR_NAME": "Ádá Łz", "GIT_COMMITTER_DATE": "1700000000 +0530"])
        let mirror = try folder.mirror(origin.path)
        let commit = try await mirror.commit(of: try await mirror.head())
        #expect(commit.author == "Ádá Łz")
        #expect(commit.time == Timestamp(seconds: 1_700_000_000))
        #expect(commit.subject == "Raise [31mthe pool to nine")
    }

    @Test("A name of a branch and a tag at different commits is refused, and their full names are accepted")
    func ambiguous() async throws {
        let first = try await origin.commit()
        try await origin.git("tag", "v1")
        let second = try await origin.commit(["a.yaml": "b"])
        try await origin.git("branch", "v1")
        let mirror = try folder.mirror(origin.path)
        let failure = await #expect(throws: GitFailure.self) { try await mirror.lookUp("v1") }
        #expect(failure?.reason == .refNotFound && failure?.message.contains("a branch and a tag") == true)
        #expect(failure?.hint?.contains("refs/tags/v1") == true)
        #expect(try await mirror.lookUp("refs/tags/v1").commit == first)
        #expect(try await mirror.lookUp("refs/heads/v1").commit == second)
        try await origin.git("branch", "-f", "v1", first)
        #expect(try await mirror.lookUp("v1").commit == first)
    }

    @Test(
        "A missing name is reported with a suggestion",
        arguments: [
            ("mainn", "did you mean main?"), ("main~1", "are not supported"), ("abc", "at least 4 digits"),
            ("nothing-like-it", "refs/pull/NUMBER/head"), ("", "use one of: main"),
        ])
    func advice(_ text: String, _ hint: String) async throws {
        try await origin.commit()
        let mirror = try folder.mirror(origin.path)
        let failure = await #expect(throws: GitFailure.self) { try await mirror.lookUp(text) }
        #expect(failure?.hint?.contains(hint) == true, "\(String(describing: failure))")
    }

    @Test("If one of several paths has no files any more, a warning says so and the others are read")
    func emptiedPath() async throws {
        try await origin.commit(["a/a.yaml": "a", "b/b.yaml": "b"])
        let mirror = try folder.mirror(origin.path) { $0.paths = ["a", "b"] }
        #expect(try await mirror.warnings(at: try await mirror.head()) == [])
        try await origin.git("rm", "-q", "-r", "b")
        try await origin.commit(["a/a.yaml": "c"])
        let revision = try await mirror.head()
        #expect(try await mirror.manifests(at: revision).map(\.path) == ["a/a.yaml"])
        let warnings = try await mirror.warnings(at: revision)
        #expect(warnings.map(\.file) == ["b"] && warnings[0].message.contains("prewarm keeps its applied presets"))
        try await origin.git("rm", "-q", "-r", "a")
        try await origin.commit(["c.yaml": "c"])
        let gone = try await mirror.head()
        let failure = await #expect(throws: GitFailure.self) { try await mirror.manifests(at: gone) }
        #expect(failure?.reason == .pathNotFound)
    }

    @Test("A revision is found by branch, tag, full and short commit, and by the form of a plan")
    func lookUp() async throws {
        let first = try await origin.commit()
        try await origin.git("tag", "-a", "-m", "one", "v1")
        let second = try await origin.commit(["a.yaml": "b"])
        let mirror = try folder.mirror(origin.path)
        for (text, expected) in [
            ("main", Revision(ref: "main", commit: second)), ("v1", Revision(ref: "v1", commit: first)),
            ("HEAD", Revision(ref: "main", commit: second)), (first, Revision(ref: nil, commit: first)),
            (String(first.prefix(7)), Revision(ref: nil, commit: first)),
            ("main@sha1:\(first)", Revision(ref: "main", commit: first)),
            ("refs/heads/main", Revision(ref: "main", commit: second)),
            ("refs/tags/v1", Revision(ref: "v1", commit: first)),
        ] {
            let found = try await mirror.lookUp(text)
            #expect(found == expected)
            #expect(try await contents(mirror, found) == ["a.yaml": expected.commit == first ? "a" : "b"])
        }
        for text in [
            "nothing", "0123", String(repeating: "0", count: 40), "refs/pull/8/head", "main~1", "main^{/change}",
            "refs/tags/v1^{}", "v1^{}", "@{1}", "-x", "refs/heads/../main",
        ] {
            let failure = await #expect(throws: GitFailure.self) { try await mirror.lookUp(text) }
            #expect(failure?.reason == .refNotFound)
        }
    }

    @Test("Any reference is found by its full name, for example that of a pull request")
    func pullRequest() async throws {
        try await origin.commit()
        try await origin.git("checkout", "-q", "-b", "work")
        let change = try await origin.commit(["a.yaml": "b"])
        try await origin.git("update-ref", "refs/pull/7/head", change)
        try await origin.git("checkout", "-q", "main")
        try await origin.git("branch", "-q", "-D", "work")
        try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url("open/origin/.git"))
            try await mirror.fetch(try await mirror.head())
            let found = try await mirror.lookUp("refs/pull/7/head")
            #expect(found == Revision(ref: "refs/pull/7/head", commit: change))
            #expect(try await contents(mirror, found) == ["a.yaml": "b"])
            #expect(try await mirror.lookUp("\(found)") == found)
        }
        // After it was fetched once, it is found without the server.
        let mirror = try folder.mirror("http://127.0.0.1:1/origin/.git")
        #expect(try await mirror.lookUp("refs/pull/7/head").commit == change)
    }
}
