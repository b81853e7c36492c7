import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmGit

@Suite("File names that look alike")
struct SpellingTests {
    /// The names: `é` as one code point, as two, and as a byte of Latin-1; two bytes that are not UTF-8; backslashes;
    /// U+FFFD.
    private static let names: [[UInt8]] = [
        Array("caf\u{e9}.yaml".utf8), Array("cafe\u{301}.yaml".utf8), Array("caf".utf8) + [0xe9] + Array(".yaml".utf8),
        [0xff] + Array(".yaml".utf8), [0xfe] + Array(".yaml".utf8), Array("a\\b.yaml".utf8), Array("a\\\\b.yaml".utf8),
        Array("\\377.yaml".utf8), Array("\u{fffd}.yaml".utf8),
    ]

    @Test("Different names have different texts, which show the difference")
    func texts() {
        let texts = Self.names.map { String(repositoryPath: $0) }
        #expect(Set(texts).count == texts.count, "\(texts)")
        #expect(texts[0] == "caf\u{e9}.yaml" && texts[1] == "cafe\\314\\201.yaml" && texts[2] == "caf\\351.yaml")
        #expect(String(repositoryPath: Array("presets/go large.yaml".utf8)) == "presets/go large.yaml")
        let below = Array("f\u{e9}/".utf8) + Self.names[1]
        #expect(String(repositoryPath: below).isPath(atOrBelow: String(repositoryPath: Array("f\u{e9}".utf8))))
    }

    /// Commits the names with one text each, with plumbing commands of git, which accept any bytes.
    private func commit(_ origin: Origin, _ text: (Int) -> String?) async throws -> Revision {
        var script = "git read-tree --empty\n"
        for (number, name) in Self.names.enumerated() {
            guard let text = text(number) else { continue }
            let octal = name.map { "\\0" + String($0, radix: 8) }.joined()
            script +=
                "printf '100644 %s\\t%b\\0' $(printf '\(text)' | git hash-object -w --stdin) '\(octal)' "
                + "| git update-index -z --index-info\n"
        }
        script += "git update-ref HEAD $(git commit-tree $(git write-tree) -m change)\n"
        try await run("sh", ["-euc", script], in: origin.path)
        return Revision(ref: "main", commit: try await origin.git("rev-parse", "HEAD"))
    }

    @Test("Names that look alike are different files, in a listing and in a comparison")
    func files() async throws {
        let folder = try Folder()
        let origin = try await Origin(folder)
        let mirror = try folder.mirror(origin.path)
        let first = try await commit(origin) { "\($0)" }
        #expect(try await mirror.head() == first)
        let texts = Self.names.map { String(repositoryPath: $0) }
        let all = try await contents(mirror, first)
        #expect(all == Dictionary(uniqueKeysWithValues: texts.enumerated().map { ($1, "\($0)") }))
        // Remove one of two spellings, and change one of two names that are not UTF-8.
        let second = try await commit(origin) { $0 == 0 ? nil : $0 == 3 ? "new" : "\($0)" }
        _ = try await mirror.head()
        let step = try await mirror.step(from: first, to: second, limit: ChangeLimit(files: 10, bytes: 1 << 20))
        let changes = try #require(step.changes)
        #expect(Set(changes.files.map(\.path)) == [texts[0], texts[3]])
        #expect(changes.files.first { $0.path == texts[0] }?.new == nil)
    }
}
