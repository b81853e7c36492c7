import Foundation
import Testing

@Suite("prewarm config view")
struct ConfigCommandTests {
    private static let configuration = """
        apiVersion: prewarm/v1
        kind: Config
        sources:
          - name: presets
            url: https://ada:url-secret@git.example.org/presets.git
            auth: {token: literal-secret}
          - {name: more, url: "https://git.example.org/more.git", auth: {token: "${GIT_TOKEN}"}}
          - {name: third, url: "https://git.example.org/third.git", auth: {token: "half-${GIT_TOKEN}"}}
        provisioners:
          - name: local
            command: [./provision]
            environment: {API_TOKEN: env-secret, REGION: eu-west-1, COUNT: "3"}
            concurrency: 2
        secrets: {REGISTRY: registry-secret}
        notifications:
          - {name: chat, kind: slack, url: "https://hooks.example.org/services/slack-secret"}
        """

    @Test("The configuration is shown without secrets, and with the file that it is from", arguments: ["yaml", "json"])
    func view(format: String) async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("other.yaml", Self.configuration.replacing("ada:url-secret@", with: ""))
        let view = try await sandbox.prewarm(
            "config", "view", "-o", format, environment: ["PREWARM_CONFIG": "other.yaml"])
        #expect(view.code == 0 && view.err == "► other.yaml, which PREWARM_CONFIG names\n", "\(view)")
        for word in ["eu-west-1", "${GIT_TOKEN}", "https://git.example.org/more.git", "***", "./provision"] {
            #expect(view.out.contains(word), "\(word): \(view.out)")
        }
        for secret in ["literal-secret", "half-", "env-secret", "registry-secret", "slack-secret"] {
            #expect(!view.out.contains(secret), "\(secret): \(view.out)")
        }
        guard format == "json" else { return }
        let provisioner = try view.json()["provisioners"]?[0]
        #expect(provisioner?["concurrency"]?.int == 2 && provisioner?["environment"]?["COUNT"]?.string == "3")
        #expect(provisioner?["timeout"] == nil)
        let full = try await sandbox.prewarm("config", "view", "--config", "other.yaml", "--defaults", "-o", "json")
        #expect(try full.json()["provisioners"]?[0]?["timeout"]?.string == "10m", "\(full)")
        #expect(try full.json()["store"]?.string == "sqlite:prewarm.db" && full.err.contains("which --config names"))
    }

    @Test("An error of the configuration has its place")
    func broken() async throws {
        let sandbox = try await Sandbox(configuration: Self.configuration)
        let view = try await sandbox.prewarm("config", "view")
        #expect(view.code == 1 && view.out.isEmpty && view.err.contains("prewarm.yaml:5:"), "\(view)")
        #expect(!view.err.contains("url-secret"), "\(view)")
        try sandbox.write("prewarm.yaml", "kind: [")
        let unreadable = try await sandbox.prewarm("config", "view")
        #expect(unreadable.code == 1 && unreadable.err.contains("prewarm.yaml:1:"), "\(unreadable)")
    }
}
