import Foundation
import Testing

@Suite("Notifications and events")
struct WatchingTests {
    @Test(
        "validate reports an unusable notification with its line and without its secret",
        arguments: [
            ("kind: github, token: planted-text", "names no repository at a forge"),
            (
                "kind: slack, url: \"https://hooks.slack.com/planted-text\", caFile: nowhere.pem",
                "cannot read the certificates"
            ),
            ("kind: webhook, url: \"https://x.org/planted-text\", secret: planted-text", "whsec_"),
        ])
    func receivers(entry: String, words: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration + "notifications:\n  - {name: told, \(entry)}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let result = try await sandbox.prewarm("validate")
        #expect(result.code == 1)
        #expect((result.out + result.err).contains("prewarm.yaml:17:12: error: cannot use the notification told"))
        #expect((result.out + result.err).contains(words))
        #expect(!(result.out + result.err).contains("planted-text"))
    }

    @Test("validate accepts a usable notification, and events are recorded")
    func events() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration
                + "notifications:\n  - {name: chat, kind: slack, url: \"https://hooks.slack.com/services/T/B/x\"}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("validate").code == 0)
        #expect(try await sandbox.prewarm("sync").code == 0)
        let commit = try await sandbox.git("rev-parse", "HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
        let table = try await sandbox.prewarm("get", "events").out
        #expect(table.contains("revision/main@sha1:\(commit.prefix(8)) "))
        #expect(table.contains("1 preset changed: change (Ada)"))
        let json = try await sandbox.prewarm("get", "events", "-o", "json").out
        #expect(json.contains("\"object\": \"revision/main@sha1:\(commit)\""))
        for reason in ["Applied", "AtDesired", "Converged"] { #expect(json.contains("\"reason\": \"\(reason)\"")) }
    }
}
