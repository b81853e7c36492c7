import Foundation
import Subprocess
import Testing

@Suite("Manual pages")
struct ManualTests {
    /// Runs a program and returns all that it prints.
    private func run(_ program: String, _ arguments: String...) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(["MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": nil]),
            output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
        return result.standardOutput + result.standardError
    }

    @Test("Each command has a page, which mandoc, man and lexgrog read without a warning")
    func pages() async throws {
        let sandbox = try await Sandbox()
        let made = try await sandbox.prewarm(["manual", "man1"], environment: ["SOURCE_DATE_EPOCH": "1764460800"])
        #expect(made.code == 0, "\(made)")
        let folder = sandbox.root.appending(path: "man1")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.contains("prewarm.1") && names.contains("prewarm-token-create.1") && names.count > 25)
        for name in names {
            let page = folder.appending(path: name).path
            let problems = try await run("mandoc", "-T", "lint", page)
            #expect(problems.isEmpty, "\(problems)")
            let warnings = try await run(
                "man", "--warnings", "--encoding=UTF-8", "--troff-device=utf8", "-Z", "-l", page)
            #expect(!warnings.contains("warning:") && warnings.hasPrefix("x T utf8"), "\(warnings.prefix(2000))")
            let topic = String(name.dropLast(2))
            #expect(try await run("lexgrog", page).contains("\"\(topic) - "), "\(name)")
            #expect(try String(contentsOfFile: page, encoding: .utf8).contains("\"2025-11-30\""), "\(name)")
        }
    }

    @Test("A page shows the arguments, options and examples of its command")
    func content() async throws {
        let sandbox = try await Sandbox()
        #expect(try await sandbox.prewarm("manual", "man1").code == 0)
        let claim = try await run("man", "-l", sandbox.root.appending(path: "man1/prewarm-claim.1").path)
        for text in ["prewarm claim [options] [preset]", "--idempotency-key key", "prewarm claim go-large --owner ada"]
        {
            #expect(claim.contains(text), "\(text) is not in \(claim)")
        }
        let overview = try await run("man", "-l", sandbox.root.appending(path: "man1/prewarm.1").path)
        for text in ["prewarm-claim(1)", "EXIT STATUS", "PREWARM_SERVER", "/etc/prewarm/prewarm.yaml"] {
            #expect(overview.contains(text), "\(text) is not in \(overview)")
        }
    }

    @Test("A folder that cannot be written is an error")
    func refused() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("file", "")
        let result = try await sandbox.prewarm("manual", "file/man1")
        #expect(result.code == 1 && result.err.hasPrefix("error: cannot write the manual pages to file/man1: "))
    }
}
