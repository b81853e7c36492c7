import Foundation
import Testing

@Suite("Errors of usage")
struct UsageTests {
    @Test(
        "A misspelled command or a number without a unit is answered with what was probably meant",
        arguments: [
            ("cliam go-small --owner ada", "error: unknown command \"cliam\"\nhint: did you mean `prewarm claim`?\n"),
            ("token craete ada", "error: unknown command \"craete\"\nhint: did you mean `prewarm token create`?\n"),
            ("nothing", "error: unknown command \"nothing\"\nhint: see `prewarm --help`\n"),
            ("claim a --owner ada --wait 5", "it needs a unit: 5s, 5m, 5h or 5d"),
            ("sync --timeout 10", "it needs a unit: 10s, 10m, 10h or 10d"),
            ("serve --grace x", "it must be a duration, for example 90s, 15m or 24h"),
            ("token create ci --role viewer --expires 90", "it needs a unit: 90s, 90m, 90h or 90d"),
            ("suspend a --until 2", "it needs a unit: 2s, 2m, 2h or 2d"),
        ])
    func suggestions(arguments: String, text: String) async throws {
        let sandbox = try await Sandbox()
        let result = try await sandbox.prewarm(arguments.split(separator: " ").map(String.init))
        #expect(result.code == 64 && result.out.isEmpty && result.err.contains(text), "\(result)")
    }

    @Test(
        "A server that is no URL is shown with the URL to write",
        arguments: [
            ("127.0.0.1:7531", "\"127.0.0.1:7531\"", "use --server http://127.0.0.1:7531"),
            ("prewarm.example.org", "\"prewarm.example.org\"", "use --server https://prewarm.example.org"),
            ("ftp://a", "\"ftp://a\"", "correct --server"),
        ])
    func servers(server: String, value: String, hint: String) async throws {
        let sandbox = try await Sandbox()
        let result = try await sandbox.prewarm("status", "--server", server)
        #expect(result.code == 1 && result.err.contains("error: invalid server \(value): it must be"), "\(result)")
        #expect(result.err.contains("hint: \(hint)\n"), "\(result)")
        let secret = try await sandbox.prewarm("status", "--server", "https://ada:secret@example.org")
        #expect(secret.code == 1 && !secret.err.contains("secret"), "\(secret)")
    }
}
