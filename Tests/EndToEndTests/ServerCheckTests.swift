import Foundation
import Testing

@Suite("Checks of the server's configuration") struct ServerCheckTests {
    @Test(
        "validate reports each error of the server with its place",
        arguments: [
            ("server: {listen: 7430x}", "invalid listen address \"7430x\""),
            ("server: {tls: {certificate: none.crt, key: none.key}}", "none.crt: No such file"),
            ("server: {tls: {certificate: prewarm.yaml, key: provision}}", "it contains no certificate in PEM"),
            (
                "server: {oidc: [{issuer: \"https://a.example.org\", audience: a, caFile: provision, rules: "
                    + "[{claims: {team: a}, role: viewer}]}]}", "provision has no certificates in PEM"
            ),
            ("server: {webhooks: [{name: a, kind: github, secrets: [short]}]}", "expected at least 8 characters"),
        ])
    func checked(line: String, words: String) async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration + line + "\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let result = try await sandbox.prewarm("validate")
        #expect(result.code == 1 && (result.err + result.out).contains(words), "\(result.err)\(result.out)")
        #expect((result.err + result.out).contains("prewarm.yaml:16:"), "\(result.err)\(result.out)")
    }

    @Test("validate accepts a complete server configuration")
    func good() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration + "server: {listen: \"[::1]:7430\"}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        #expect(try await sandbox.prewarm("validate").code == 0)
    }
}
