import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("The configuration of sign-ins")
struct SignInConfigurationTests {
    private func parse(_ server: String, environment: [String: String] = [:]) -> (
        configuration: Configuration?, diagnostics: [Diagnostic]
    ) {
        ConfigurationParser.parse(Array(configurationText(server).utf8), file: "prewarm.yaml") { environment[$0] }
    }

    private func provider(
        _ more: String = "", issuer: String = "https://id.example.org", claims: String = "{groups: platform}",
        base: String? = "https://prewarm.example.org"
    ) -> String {
        """
        server:
          \(base.map { "baseUrl: \($0)" } ?? "trustedProxies: []")
          signIn:
            - name: company
              issuer: \(issuer)
              clientId: prewarm
              rules: [{claims: \(claims), role: viewer}]
        \(more.isEmpty ? "" : "      " + more)
        """
    }

    @Test("A provider has its keys, and defaults for the others")
    func keys() throws {
        let (configuration, diagnostics) = parse(
            provider("clientSecret: ${SECRET}"), environment: ["SECRET": "from the environment"])
        #expect(diagnostics == [])
        let provider = try #require(configuration?.server.signIn.first)
        #expect(provider.clientID == "prewarm" && provider.secret == .text("from the environment"))
        #expect(provider.scopes.map(\.value) == ["openid", "profile", "email"] && provider.title == nil)
        #expect(
            parse(self.provider("clientSecretFile: secret")).configuration?.server.signIn[0].secret == .file("secret"))
    }

    @Test(
        "A mistake is an error that says what to do",
        arguments: [
            ("clientSecret: a\n      clientSecretFile: b", "clientSecretFile"),
            ("scopes: [profile]", "add openid to scopes"),
            ("scopes: [\"openid profile\"]", "scope"), ("clientID: other", "clientId"),
        ])
    func mistakes(more: String, expected: String) {
        let (configuration, diagnostics) = parse(provider(more))
        let shown = diagnostics.map { "\($0.message) \($0.hint ?? "")" }.joined(separator: "\n")
        #expect(configuration == nil && shown.contains(expected), "\(shown)")
    }

    @Test("The public URL is required, and has no path")
    func baseURL() {
        let missing = parse(provider(base: nil)).diagnostics
        #expect(missing.count == 1 && missing[0].message.contains("server.baseUrl is missing"), "\(missing)")
        let path = parse(provider(base: "https://example.org/prewarm")).diagnostics
        #expect(path.count == 1 && path[0].hint == "remove \"/prewarm\" from baseUrl", "\(path)")
        #expect(parse(provider(base: "https://prewarm.example.org/")).diagnostics == [])
    }

    @Test(
        "A rule names people that not anyone can become",
        arguments: [
            ("https://id.example.org", "{groups: platform}", true), ("https://id.example.org", "{sub: u-17}", true),
            ("https://id.example.org", "{email: ada@example.org}", true), ("https://id.example.org", "{}", false),
            ("https://id.example.org", "{email: \"*@example.org\"}", false),
            ("https://id.example.org", "{email_verified: \"true\"}", false),
            ("https://gitlab.com", "{groups_direct: example/platform}", true),
            ("https://gitlab.com", "{sub: \"278964\"}", true), ("https://gitlab.com", "{nickname: ada}", false),
            ("https://gitlab.com", "{project_path: example/presets}", false),
            ("https://accounts.google.com", "{hd: example.org}", true),
            ("https://accounts.google.com", "{name: Ada}", false),
        ])
    func rules(issuer: String, claims: String, isGood: Bool) {
        let diagnostics = parse(provider(issuer: issuer, claims: claims)).diagnostics
        #expect(diagnostics.isEmpty == isGood, "\(diagnostics)")
    }

    @Test("A secret is not shown, and a view of the configuration masks it")
    func secrets() {
        let text = provider("clientSecret: hunter2\n      scopes: [hunter2]")
        let diagnostics = parse(text).diagnostics
        #expect(
            !diagnostics.isEmpty && diagnostics.allSatisfy { !$0.text().text.contains("hunter2") }, "\(diagnostics)")
        let written = configurationText(provider("clientSecret: hunter2"))
        let view = ConfigurationParser.view(Array(written.utf8), addsDefaults: true)
        #expect(view != nil && !"\(String(describing: view))".contains("hunter2"))
    }
}
