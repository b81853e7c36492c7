import Foundation
import PodmanSupport
import Subprocess
import Testing

/// The pages are right: what they show is what prewarm does.
@Suite("Pages of the documentation") struct GuideTests {
    @Test(
        "The commands of a page give the output that the page shows",
        arguments: GuidePage.with("console").filter {
            (!$0.needsPodman || PodmanService.isWanted)
                && (!$0.needsExamples || ProvisionerExample.has("bwrap", "sshd", "jq", "curl"))
        })
    func console(page: GuidePage) async throws {
        let session = try GuideSession(page)
        let results = try await session.run()
        let wrong = results.filter { !$0.isRight }
        if GuidePage.isUpdated, !wrong.isEmpty {
            try Data(session.corrected(results).utf8).write(to: GuidePage.root.appending(path: page.path))
        }
        for result in wrong where !GuidePage.isUpdated || result.step.output == nil {
            Issue.record(
                """
                \(page.path), \(result.text)
                To rewrite the outputs: PREWARM_UPDATE_GOLDEN=1 Tests/run.sh --filter GuideTests
                """)
        }
    }

    @Test(
        "The manifests and configurations of a page without commands are valid",
        arguments: GuidePage.with("yaml").filter { $0.blocks("console").isEmpty })
    func files(page: GuidePage) async throws {
        for result in try await GuideSession(page).run() where !result.isRight {
            Issue.record("\(page.path), \(result.text)")
        }
    }

    @Test("prewarm accepts the fragments of a page", arguments: GuidePage.with("yaml fragment"))
    func fragments(page: GuidePage) async throws {
        let fragments = try await GuideFragments()
        for block in page.blocks("yaml fragment") {
            if let errors = try await fragments.errors(of: block.body) {
                Issue.record("\(page.path):\(block.line): \(errors)")
            }
        }
    }

    @Test("bash can parse the shell blocks of a page", arguments: GuidePage.with("sh"))
    func shell(page: GuidePage) async throws {
        for block in page.blocks("sh") {
            let result = try await Subprocess.run(
                .name("bash"), arguments: ["-n"], input: .string(block.body.joined(separator: "\n") + "\n"),
                output: .discarded, error: .string(limit: 1 << 20))
            #expect(result.terminationStatus.isSuccess, "\(page.path):\(block.line): \(result.standardError)")
        }
    }

    @Test("The JSON of a page is valid", arguments: GuidePage.with("json"))
    func json(page: GuidePage) throws {
        for block in page.blocks("json") {
            #expect(throws: Never.self, "\(page.path):\(block.line)") {
                try JSON(block.body.joined(separator: "\n"))
            }
        }
    }

    @Test("Every block has a kind that a test checks, or holds no command")
    func kinds() {
        let checked: Set = ["console", "yaml", "yaml fragment", "sh", "json"]
        for page in GuidePage.all {
            for block in page.blocks where !checked.contains(block.kind) {
                #expect(["", "text", "mermaid"].contains(block.kind), "\(page.path):\(block.line): \(block.kind)")
                #expect(!block.body.contains { $0.hasPrefix("$ ") }, "\(page.path):\(block.line) has a command")
            }
        }
    }

    @Test("Only the pages that need no commands have none")
    func pagesWithCommands() {
        // The generated pages have the prefix Reference.
        let without = GuidePage.all.filter { $0.blocks("console").isEmpty && !$0.path.contains("/Reference") }
        let expected: Set = [
            "Alerts", "Architecture", "Compare", "Concepts", "Contribute", "Database", "Integrate", "Notifications",
            "Operate",
            "SourcesAndLogins", "Troubleshoot", "Upgrade", "WritePresets", "prewarm",
        ]
        #expect(Set(without.map(\.path)) == Set(expected.map { "\(GuidePage.catalog)/\($0).md" }))
        #expect(GuidePage.all.map { $0.blocks("console").count }.reduce(0, +) >= 70)
    }

    @Test("Each line that begins with a prompt is a command that runs", arguments: GuidePage.with("console"))
    func everyCommandRuns(page: GuidePage) throws {
        let prompts = page.blocks("console").flatMap(\.body).count { $0.hasPrefix("$ ") }
        let steps = try GuideSession(page).steps.filter { $0.output != nil }
        #expect(steps.count == prompts && prompts > 0)
    }
}
