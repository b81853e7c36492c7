import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Paths of a source")
struct PathTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        let names = [
            "a.yaml", "README.md", "teams/a/go.yaml", "teams/a/drafts/x.yaml", "teams/a/go.test.yaml",
            "teams/b/rust.yml",
            "teams/b/deep/er/z.yaml", "teams/c.yaml", "charts/templates/t.yaml", "teams.yaml",
        ]
        try await origin.commit(Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
    }

    private func read(_ paths: [String], _ include: [String] = [], _ exclude: [String] = []) async throws -> [String] {
        let mirror = try folder.mirror(origin.path) {
            $0.paths = paths
            $0.include = try include.map { try PathPattern($0) }
            $0.exclude = try exclude.map { try PathPattern($0) }
        }
        return try await mirror.manifests(at: try await mirror.head()).map(\.path)
    }

    @Test("Several paths are read once each, and their files are in the order of their paths")
    func several() async throws {
        let expected = ["charts/templates/t.yaml", "teams/a/drafts/x.yaml", "teams/a/go.test.yaml", "teams/a/go.yaml"]
        #expect(try await read(["teams/a", "charts"]) == expected)
        #expect(try await read(["charts/", "./teams/a", "teams/a/drafts", "teams/a/go.yaml"]) == expected)
        #expect(try await read(["teams/c.yaml", "a.yaml"]) == ["a.yaml", "teams/c.yaml"])
        #expect(try await read(["teams", "."]).count == 9)
    }

    @Test("Patterns are relative to each path")
    func patterns() async throws {
        #expect(try await read(["."], ["/*.yaml"]) == ["a.yaml", "teams.yaml"])
        #expect(try await read(["teams"], ["*.yml", "/c.yaml"]) == ["teams/b/rust.yml", "teams/c.yaml"])
        #expect(
            try await read(["teams/a", "teams/b"], [], ["drafts/", "*.test.yaml", "/deep/**"])
                == ["teams/a/go.yaml", "teams/b/rust.yml"])
        #expect(
            try await read(["."], ["teams/**"], ["**/z.yaml", "/teams/a"]) == ["teams/b/rust.yml", "teams/c.yaml"])
        #expect(try await read(["teams/c.yaml"], ["*.nothing"], ["c.yaml"]) == ["teams/c.yaml"])
    }

    @Test("A comparison of two revisions reads only the paths")
    func comparison() async throws {
        let first = Revision(ref: "main", commit: try await origin.git("rev-parse", "HEAD"))
        let other = Revision(ref: "main", commit: try await origin.commit(["charts/b.yaml": "b"]))
        let changed = Revision(ref: "main", commit: try await origin.commit(["teams/a/go.yaml": "new"]))
        let mirror = try folder.mirror(origin.path) { $0.paths = ["teams/a", "teams/c.yaml"] }
        func files(_ old: Revision, _ new: Revision) async throws -> [String]? {
            try await mirror.step(from: old, to: new, limit: ChangeLimit(files: 9, bytes: 999)).changes?.files
                .map(\.path)
        }
        #expect(try await files(first, other) == [])
        #expect(try await files(other, changed) == ["teams/a/go.yaml"])
        #expect(try await files(first, changed) == ["teams/a/go.yaml"])
    }

    @Test("Symbolic links and submodules among manifests cause warnings, and are not followed")
    func links() async throws {
        for (name, target) in [
            ("teams/link.yaml", "c.yaml"), ("teams/out.yml", "/etc/passwd"), ("teams/folder", "../charts"),
            ("teams/notes.md", "c.yaml"), ("charts/link.yaml", "b.yaml"), ("teams/a/drafts/d.yaml", "x.yaml"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(origin.path)/\(name)", withDestinationPath: target)
        }
        let commit = try await origin.commit([:])
        try await origin.git("update-index", "--add", "--cacheinfo", "160000,\(commit),teams/module")
        try await origin.git("commit", "-q", "-m", "module")
        let mirror = try folder.mirror(origin.path) {
            $0.paths = ["teams"]
            $0.exclude = [try PathPattern("drafts/")]
        }
        let revision = try await mirror.head()
        let warnings = try await mirror.warnings(at: revision)
        #expect(warnings.map(\.file) == ["teams/folder", "teams/link.yaml", "teams/module", "teams/out.yml"])
        #expect(warnings.allSatisfy { $0.severity == .warning && $0.hint?.contains("exclude") == true })
        #expect(warnings.filter { $0.message.contains("a submodule") }.map(\.file) == ["teams/module"])
        #expect(try await !mirror.manifests(at: revision).map(\.path).contains { $0.contains("link") })
        #expect(try await mirror.warnings(at: revision) == warnings)
        // A path that is itself a link or a submodule is not followed either.
        for (path, what) in [("teams/folder", "symbolic link"), ("teams/module", "submodule")] {
            let mirror = try folder.mirror(origin.path) { $0.paths = [path] }
            let failure = await #expect(throws: GitFailure.self) { try await mirror.manifests(at: revision) }
            #expect(failure?.reason == .pathNotFound && failure?.message.contains(what) == true)
        }
    }

    @Test("Only fifty links are listed one by one")
    func manyLinks() async throws {
        for number in 0..<60 {
            try FileManager.default.createSymbolicLink(
                atPath: "\(origin.path)/teams/\(number).yaml", withDestinationPath: "c.yaml")
        }
        try await origin.commit([:])
        let mirror = try folder.mirror(origin.path)
        let warnings = try await mirror.warnings(at: try await mirror.head())
        #expect(warnings.count == 51 && warnings.last?.message.hasPrefix("10 more") == true)
    }
}
