import Subprocess
import Testing

@Suite("Environment variables in the configuration")
struct VariableTests {
    private static let secret = "hidden-value-0123456789"

    @Test(
        "Each error shows the name of a variable instead of its value",
        arguments: [
            ("store: sqlite:prewarm.db", "store: \"sqlite:/proc/${HIDDEN}/x.db\""),
            ("store: sqlite:prewarm.db", "store: \"${HIDDEN}\""),
            ("url: file://ROOT/repo", "url: \"file://ROOT/${HIDDEN}\""),
            ("url: file://ROOT/repo", "url: \"https://${HIDDEN}.invalid/a.git\""),
            ("ref: {branch: main}", "ref: {branch: \"${HIDDEN}\"}"),
            ("ref: {branch: main}", "ref: {semver: \"${HIDDEN}\"}"),
            ("path: presets", "path: \"${HIDDEN}\""),
            ("command: [./provision]", "command: [\"./${HIDDEN}\"]"),
            ("concurrency: 4\n", "concurrency: 4\nserver: {listen: \"${HIDDEN}\"}\n"),
        ])
    func masked(old: String, new: String) async throws {
        #expect(Sandbox.configuration.contains(old))
        let sandbox = try await Sandbox(configuration: Sandbox.configuration.replacing(old, with: new))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  failureLimit: 1")])
        var text = ""
        for arguments in [
            ["validate"], ["validate", "-o", "json"], ["doctor"], ["doctor", "-o", "json"], ["plan"],
            ["sync", "--timeout", "2s"], ["status"], ["serve", "--log-level", "error"], ["get", "events"],
        ] where arguments[0] != "serve" || new.contains("listen") || new.contains("store") {
            let result = try await sandbox.prewarm(arguments, environment: ["HIDDEN": "\(Self.secret)"])
            #expect(!(result.out + result.err).contains(Self.secret), "\(arguments): \(result.out)\(result.err)")
            text += result.out + result.err
        }
        #expect(text.contains("${HIDDEN}"), "\(text)")
    }
}
