import Subprocess
import Testing

@Suite(
    "prewarm webhook test",
    .enabled("standardwebhooks is not here: pip install it") { try await AccessPeer.has("standardwebhooks") })
struct WebhookCommandTests {
    private static let secret = "It's a Secret to Everybody"
    private static let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private static func configuration(_ kind: String, url: String = "https://git.example.org/platform/presets.git")
        -> String
    {
        Sandbox.configuration.replacing("file://ROOT/repo", with: url)
            + "server: {listen: \"127.0.0.1:1\", webhooks: [{name: hook, kind: \(kind), secrets: [\"${SECRET}\", another-secret]}]}\n"
    }

    @Test(
        "The test push has the signature of the forge, and the answer is shown",
        arguments: [
            ("github", secret), ("gitlab", secret), ("gitlab", key), ("gitea", secret), ("bitbucket", secret),
            ("azure-devops", secret), ("generic", secret), ("standard", key),
        ])
    func kinds(kind: String, secret: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Self.configuration(kind).replacing(
                "another-secret", with: kind == "standard" ? Self.key : "another-secret"))
        try await AccessPeer.run("receive", kind, secret, in: sandbox) { port in
            let result = try await sandbox.prewarm(
                "webhook", "test", "hook", "--url", "http://127.0.0.1:\(port)/webhooks/hook",
                environment: ["SECRET": secret])
            #expect(
                result.code == 0 && result.err.contains("the daemon answered 202: looking at presets"), "\(result.err)")
            #expect(!(result.err + result.out).contains(secret))
        }
    }

    @Test("A refused test push has a hint")
    func refused() async throws {
        let sandbox = try await Sandbox(configuration: Self.configuration("github"))
        try await AccessPeer.run("receive", "github", "not that one", in: sandbox) { port in
            let result = try await sandbox.prewarm(
                "webhook", "test", "hook", "--url", "http://127.0.0.1:\(port)/", environment: ["SECRET": Self.secret])
            #expect(result.code == 1 && result.err.contains("401") && result.err.contains("hint: "), "\(result.err)")
        }
    }

    @Test("Errors in the arguments or the configuration are reported before anything is sent")
    func missing() async throws {
        let sandbox = try await Sandbox(configuration: Self.configuration("github"))
        for (arguments, words) in [
            (["hok"], "did you mean \"hook\"?"), (["hook", "--source", "other"], "use --source with one of presets"),
            (["hook"], "start the daemon with `prewarm serve`"),
        ] {
            let result = try await sandbox.prewarm(
                ["webhook", "test"] + arguments, environment: ["SECRET": Self.secret])
            #expect(result.code == 1 && result.err.contains(words), "\(result.err)")
        }
        let local = try await Sandbox(configuration: Self.configuration("github", url: "file://ROOT/repo"))
        let result = try await local.prewarm("webhook", "test", "hook", environment: ["SECRET": Self.secret])
        #expect(result.code == 1 && result.err.contains("the source is a local folder"), "\(result.err)")
    }
}
