import Foundation
import PrewarmCore
import Subprocess
import Testing

@Suite("Patterns for paths")
struct PathPatternTests {
    private static let paths = [
        "a.yaml", "b.yml", "dir/a.yaml", "dir/sub/a.yaml", "dir/sub/b.yaml", "dir/sub/deep/c.yaml", "other/dir/a.yaml",
        "drafts/x.yaml", "dir/drafts/y.yaml", "dir/drafts", "ünï.yaml", "a/b/c/d/e", "aXb.yaml", "abc", "sub",
    ]

    private static let patterns = [
        "*.yaml", "/*.yaml", "a.yaml", "/a.yaml", "dir", "dir/", "/dir", "dir/*", "dir/**", "**/a.yaml",
        "dir/**/a.yaml",
        "**/drafts/", "drafts", "dir/sub/", "dir/sub/*.yaml", "?.yaml", "a?b.yaml", "*b*", "**/sub/**", "**", "*",
        "a/**/e",
        "a/*/*/d", "/sub", "sub/", "??b.yaml", "dir/*/a.yaml", "d*r/s?b", "**/d*/**/c.yaml", "x*", "a/**/c/**/e",
    ]

    @Test("A pattern matches the same paths as git does in .gitignore", arguments: patterns)
    func peer(text: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-pattern-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data((text + "\n").utf8).write(to: folder.appending(path: "ignore"))
        // No path exists, so git treats all paths as files.
        let ignored = try await run(
            "cd '\(folder.path)' && git init -q . && git -c core.quotePath=false -c core.excludesFile=ignore "
                + "check-ignore --no-index --stdin || true", input: Self.paths.joined(separator: "\n") + "\n")
        let pattern = try PathPattern(text)
        let own = Self.paths.filter { pattern.fits($0, isFolder: false) }
        #expect(Set(own) == Set(ignored.split(separator: "\n").map(String.init)), "\(text)")
    }

    private func run(_ script: String, input: String) async throws -> String {
        try await Subprocess.run(
            .name("sh"), arguments: ["-c", script],
            environment: .inherit.updating(["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"]),
            input: .string(input), output: .string(limit: 1 << 20), error: .discarded
        ).standardOutput
    }

    @Test("A question mark matches one character of any number of bytes")
    func characters() throws {
        let pattern = try PathPattern("???.yaml")
        #expect(pattern.fits("ünï.yaml", isFolder: false) && !pattern.fits("ün.yaml", isFolder: false))
    }

    @Test("A pattern for folders matches everything in such a folder, but no file of that name")
    func folders() throws {
        let pattern = try PathPattern("drafts/")
        #expect(!pattern.fits("drafts", isFolder: false) && pattern.fits("drafts", isFolder: true))
        #expect(pattern.fits("a/drafts/b.yaml", isFolder: false))
    }

    @Test(
        "A pattern that is empty or that other tools read in another way is refused",
        arguments: ["", "/", "!a", "[ab]", "a\\b", "../a", "a/./b", "a**", "**b/c", String(repeating: "a/", count: 33)])
    func refused(text: String) {
        #expect(throws: TextError.self) { try PathPattern(text) }
    }

    @Test("A pattern with many stars is matched in a short time")
    func hostile() throws {
        let pattern = try PathPattern(String(repeating: "**/*a*/", count: 15) + "b")
        let path = String(repeating: "aaaaaaaaaaaaaaaaaaaa/", count: 200) + "c"
        let start = ContinuousClock.now
        #expect(!pattern.fits(path, isFolder: false))
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
