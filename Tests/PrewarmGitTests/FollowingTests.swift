import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Subprocess
import Testing

@Suite("Following a ref", .serialized)
struct FollowingTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    private func head(_ ref: GitSettings.Ref) async throws -> Revision {
        try await folder.mirror(origin.path) { $0.ref = ref }.head()
    }

    @Test("Without a ref, a source follows the branch that HEAD points at")
    func remoteHead() async throws {
        let commit = try await origin.commit()
        #expect(try await head(.head) == Revision(ref: "main", commit: commit))
        try await origin.git("checkout", "-q", "-b", "trunk")
        let next = try await origin.commit(["a.yaml": "b"])
        #expect(try await head(.head) == Revision(ref: "trunk", commit: next))
        try await origin.git("checkout", "-q", "--detach", commit)
        #expect(try await head(.head) == Revision(ref: "HEAD", commit: commit))
    }

    @Test("A source follows a branch", arguments: ["main", "refs/heads/main", "team/ünï.x"])
    func branch(_ name: String) async throws {
        let commit = try await origin.commit()
        if name.hasPrefix("team") { try await origin.git("checkout", "-q", "-b", name) }
        let short = name.replacing("refs/heads/", with: "")
        #expect(try await head(.branch(name)) == Revision(ref: short, commit: commit))
        let next = try await origin.commit(["a.yaml": "b"])
        #expect(try await head(.branch(name)) == Revision(ref: short, commit: next))
    }

    @Test("A lightweight or annotated tag is resolved to its commit", arguments: [[], ["-a", "-m", "the first"]])
    func tag(_ options: [String]) async throws {
        let commit = try await origin.commit()
        try await run("git", ["tag"] + options + ["v1"], in: origin.path)
        try await origin.commit(["a.yaml": "b"])
        let mirror = try folder.mirror(origin.path) { $0.ref = .tag("v1") }
        let revision = try await mirror.head()
        #expect(revision == Revision(ref: "v1", commit: commit))
        try await mirror.fetch(revision)
        #expect(try await text(of: "a.yaml", mirror, revision) == "a")
    }

    @Test("A pinned commit may be in upper case, and need not be the tip of a branch")
    func commit() async throws {
        let commit = try await origin.commit()
        try await origin.commit(["a.yaml": "b"])
        let mirror = try folder.mirror(origin.path) { $0.ref = .commit(commit.uppercased()) }
        let revision = try await mirror.head()
        #expect(revision == Revision(ref: nil, commit: commit))
        #expect(try await text(of: "a.yaml", mirror, revision) == "a")
    }

    @Test(
        "A range of versions selects its highest tag",
        arguments: [
            ("^1.4", "v1.10.0"), ("~1.4.2", "1.4.9"), ("1.x", "v1.10.0"), ("*", "v2.0.0"), ("1.4.2", "1.4.2"),
            (">=1.2 <1.5 || =2.0.0", "v2.0.0"), (">=2.1.0-0", "v2.1.0-rc.2"), ("<1.4.9", "1.4.2"),
            (">=1.2 <2", "v1.10.0"), (">1.4", "v2.0.0"),
            ("^2.1.0-rc.1", "v2.1.0-rc.2"), ("<=1.4", "1.4.9"), (">=1.4.3, <1.10", "1.4.9"), ("=v2.0.0", "v2.0.0"),
            ("1.x || 2.x", "v2.0.0"), (">= 1.2 < 1.5", "1.4.9"), ("1.2 - 1.4", "1.4.9"), ("1.4.2 - 1.4.2", "1.4.2"),
            // A range that names a pre-release contains those of other versions, but not those of the version at its
            // end.
            (">=1.4.2-0 <2.1.0-rc.2", "v2.1.0-rc.1"), (">=1.4.2-0 <2.1", "v2.0.0"), ("^1.4.2-0", "v1.10.0"),
            ("~2.0.0-0", "v2.0.0"), (">=1.4.2-0 <2.1.0", "v2.0.0"), (">=2.0.0-0 <=2.1.0", "v2.1.0-rc.2"),
            (">=1.4.2-0 <2 || 2.0.x", "v2.0.0"), ("1.4.2-0 - 3 <2.1.0", "v2.0.0"),
            // It contains the latter if it names one, as in npm.
            (">=2.1.0-rc.1 <2.1.0", "v2.1.0-rc.2"), ("<2.1.0 >2.1.0-rc.1", "v2.1.0-rc.2"),
            (">=1.4.2-0 <2.1.0 || 2.1.0-rc.1", "v2.1.0-rc.1"),
        ])
    func range(_ text: String, _ expected: String) async throws {
        try await origin.commit()
        let tags = ["1.4.2", "1.4.9", "v1.10.0", "v2.0.0", "v2.1.0-rc.1", "v2.1.0-rc.2", "latest", "v3"]
        for tag in tags {
            try await origin.commit(["a.yaml": tag])
            // Some tags are annotated.
            try await run("git", ["tag"] + (tag.hasPrefix("v") ? ["-a", "-m", tag] : []) + [tag], in: origin.path)
        }
        let mirror = try folder.mirror(origin.path) { $0.ref = .semver(text) }
        let revision = try await mirror.head()
        #expect(revision.ref == expected)
        #expect(try await self.text(of: "a.yaml", mirror, revision) == expected)
    }

    @Test("Of several tags with the same version, the one with the newest commit is selected")
    func buildMetadata() async throws {
        let mirror = try folder.mirror(origin.path) { $0.ref = .semver("1.x") }
        // The order of their names differs from the order of their times.
        for (number, tag) in ["v1.2.3+b", "v1.2.3+a", "v1.2.3", "v1.2.3+10", "v1.2.3+9", "1.2.3+z"].enumerated() {
            let time = "2026-01-01T00:00:0\(number)Z"
            try await origin.commit(["a.yaml": tag], environment: ["GIT_COMMITTER_DATE": time])
            try await run("git", ["tag"] + (number == 1 ? ["-a", "-m", tag] : []) + [tag], in: origin.path)
            let revision = try await mirror.head()
            #expect(revision.ref == tag)
            #expect(try await self.text(of: "a.yaml", mirror, revision) == tag)
        }
    }

    @Test("A branch is followed through a forced push, and the old commit stays readable")
    func forcedPush() async throws {
        let first = try await origin.commit()
        let second = try await origin.commit(["a.yaml": "b"])
        let mirror = try folder.mirror(origin.path)
        try await mirror.fetch(try await mirror.head())
        try await origin.git("reset", "-q", "--hard", first)
        let third = try await origin.commit(["a.yaml": "c"])
        let revision = try await mirror.head()
        #expect(revision == Revision(ref: "main", commit: third))
        #expect(try await text(of: "a.yaml", mirror, revision) == "c")
        try await run("git", ["gc", "-q", "--prune=now"], in: origin.path)
        #expect(try await text(of: "a.yaml", mirror, Revision(ref: "main", commit: second)) == "b")
    }

    @Test("A commit in the history is an ancestor, and one that a forced push replaced is not")
    func ancestors() async throws {
        let first = Revision(ref: "main", commit: try await origin.commit())
        let second = Revision(ref: "main", commit: try await origin.commit(["a.yaml": "b"]))
        let mirror = try folder.mirror(origin.path)
        #expect(try await isAncestor(mirror, first, of: second))
        #expect(try await isAncestor(mirror, second, of: second))
        #expect(try await isAncestor(mirror, second, of: first) == false)
        try await origin.git("reset", "-q", "--hard", first.commit)
        let third = Revision(ref: "main", commit: try await origin.commit(["a.yaml": "c"]))
        #expect(try await isAncestor(mirror, second, of: third) == false)
        #expect(try await isAncestor(mirror, first, of: third))
        // Use a mirror that never fetched the commit.
        let other = try folder.mirror(origin.path) { $0.mirror += "2" }
        #expect(try await isAncestor(other, second, of: third) == false)
        let unknown = Revision(ref: "main", commit: String(repeating: "1", count: 40))
        #expect(try await isAncestor(mirror, unknown, of: third) == false)
        await #expect(throws: GitFailure.self) { try await isAncestor(mirror, first, of: unknown) }
    }

    @Test(
        "A branch or tag is found by the bytes of its name, although another name looks the same",
        arguments: [true, false])
    func twins(isTag: Bool) async throws {
        let names = ["prod-\u{e9}", "prod-e\u{301}"]
        var commits: [String] = []
        for name in names {
            commits.append(try await origin.commit(["a.yaml": "\(commits.count)"]))
            try await origin.git(isTag ? "tag" : "branch", name)
        }
        try await GitServer.serving(folder) { server in
            for url in [origin.path, server.url("open/origin/.git")] {
                for (name, commit) in zip(names, commits) {
                    let mirror = try folder.mirror(url) { $0.ref = isTag ? .tag(name) : .branch(name) }
                    #expect(try await mirror.head().commit == commit, "\(url)")
                }
            }
        }
    }

    @Test("The short form of tables is a commit, although a branch is named like its digits")
    func shortCommit() async throws {
        let first = try await origin.commit()
        let digits = first.prefix(8)
        try await origin.commit(["a.yaml": "b"])
        try await origin.git("branch", String(digits))
        let mirror = try folder.mirror(origin.path)
        #expect(try await mirror.lookUp("main@sha1:\(digits)") == Revision(ref: nil, commit: first))
        #expect(try await mirror.lookUp(String(digits)).commit != first)
        let failure = await #expect(throws: GitFailure.self) { try await mirror.lookUp("main@sha1:00000000") }
        #expect(failure?.reason == .refNotFound)
    }

    @Test("A short commit is found although a new branch has the name of an old one as its folder")
    func renamedBranch() async throws {
        let first = try await origin.commit()
        try await origin.git("branch", "feature")
        let mirror = try folder.mirror(origin.path)
        try await mirror.fetch(try await mirror.head())
        #expect(try await mirror.lookUp(String(first.prefix(8))).commit == first)
        await #expect(throws: GitFailure.self) { try await mirror.lookUp("00000000") }
        try await origin.git("branch", "-m", "feature", "feature/x")
        try await origin.git("checkout", "-q", "feature/x")
        let second = try await origin.commit(["a.yaml": "b"])
        #expect(try await mirror.lookUp(String(second.prefix(8))).commit == second)
    }

    @Test("A mirror that lost a part of the history is repaired, and the history does not count as rewritten")
    func lostHistory() async throws {
        let first = Revision(ref: "main", commit: try await origin.commit())
        let mirror = try folder.mirror(origin.path)
        try await mirror.fetch(first)
        let second = Revision(ref: "main", commit: try await origin.commit(["a.yaml": "b"]))
        let packs = "mirror/repository.git/objects/pack"
        let old = Set(folder.names(below: packs))
        try await mirror.fetch(second)
        for name in old { try FileManager.default.removeItem(atPath: "\(folder.path)/\(packs)/\(name)") }
        #expect(try await isAncestor(try folder.mirror(origin.path), first, of: second))
    }

    @Test("A very long subject is shortened")
    func endlessSubject() async throws {
        try await origin.commit()
        try folder.write("message", String(repeating: "é", count: 1 << 20))
        try await origin.git("commit", "-q", "--allow-empty", "-F", "\(folder.path)/message")
        let mirror = try folder.mirror(origin.path)
        let description = try await mirror.commit(of: try await mirror.head())
        #expect((100...401).contains(description.subject.count) && description.subject.hasSuffix("é…"))
    }

    /// Returns the answer of `isAncestor`, and expects the same of `step`.
    private func isAncestor(_ mirror: GitMirror, _ old: Revision, of new: Revision) async throws -> Bool {
        let step = try await mirror.step(from: old, to: new, limit: ChangeLimit(files: 1, bytes: 1))
        let answer = try await mirror.isAncestor(old, of: new)
        #expect(step.isForward == answer)
        return answer
    }

    private func text(of path: String, _ mirror: GitMirror, _ revision: Revision) async throws -> String? {
        try await contents(mirror, revision)[path]
    }
}

/// Returns the texts of all manifests by path.
func contents(_ mirror: GitMirror, _ revision: Revision) async throws -> [String: String] {
    let files = try await mirror.manifests(at: revision)
    let bytes = try await mirror.allContents(of: files, limit: 1 << 20)
    return Dictionary(
        uniqueKeysWithValues: zip(files, bytes).map { ($0.path, String(decoding: $1 ?? [], as: UTF8.self)) })
}
