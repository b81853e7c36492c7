import Foundation
import Testing

@Suite("Help")
struct HelpTests {
    @Test("prewarm help shows a topic, and the help of prewarm names all topics")
    func topics() async throws {
        let sandbox = try await Sandbox()
        let help = try await sandbox.prewarm("--help").out
        for (topic, text) in [
            ("environment", "PREWARM_SERVER"), ("exit-codes", "\n64   A command, an option"),
            ("formats", "--field PATH"),
        ] {
            let shown = try await sandbox.prewarm("help", topic)
            #expect(shown.code == 0 && shown.out.contains(text) && shown.err.isEmpty, "\(shown)")
            #expect(shown.out.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(shown.out)")
            #expect(help.replacing("\n", with: " ").contains("`prewarm help \(topic)`"), "\(help)")
        }
    }

    @Test("The line of the usage leaves out the options that all commands have")
    func usage() async throws {
        let sandbox = try await Sandbox()
        let root = try await sandbox.prewarm("--experimental-dump-help").json()
        let names = root["command"]?["subcommands"]?.list.compactMap { $0["commandName"]?.string } ?? []
        #expect(names.count > 20)
        for name in names where name != "help" {
            let help = try await sandbox.prewarm(name, "--help").out
            #expect(help.contains("USAGE: prewarm \(name)") && !help.contains("[--config <file>]"), "\(help)")
        }
        let wrong = try await sandbox.prewarm("claim")
        #expect(
            wrong.code == 64 && wrong.err.contains("Usage: prewarm claim [<options>] [<preset>]\n"), "\(wrong)")
    }

    @Test("Each variable that a command reads by its name is a topic of the help")
    func variables() async throws {
        let sandbox = try await Sandbox()
        let shown = try await sandbox.prewarm("help", "environment").out
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/PrewarmCommands")
        let names = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        var found: Set<Substring> = []
        for name in names where name.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appending(path: name), encoding: .utf8)
            for match in text.matches(of: /(?:Environment\.value|getenv|environment)[\(\[]"([A-Za-z_]+)"/) {
                found.insert(match.output.1)
            }
        }
        #expect(found.contains("PREWARM_CONFIG") && found.count >= 10)
        for name in found {
            #expect(shown.contains(name), "add \(name) to EnvironmentVariable")
        }
    }
}
