import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("What is not there is named", .serialized)
struct MissingTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    private func failure(
        _ ref: GitSettings.Ref = .head, url: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> GitFailure {
        let mirror = try folder.mirror(url ?? origin.path) { $0.ref = ref }
        let failure = await #expect(throws: GitFailure.self, sourceLocation: sourceLocation) { try await mirror.head() }
        return try #require(failure, sourceLocation: sourceLocation)
    }

    @Test("An empty repository says so, whatever is followed", arguments: [GitSettings.Ref.head, .branch("main")])
    func empty(_ ref: GitSettings.Ref) async throws {
        let failure = try await failure(ref)
        #expect(failure.reason == .empty)
        #expect(failure.message.contains("has no commit yet"))
        #expect(failure.hint?.hasPrefix("commit the manifests: `cd \(origin.path) && git add . && git commit") == true)
    }

    @Test(
        "A missing ref is reported with a suggestion",
        arguments: [
            (GitSettings.Ref.branch("mainn"), "cannot find the branch mainn", "did you mean main?"),
            (.branch("v1.0.0"), "cannot find the branch v1.0.0", "set `ref: {tag: v1.0.0}`"),
            (.tag("main"), "cannot find the tag main", "set `ref: {branch: main}`"),
            (.tag("v1.0.1"), "cannot find the tag v1.0.1", "did you mean v1.0.0?"),
            (.branch("something-else"), "cannot find the branch something-else", "use one of: develop, main"),
            (.semver("^2"), "cannot find a tag in the range ^2", "contains one of: v1.0.0"),
            (.semver("two"), "invalid range of versions: two", "write 1.4.2"),
            (.semver("1.x-0"), "invalid range of versions: 1.x-0", "write 1.4.2"),
            (.semver("1.2 -"), "invalid range of versions: 1.2 -", "write 1.4.2"),
            (.semver(">="), "invalid range of versions: >=", "write 1.4.2"),
        ])
    func ref(_ ref: GitSettings.Ref, _ message: String, _ hint: String) async throws {
        try await origin.commit()
        try await origin.git("tag", "v1.0.0")
        try await origin.git("branch", "develop")
        let failure = try await failure(ref)
        #expect(failure.reason == .refNotFound)
        #expect(failure.message.contains(message))
        #expect(failure.hint?.contains(hint) == true, "\(failure)")
    }

    @Test("A commit that no branch has is not found")
    func commit() async throws {
        try await origin.commit()
        let failure = try await failure(.commit(String(repeating: "1", count: 40)))
        #expect(failure.reason == .refNotFound)
        #expect(failure.message.contains("11111111 in"))
    }

    @Test(
        "A tag of a tree or a file is reported with the type of its object",
        arguments: [("HEAD^{tree}", "tree"), ("HEAD:a.yaml", "file")])
    func tagOfNoCommit(_ object: String, _ type: String) async throws {
        try await origin.commit()
        for annotated in [true, false] {
            let id = try await origin.git("rev-parse", object)
            try await run(
                "git", ["tag", "-f"] + (annotated ? ["-a", "-m", "odd"] : []) + ["odd", id], in: origin.path)
            let mirror = try folder.mirror(origin.path) { $0.ref = .tag("odd") }
            let failure = await #expect(throws: GitFailure.self) { try await mirror.fetch(try await mirror.head()) }
            #expect(failure?.reason == .refNotFound)
            #expect(
                failure?.message.contains("odd of \(origin.path): it is a \(type), not a commit") == true,
                "\(String(describing: failure))")
            #expect(failure?.hint?.contains("a tag of a commit") == true)
        }
    }

    @Test("A partial clone is refused")
    func partialClone() async throws {
        try await origin.commit(["a.yaml": "a", "b.txt": "b"])
        try await origin.git("config", "uploadpack.allowFilter", "true")
        try await run(
            "git", ["clone", "-q", "--bare", "--filter=blob:none", "file://\(origin.path)", "partial"], in: folder.path)
        let mirror = try folder.mirror("\(folder.path)/partial")
        let failure = await #expect(throws: GitFailure.self) { try await mirror.fetch(try await mirror.head()) }
        #expect(failure?.message.contains("is a partial clone") == true, "\(String(describing: failure))")
        #expect(failure?.hint?.contains("without --filter") == true)
    }

    @Test("A deleted branch is not found, and its last commit stays readable")
    func deletedBranch() async throws {
        try await origin.commit()
        try await origin.git("checkout", "-q", "-b", "work")
        let mirror = try folder.mirror(origin.path) { $0.ref = .branch("work") }
        let revision = try await mirror.head()
        try await mirror.fetch(revision)
        try await origin.git("checkout", "-q", "main")
        try await origin.git("branch", "-q", "-D", "work")
        #expect(try await failure(.branch("work")).reason == .refNotFound)
        #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
    }

    @Test("A HEAD that points at a missing branch is reported with the existing branches")
    func unbornHead() async throws {
        try await origin.commit()
        try await origin.git("symbolic-ref", "HEAD", "refs/heads/gone")
        let failure = try await failure()
        #expect(failure.reason == .refNotFound)
        #expect(failure.hint?.contains("main") == true)
    }

    @Test("A path without a repository is reported", arguments: ["missing", "folder", "file.txt"])
    func noRepository(_ name: String) async throws {
        try folder.write("folder/a.txt", "a")
        try folder.write("file.txt", "a")
        for url in ["\(folder.path)/\(name)", "file://\(folder.path)/\(name)"] {
            let failure = try await failure(url: url)
            #expect(failure.reason == .notARepository)
            #expect(failure.message.contains("\(folder.path)/\(name)"))
            let hint =
                name == "folder"
                ? "make the folder a repository: `cd \(folder.path)/folder && git init -b main && git add . && git commit"
                : "check the URL of source"
            #expect(failure.hint?.hasPrefix(hint) == true, "\(failure)")
        }
    }

    @Test("A folder inside a repository is reported with the URL and the path to write")
    func folderInRepository() async throws {
        try folder.write("origin/presets/go/a.txt", "a")
        let failure = try await failure(url: "\(origin.path)/presets/go")
        #expect(failure.hint?.contains("set `url: \(origin.path)` and `path: presets/go`") == true, "\(failure)")
    }

    @Test("A path that is missing in the revision is reported, and a path with .. is refused")
    func path() async throws {
        try await origin.commit(["presets/a.yaml": "a"])
        for path in ["Presets", "presets/b", "presets/a.yaml/b"] {
            let mirror = try folder.mirror(origin.path) { $0.paths = [path] }
            let revision = try await mirror.head()
            let failure = await #expect(throws: GitFailure.self) { try await mirror.manifests(at: revision) }
            #expect(failure?.reason == .pathNotFound)
            #expect(failure?.message.contains(path) == true)
        }
        #expect(throws: GitFailure.self) { try folder.mirror(origin.path) { $0.paths = ["presets/../.."] } }
    }
}
