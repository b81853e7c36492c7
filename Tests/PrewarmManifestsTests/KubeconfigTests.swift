import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Kubeconfig files")
struct KubeconfigTests {
    private static func text(
        cluster: String = "server: https://10.0.0.1:6443/", user: String = "token: secret-token"
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: dev
        clusters:
          - name: one
            cluster: {\(cluster)}
        users:
          - name: ada
            user: {\(user)}
        contexts:
          - name: dev
            context: {cluster: one, user: ada, namespace: workspaces}
          - {name: bare, context: {cluster: one}}
          - {name: broken, context: {cluster: two, user: ada}}
        """
    }

    private static func parse(_ text: String, context: String? = nil) throws(KubeconfigParser.Mistake) -> ClusterAccess
    {
        try KubeconfigParser.parse(Array(text.utf8), path: "/etc/kube/config", context: context)
    }

    private static func message(_ text: String, context: String? = nil) -> String? {
        do throws(KubeconfigParser.Mistake) {
            _ = try parse(text, context: context)
            return nil
        } catch {
            return [error.message, error.hint].compactMap(\.self).joined(separator: " | ")
        }
    }

    @Test("The current or the named context is read")
    func contexts() throws {
        let access = try Self.parse(Self.text())
        var expected = ClusterAccess(server: "https://10.0.0.1:6443", origin: "context dev of /etc/kube/config")
        expected.token = .text("secret-token")
        expected.namespace = "workspaces"
        expected.context = "dev"
        #expect(access == expected)
        let bare = try Self.parse(Self.text(), context: "bare")
        #expect(bare.token == nil && bare.namespace == nil)
    }

    @Test("Certificates, token files and credential plugins are read, with paths from the folder of the file")
    func logins() throws {
        let access = try Self.parse(
            Self.text(
                cluster: "server: https://h, certificate-authority: ca.pem, tls-server-name: kube",
                user: "client-certificate-data: Q0VSVA==, client-key: /k.pem, tokenFile: token"))
        #expect(access.authority == .file("/etc/kube/ca.pem") && access.serverName == "kube")
        #expect(access.certificate == .base64("Q0VSVA==") && access.key == .file("/k.pem"))
        #expect(access.token == .file("/etc/kube/token"))
        let plugin = try Self.parse(
            Self.text(
                user: """
                    exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token, args: [a], \
                    env: [{name: A, value: b}], provideClusterInfo: true, installHint: install it}
                    """))
        var expected = ClusterAccess.Plugin(
            apiVersion: "client.authentication.k8s.io/v1", command: "get-token", folder: "/etc/kube")
        expected.arguments = ["a"]
        expected.environment = ["A": "b"]
        expected.takesCluster = true
        expected.installHint = "install it"
        #expect(plugin.token == .plugin(expected))
    }

    private static let mistakeCases: [(text: String, expected: String)] = [
        (
            text(cluster: "server: ftp://h"),
            "the server of its cluster is no https:// address | correct `server` of the cluster"
        ),
        (
            text(cluster: "server: http://h"),
            "the server http://h is not encrypted, so no login is sent to it | use the https:// address of the API server"
        ),
        (
            text(cluster: "server: https://h, insecure-skip-tls-verify: true"),
            "its cluster has insecure-skip-tls-verify, and prewarm verifies certificates | "
                + "write the certificate of the cluster's authority into certificate-authority-data"
        ),
        (
            text(cluster: "server: https://h, proxy-url: http://p"),
            "its cluster has proxy-url, which prewarm does not support | use an address of the API server that needs no proxy"
        ),
        (
            text(user: "username: ada, password: secret-password"),
            "its user \"ada\" has username, which prewarm does not support | use a token or a certificate"
        ),
        (
            text(user: "client-key-data: c2VjcmV0"),
            "its user \"ada\" has only one of client-certificate and client-key | add the other one"
        ),
        (
            text(user: "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: a}"),
            "the apiVersion of its credential plugin is not supported | use client.authentication.k8s.io/v1"
        ),
        (
            text(user: "token: secret-token, a: ["),
            "it is no valid YAML at line 9 | look at it with `kubectl config view`"
        ),
        ("{}", "it has no current context | set `context` of the provisioner"),
    ]

    @Test(
        "A file that cannot be used is refused without its secrets",
        arguments: mistakeCases)
    func mistakes(text: String, expected: String) {
        #expect(Self.message(text) == expected)
    }

    @Test("A missing context or cluster is named with the existing ones")
    func missing() {
        #expect(
            Self.message(Self.text(), context: "prod")
                == "it has no context \"prod\" | use one of these: bare, broken, dev")
        #expect(Self.message(Self.text(), context: "broken") == "it has no cluster \"two\" | use one of these: one")
    }
}
