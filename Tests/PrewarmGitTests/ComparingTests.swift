import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Comparison of two revisions")
struct ComparingTests {
    let folder: Folder
    let origin: Origin
    private static let limit = ChangeLimit(files: 100, bytes: 1000)

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    /// Commits files. A nil text removes the file.
    private func commit(_ files: [String: String?]) async throws -> String {
        for (name, text) in files where text == nil {
            try FileManager.default.removeItem(atPath: "\(origin.path)/\(name)")
        }
        return try await origin.commit(files.compactMapValues { $0 })
    }

    /// Returns the changes: `-a.yaml` was removed, `+a.yaml` was added, `~a.yaml` was changed.
    private func changes(_ mirror: GitMirror, _ old: String, _ new: String) async throws -> [String]? {
        try await mirror.step(
            from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit
        ).changes?.files.map { ($0.old == nil ? "+" : $0.new == nil ? "-" : "~") + $0.path }
    }

    @Test("A comparison returns only manifests below the path, with their contents and the commit's description")
    func told() async throws {
        let old = try await origin.commit([
            "presets/a.yaml": "a", "presets/b.yaml": "b", "presets/deep/c.yml": "c", "other/d.yaml": "d",
        ])
        let new = try await commit([
            "presets/a.yaml": "A", "presets/b.yaml": nil, "presets/deep/e/f.yaml": "f", "other/d.yaml": "D",
            "presets/README.md": "x", "presets.yaml": "x",
        ])
        let mirror = try folder.mirror(origin.path) { $0.paths = ["presets"] }
        _ = try await mirror.manifests(at: Revision(ref: nil, commit: old))
        let found = try #require(
            try await mirror.step(
                from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit
            ).changes)
        #expect(found.files.map(\.path) == ["presets/a.yaml", "presets/b.yaml", "presets/deep/e/f.yaml"])
        let texts = found.files.map { file -> String? in
            guard case .bytes(let bytes) = file.contents else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(texts == ["A", nil, "f"])
        #expect(found.commit.author == "Ada")
        #expect(try await changes(mirror, new, new) == [])
    }

    @Test(
        "A comparison of any two commits equals the difference of their listings",
        arguments: [
            ("", []), ("x", []), ("x/y", []), ("x/a.yaml", []), ("x/y,a", []), ("x/a.yaml,a", []),
            ("", ["/x/y/z", "b.yml"]),
            ("x", ["y/", "a-?.yaml"]),
        ] as [(String, [String])])
    func anyHistory(path: String, exclude: [String]) async throws {
        var random = SplitMix64(seed: 5)
        let names = [
            "a.yaml", "a/b.yaml", "x.yaml", "x/a.yaml", "x/a-b.yaml", "x/a/b.yml", "x/y/c.yaml", "x/y/z/d.yaml",
            "x/y.yaml",
            "xy/e.yaml", "x/note.md",
        ]
        let mirror = try folder.mirror(origin.path) {
            $0.paths = path.split(separator: ",").map(String.init)
            if path.isEmpty { $0.paths = ["."] }
            $0.exclude = try exclude.map { try PathPattern($0) }
        }
        var commits: [String] = []
        var current: [String: String] = [:]
        for number in 0..<25 {
            var files: [String: String?] = ["x/y/keep.yaml": "", "a/keep.yaml": "", "n": "\(number)"]
            for name in names where Int.random(in: 0..<3, using: &random) == 0 {
                let isGone = Bool.random(using: &random) && current[name] != nil
                files[name] = .some(isGone ? nil : "\(Int.random(in: 0..<3, using: &random))")
            }
            files["x/a.yaml"] = "\(number / 3)"
            for (name, text) in files { current.updateValue(text ?? "", forKey: name) }
            for (name, text) in files where text == nil { current[name] = nil }
            commits.append(try await commit(files))
        }
        for (index, old) in commits.enumerated() {
            let new = commits[(index * 7 + 3) % commits.count]
            let before = try await list(mirror, old)
            let after = try await list(mirror, new)
            let expected = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                .map { (before[$0] == nil ? "+" : after[$0] == nil ? "-" : "~") + $0 }
            #expect(try await changes(mirror, old, new) == expected)
        }
    }

    private func list(_ mirror: GitMirror, _ commit: String) async throws -> [String: String] {
        let files = try await mirror.manifests(at: Revision(ref: nil, commit: commit))
        return Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.blob) })
    }

    @Test("A comparison returns nil if there are too many changes, or the path or the old commit is missing")
    func untold() async throws {
        let old = try await origin.commit(["presets/a.yaml": "a", "b.yaml": "b"])
        let gone = try await commit(["presets/a.yaml": nil])
        let many = try await origin.commit(
            Dictionary(uniqueKeysWithValues: (0..<102).map { ("presets/p\($0).yaml", "p") }))
        let mirror = try folder.mirror(origin.path) { $0.paths = ["presets"] }
        _ = try await mirror.manifests(at: Revision(ref: nil, commit: old))
        #expect(try await changes(mirror, old, many) == nil)
        #expect(try await changes(mirror, old, gone) == nil)
        #expect(try await changes(mirror, String(repeating: "1", count: 40), old) == nil)
    }

    @Test("A file that is too large is returned without its contents")
    func large() async throws {
        let old = try await origin.commit(["a.yaml": "a"])
        let new = try await origin.commit(["a.yaml": String(repeating: "x", count: 1001)])
        let mirror = try folder.mirror(origin.path)
        let found = try await mirror.step(
            from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit)
        guard case .tooLarge = found.changes?.files.first?.contents else {
            Issue.record("\(String(describing: found))")
            return
        }
    }

    @Test("A comparison returns nil if a link or a submodule was added among the manifests")
    func links() async throws {
        let old = try await origin.commit(["a.yaml": "a", "b.yaml": "b", "drafts/c.yaml": "c", "notes": "n"])
        let mirror = try folder.mirror(origin.path) { $0.exclude = [try PathPattern("drafts/")] }
        func link(_ name: String) async throws -> String {
            try await origin.git("reset", "-q", "--hard", old)
            try? FileManager.default.removeItem(atPath: "\(origin.path)/\(name)")
            try FileManager.default.createSymbolicLink(
                atPath: "\(origin.path)/\(name)", withDestinationPath: "a.yaml")
            return try await origin.commit([:])
        }
        for name in ["b.yaml", "folder"] { #expect(try await changes(mirror, old, try await link(name)) == nil) }
        for name in ["drafts/c.yaml", "README.md"] {
            #expect(try await changes(mirror, old, try await link(name)) == [])
        }
        let linked = try await link("b.yaml")
        #expect(try await changes(mirror, old, linked) == nil)
        #expect(try await changes(mirror, linked, old) == ["+b.yaml"])
        try await origin.git("reset", "-q", "--hard", old)
        try await origin.git("update-index", "--add", "--cacheinfo", "160000,\(old),module")
        try await origin.git("commit", "-q", "-m", "module")
        #expect(try await changes(mirror, old, try await origin.git("rev-parse", "HEAD")) == nil)
    }
}
