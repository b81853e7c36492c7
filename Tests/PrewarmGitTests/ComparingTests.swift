import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Two revisions are compared")
struct ComparingTests {
    let folder: Folder
    let origin: Origin
    private static let limit = ChangeLimit(files: 100, bytes: 1000)

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    /// Nil takes a file away.
    private func commit(_ files: [String: String?]) async throws -> String {
        for (name, text) in files where text == nil {
            try FileManager.default.removeItem(atPath: "\(origin.path)/\(name)")
        }
        return try await origin.commit(files.compactMapValues { $0 })
    }

    /// `-a.yaml` is gone, `+` new, `~` another.
    private func changes(_ mirror: GitMirror, _ old: String, _ new: String) async throws -> [String]? {
        try await mirror.changes(
            from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit
        )?.files.map { ($0.old == nil ? "+" : $0.new == nil ? "-" : "~") + $0.path }
    }

    @Test("and only manifests below the path are told, with their contents and the commit's description")
    func told() async throws {
        let old = try await origin.commit([
            "presets/a.yaml": "a", "presets/b.yaml": "b", "presets/deep/c.yml": "c", "other/d.yaml": "d",
        ])
        let new = try await commit([
            "presets/a.yaml": "A", "presets/b.yaml": nil, "presets/deep/e/f.yaml": "f", "other/d.yaml": "D",
            "presets/README.md": "x", "presets.yaml": "x",
        ])
        let mirror = try folder.mirror(origin.path) { $0.path = "presets" }
        _ = try await mirror.manifests(at: Revision(ref: nil, commit: old))
        let found = try #require(
            try await mirror.changes(
                from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit))
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
        "over a history of any changes, as the lists of their manifests differ",
        arguments: ["", "x", "x/y", "x/a.yaml"])
    func anyHistory(path: String) async throws {
        var random = SplitMix64(seed: 5)
        let names = [
            "a.yaml", "a/b.yaml", "x.yaml", "x/a.yaml", "x/a-b.yaml", "x/a/b.yml", "x/y/c.yaml", "x/y/z/d.yaml",
            "x/y.yaml",
            "xy/e.yaml", "x/note.md",
        ]
        let mirror = try folder.mirror(origin.path) { $0.path = path }
        var commits: [String] = []
        var current: [String: String] = [:]
        for number in 0..<25 {
            var files: [String: String?] = ["x/y/keep.yaml": "", "n": "\(number)"]
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

    @Test("and nothing is told where there is too much, the path is gone, or the old one was never fetched")
    func untold() async throws {
        let old = try await origin.commit(["presets/a.yaml": "a", "b.yaml": "b"])
        let gone = try await commit(["presets/a.yaml": nil])
        let many = try await origin.commit(
            Dictionary(uniqueKeysWithValues: (0..<102).map { ("presets/p\($0).yaml", "p") }))
        let mirror = try folder.mirror(origin.path) { $0.path = "presets" }
        _ = try await mirror.manifests(at: Revision(ref: nil, commit: old))
        #expect(try await changes(mirror, old, many) == nil)
        #expect(try await changes(mirror, old, gone) == nil)
        #expect(try await changes(mirror, String(repeating: "1", count: 40), old) == nil)
    }

    @Test("and a file that is too large is told without its contents")
    func large() async throws {
        let old = try await origin.commit(["a.yaml": "a"])
        let new = try await origin.commit(["a.yaml": String(repeating: "x", count: 1001)])
        let mirror = try folder.mirror(origin.path)
        let found = try await mirror.changes(
            from: Revision(ref: nil, commit: old), to: Revision(ref: nil, commit: new), limit: Self.limit)
        guard case .tooLarge = found?.files.first?.contents else {
            Issue.record("\(String(describing: found))")
            return
        }
    }

    @Test("and a symbolic link in the place of a manifest is a manifest that is gone")
    func link() async throws {
        let old = try await origin.commit(["a.yaml": "a", "b.yaml": "b"])
        try FileManager.default.removeItem(atPath: "\(origin.path)/b.yaml")
        try FileManager.default.createSymbolicLink(atPath: "\(origin.path)/b.yaml", withDestinationPath: "a.yaml")
        let new = try await origin.commit([:])
        let mirror = try folder.mirror(origin.path)
        #expect(try await changes(mirror, old, new) == ["-b.yaml"])
        #expect(try await changes(mirror, new, old) == ["+b.yaml"])
    }
}
