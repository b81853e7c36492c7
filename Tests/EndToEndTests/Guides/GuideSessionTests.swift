import Foundation
import Testing

/// Tests of the runner itself, on small pages.
@Suite("The runner of the pages") struct GuideSessionTests {
    private static func differences(_ body: String) async throws -> [GuideSession.Result] {
        try await GuideSession(GuidePage(path: "Page.md", text: body)).run().filter { !$0.isRight }
    }

    @Test("A page with the right output passes")
    func right() async throws {
        let page = """
            Text.

            ```console
            $ echo one && echo two
            one
            two
            $ cat >file <<'EOT'
            $HOME
            EOT
            $ cat file \\
                | wc -l
            1
            ```

            ```console
            $ pwd; cat file
            /home/ada/pools
            $HOME
            $ prewarm version
            prewarm 0.1.0
            ```
            """
        #expect(try await Self.differences(page).isEmpty)
    }

    @Test(
        "A changed output fails",
        arguments: [
            "$ echo one\ntwo", "$ echo one", "$ true\none", "$ echo one; echo two\ntwo\none",
            "$ echo '1 pool, 2 of 2'\n1 pool, 1 of 2", "$ prewarm version\nprewarm 9.9.9",
        ])
    func changed(lines: String) async throws {
        let differences = try await Self.differences("```console\n\(lines)\n```\n")
        #expect(differences.count == 1)
    }

    @Test("The real outputs replace those of the page")
    func corrected() async throws {
        let page = "Text\n```console\n$ echo one\ntwo\nthree\n$ true\nno\n$ echo a; echo b\n```\nmore\n"
        let session = try GuideSession(GuidePage(path: "Page.md", text: page))
        let text = session.corrected(try await session.run())
        #expect(text == "Text\n```console\n$ echo one\none\n$ true\n$ echo a; echo b\na\nb\n```\nmore\n")
    }

    @Test(
        "Ids, commits, times, ports, paths and the order of operations do not count",
        arguments: [
            ("go-small-ggmt2g8k", "go-small-e55tfb7m"), ("main@sha1:b4ecd16d", "main@sha1:d4677c50"),
            ("01m8mnw6axbcmj3np9ggmt2g8k", "01m8mnwcsg16b4jp3ve55tfb7m"), ("(0s)", "(1m12s)"),
            ("until 2026-11-30T00:39:03.767Z", "until 2026-12-01T10:00:00Z"), ("AGE  0s   x", "AGE  12s  x"),
            ("http://127.0.0.1:7430", "http://127.0.0.1:41234"),
            (
                "✔ created a-01234567 (0s)\n✔ deleted b-01234567 (0s)",
                "✔ deleted b-01234567 (1s)\n✔ created a-7654321a (0s)"
            ),
        ])
    func same(first: String, second: String) {
        #expect(GuideText.isSame(first.components(separatedBy: "\n"), second.components(separatedBy: "\n")))
    }

    @Test(
        "Numbers, names and words count",
        arguments: [("2 of 3", "3 of 3"), ("go-small", "go-large"), ("Ready", "Stalled")])
    func different(first: String, second: String) {
        #expect(!GuideText.isSame([first], [second]))
    }

    @Test("A manifest with an error fails, and a block without a file name is refused")
    func files() async throws {
        let wrong = "```yaml\n# presets/a.yaml\napiVersion: prewarm/v1\nkind: Preset\nspec: {}\n```\n"
        #expect(try await Self.differences(wrong).count == 1)
        await #expect(throws: SandboxError.self) { try await Self.differences("```yaml\nkind: Preset\n```\n") }
        await #expect(throws: SandboxError.self) { try await Self.differences("```console\nno command\n```\n") }
    }

    @Test("A command that ends the shell fails")
    func exit() async throws {
        await #expect(throws: SandboxError.self) {
            try await Self.differences("```console\n$ exit 0\n$ echo one\none\n```\n")
        }
    }

    @Test("A fragment with an unknown key is refused, and a good one is accepted")
    func fragments() async throws {
        let fragments = try await GuideFragments()
        #expect(try await fragments.errors(of: ["policy:", "  orphan: delete"]) != nil)
        #expect(try await fragments.errors(of: ["policy:", "  orphans: delete"]) == nil)
        #expect(try await fragments.errors(of: ["spec: {template: go, version: 1.0.0, instances: 2}"]) == nil)
        #expect(try await fragments.errors(of: ["spec: {template: go, version: 1.0.0, instances: two}"]) != nil)
    }
}
