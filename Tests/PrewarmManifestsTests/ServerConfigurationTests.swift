import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("The server in the configuration")
struct ServerConfigurationTests {
    private func parse(
        _ text: String, environment: [String: String] = [:]
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(configurationText(text).utf8), file: "prewarm.yaml") { environment[$0] }
    }

    @Test("Every field of server is read")
    func everything() throws {
        let (configuration, diagnostics) = parse(
            """
            server:
              listen: 0.0.0.0:7430
              baseUrl: https://prewarm.example.org
              tls: {certificate: tls.crt, key: tls.key}
              trustedProxies: [10.0.0.0/8]
              webhooks:
                - {name: github, kind: github, secrets: ["${OLD}", "${NEW}"], sources: [presets]}
              oidc:
                - issuer: https://issuer.example.org
                  audience: prewarm
                  jwksUrl: https://keys.example.org/jwks
                  caFile: ca.pem
                  rules: [{claims: {team: platform}, role: claimer, presets: [go-*]}]
            """, environment: ["OLD": "the old secret", "NEW": "the new secret"])
        #expect(diagnostics == [])
        let server = try #require(configuration?.server)
        #expect(server.baseURL?.value == "https://prewarm.example.org")
        #expect(server.tls?.certificate.value == "tls.crt" && server.tls?.key.value == "tls.key")
        #expect(server.trustedProxies.map(\.value) == ["10.0.0.0/8"])
        let webhook = try #require(server.webhooks.first)
        #expect(webhook.name.value == "github" && webhook.kind == .github)
        #expect(webhook.secrets.map(\.value) == ["the old secret", "the new secret"])
        #expect(webhook.sources?.map(\.value) == ["presets"])
        let issuer = try #require(server.oidc.first)
        #expect(issuer.issuer.value == "https://issuer.example.org" && issuer.audience == "prewarm")
        #expect(issuer.jwksURL == "https://keys.example.org/jwks" && issuer.caFile == "ca.pem")
        let rule = try #require(issuer.rules.first)
        #expect(rule.claims.mapValues(\.value) == ["team": "platform"])
        #expect(rule.role == .claimer && rule.presets == ["go-*"])
    }

    @Test("Without server, the server has no TLS, webhooks, issuers or trusted proxies")
    func least() {
        #expect(parse("").configuration?.server == Configuration.Server())
    }

    @Test("A webhook may have any kind", arguments: WebhookKind.allCases)
    func kinds(kind: WebhookKind) {
        let (configuration, _) = parse(webhook("kind: \(kind.rawValue), secrets: [MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]"))
        #expect(configuration?.server.webhooks.first?.kind == kind)
    }

    private func webhook(_ rest: String) -> String { "server: {webhooks: [{name: hook, \(rest)}]}" }

    @Test(
        "A webhook with a weak secret or an unknown source is refused",
        arguments: [
            ("kind: github", "8:21 invalid webhook: the required key \"secrets\" is missing"),
            ("kind: github, secrets: []", "8:57 invalid secrets: expected at least 1 element, found 0"),
            (
                "kind: github, secrets: [short]",
                "8:58 invalid secret of webhook \"hook\": expected at least 8 characters, found 5"
            ),
            (
                "kind: github, secrets: [\"${LINE}\"]",
                "8:58 invalid secret of webhook \"hook\": it begins or ends with a space or a line break"
            ),
            (
                "kind: standard, secrets: [\"${KEY}\"]",
                "8:60 invalid secret of webhook \"hook\": expected whsec_ and a key in base64"
            ),
            (
                "kind: gitlab, secrets: [whsec_5]",
                "8:58 invalid secret of webhook \"hook\": expected whsec_ and a key in base64"
            ),
            (
                "kind: github, secrets: [abcdefghij], sources: [preset]",
                "8:81 invalid webhook \"hook\": unknown source \"preset\""
            ),
        ])
    func webhooks(rest: String, expected: String) {
        let (configuration, diagnostics) = parse(
            webhook(rest), environment: ["LINE": "a secret with a line break\n", "KEY": "no base 64, this"])
        #expect(configuration == nil && diagnostics.map(\.brief).map(withoutHint) == [expected])
        #expect(diagnostics.allSatisfy { $0.hint != nil || $0.message.contains("expected") })
    }

    private func withoutHint(_ brief: String) -> String {
        String(brief[..<(brief.firstRange(of: " | ")?.lowerBound ?? brief.endIndex)])
    }

    @Test("No error shows a secret")
    func secretsInErrors() {
        let text = """
            server:
              webhooks:
                - {name: a, kind: standard, secrets: ["${ONE}"]}
                - {name: a, kind: nothing, secrets: ["${TWO}"]}
            """
        for secret in ["hunter2", "hunter2 with spaces, and long enough"] {
            let (_, diagnostics) = parse(text, environment: ["ONE": secret, "TWO": secret])
            #expect(!diagnostics.isEmpty)
            for diagnostic in diagnostics {
                let shown = [diagnostic.message, diagnostic.hint ?? "", diagnostic.excerpt ?? ""].joined()
                #expect(!shown.contains("hunter2"), "\(shown)")
            }
        }
    }

    @Test(
        "A literal secret is not shown in the quoted line of an error",
        arguments: [
            "server: {webhooks: [{name: a, kind: github, secrets: [hunter2]}]}",
            "server: {webhooks: [{name: a, kind: svn, secrets: [hunter2-and-more]}]}",
            "secrets: {A: hunter2, 2B: hunter2}", "secrets:\n  2A: hunter2",
        ])
    func literalSecrets(text: String) {
        let diagnostics = parse(text).diagnostics
        #expect(!diagnostics.isEmpty && diagnostics.allSatisfy { $0.position != nil })
        #expect(diagnostics.allSatisfy { !$0.text().text.contains("hunter2") }, "\(diagnostics)")
    }

    private static let (github, gitlab, own) = (
        "https://token.actions.githubusercontent.com", "https://gitlab.com", "https://issuer.example.org"
    )

    @Test("An OIDC rule without claims is refused")
    func emptyRule() {
        let diagnostics = parse(oidc(Self.own, "{}")).diagnostics
        #expect(
            diagnostics.map(\.message) == ["invalid rule: without claims, it would accept every token of the issuer"])
    }

    @Test(
        "An OIDC rule that names no owner is refused",
        arguments: [
            (own, "{a: \"*\", b: \"**\"}"), (own, "{a: \"?*\"}"), (own, "{a: \"*-*\"}"),
            (own, "{ref: refs/heads/main}"),
            (own, "{sub: \"repo:**\"}"), (own, "{sub: \"*\"}"), (own, "{sub: \"repo:exam*/presets:*\"}"),
            (own, "{repository: \"?*/*\"}"), (own, "{repository: \"*/presets\"}"), (own, "{iss: \"\(own)\"}"),
            (own, "{aud: prewarm, ref_protected: \"true\"}"), (own, "{sub: \"system:*\"}"),
            (github, "{ref: refs/heads/main}"), (github, "{repository: \"*/presets\"}"),
            (github, "{repository: \"?*/*\"}"), (github, "{repository: \"**\"}"),
            (github, "{repository: \"?xample/presets\"}"),
            (github, "{repository: \"exampl*/presets\"}"), (github, "{repository: \"example*\"}"),
            (github, "{repository: \"[a-z]*/*\"}"), (github, "{repository: \"[a-z]/*\"}"),
            (github, "{repository: \"!evil/*\"}"), (github, "{repository: \"/*\"}"), (github, "{repository: \"*/*\"}"),
            (github, "{repository_owner: \"example*\"}"), (github, "{repository_owner: \"?*\"}"),
            (github, "{repository_id: \"1*\"}"), (github, "{repository_owner_id: \"*\"}"),
            (github, "{sub: \"repo:**\"}"), (github, "{sub: \"repo:*\"}"), (github, "{sub: \"*:*\"}"),
            (github, "{sub: \"repo:*/*:ref:refs/heads/main\"}"), (github, "{sub: \"repo:?*\"}"),
            (github, "{sub: \"repo:example*\"}"), (github, "{sub: \"r*\"}"), (github, "{sub: \"ref:refs/heads/main\"}"),
            (github, "{sub: \"environment:production\"}"), (github, "{actor: ada, event_name: push}"),
            (github, "{job_workflow_ref: \"*/.github/workflows/a.yml@refs/heads/main\"}"),
            // Workflows and configurations that every repository may use.
            (github, "{job_workflow_ref: \"example/ci/.github/workflows/a.yml@*\"}"),
            (github, "{sub: \"job_workflow_ref:example/ci/.github/workflows/a.yml@*\"}"),
            (gitlab, "{ci_config_ref_uri: \"gitlab.com/example/presets//.gitlab-ci.yml@*\"}"),
            (gitlab, "{ref_protected: \"true\"}"), (gitlab, "{project_path: \"*/presets\"}"),
            (gitlab, "{namespace_path: \"exam*\"}"), (gitlab, "{sub: \"project_path:*:ref_type:branch:ref:main\"}"),
            (gitlab, "{ci_config_ref_uri: \"gitlab.com/*\"}"), (gitlab, "{user_login: ada}"),
            ("https://agent.buildkite.com", "{sub: \"organization:*:pipeline:presets:**\"}"),
            ("https://accounts.google.com", "{email: \"*@example.org\"}"),
        ])
    func openRules(issuer: String, claims: String) {
        let (configuration, diagnostics) = parse(oidc(issuer, claims))
        #expect(configuration == nil && diagnostics.count == 1, "\(claims)")
        #expect(
            diagnostics.first?.message.hasPrefix("invalid rule: it names no owner, because ") == true, "\(diagnostics)")
        #expect(diagnostics.first?.hint?.hasPrefix("name an owner or an ID in full, for example ") == true)
        #expect(diagnostics.first?.position?.column ?? 0 > 60, "the position is the rule or the claim")
    }

    @Test(
        "An OIDC rule that names an owner or an ID is accepted",
        arguments: [
            (own, "{a: b}"), (own, "{sub: \"system:serviceaccount:ci:*\"}"), (own, "{groups: \"platform-*\"}"),
            (own, "{sub: me}"), (own, "{user_login: deploy-bot, ref_protected: \"true\"}"),
            (github, "{repository_id: \"1296269\"}"), (github, "{repository: \"example/*\"}"),
            (github, "{repository: example/presets, ref: \"*\"}"), (github, "{repository: \"example/**\"}"),
            (github, "{repository_owner: example, ref: \"refs/heads/*\"}"),
            (github, "{sub: \"repo:example/presets:**\"}"),
            (github, "{sub: \"repo:example/*\"}"), (github, "{sub: \"repo:example@123456/presets@456789:*\"}"),
            (github, "{sub: \"repository_owner_id:42:*\"}"), (github, "{repository: \"*/*\", repository_id: \"7\"}"),
            (gitlab, "{namespace_path: example/platform}"), (gitlab, "{project_path: \"example/*\"}"),
            (gitlab, "{sub: \"project_path:example/presets:*\"}"),
            ("https://agent.buildkite.com", "{sub: \"organization:example:pipeline:presets:**\"}"),
            ("https://accounts.google.com", "{email: ci@example.org}"),
        ])
    func closedRules(issuer: String, claims: String) {
        #expect(parse(oidc(issuer, claims)).diagnostics == [], "\(claims)")
    }

    private func oidc(_ issuer: String, _ claims: String) -> String {
        "server: {oidc: [{issuer: \"\(issuer)\", audience: prewarm, rules: [{claims: \(claims), role: viewer}]}]}"
    }

    @Test(
        "The baseUrl is an https URL, or an http URL of this machine",
        arguments: [
            ("https://prewarm.example.org", true), ("https://prewarm.example.org:8443/pools/", true),
            ("http://localhost:7430", true), ("http://127.0.0.1", true), ("http://[::1]:7430/x", true),
            ("http://prewarm.example.org", false), ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false), ("http://[::1]example.org", false), ("https://", false),
            ("https:///path", false), ("https://ada@prewarm.example.org", false),
            ("https://prewarm.example.org?a=b", false), ("https://prewarm .example.org", false), ("prewarm", false),
        ])
    func addresses(url: String, isGood: Bool) {
        let (configuration, diagnostics) = parse("server: {baseUrl: \"\(url)\"}")
        #expect((configuration != nil) == isGood, "\(diagnostics)")
    }
}
