import PrewarmCore
import PrewarmEngine

/// The credentials of credential plugins, which are kept until shortly before they expire
/// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
actor PluginCredentials {
    struct Credential: Sendable {
        var token: String?
        /// The client certificate and its key in PEM.
        var certificate: String?
        var key: String?
    }

    private let tools: any ToolRunner
    private let now: @Sendable () -> Timestamp
    private var kept: (plugin: ClusterAccess.Plugin, server: String, credential: Credential, until: Timestamp)?

    /// The time before its expiry from which a credential is not used.
    private static let margin = Duration.seconds(60)
    /// The longest time of a plugin.
    private static let timeout = Duration.seconds(60)

    init(_ tools: any ToolRunner, now: @escaping @Sendable () -> Timestamp) {
        self.tools = tools
        self.now = now
    }

    /// Forgets the kept credential, because the cluster refused it.
    func forget() { kept = nil }

    /// Returns the credential of a plugin. It runs only if there is no kept one.
    func credential(
        of plugin: ClusterAccess.Plugin, for access: ClusterAccess, authority: String?
    ) async throws(OperationFailure) -> Credential {
        if let kept, kept.plugin == plugin, kept.server == access.server, kept.until > now() { return kept.credential }
        let output = try await run(plugin, access, authority)
        let (credential, expiry) = try read(output, plugin, access)
        // Without a time, the credential is used until the cluster refuses it, but for an hour at most.
        let until = min(expiry.map { $0 - Self.margin } ?? .distantFuture, now() + .seconds(3600))
        kept = (plugin, access.server, credential, until)
        return credential
    }

    private func run(
        _ plugin: ClusterAccess.Plugin, _ access: ClusterAccess, _ authority: String?
    ) async throws(OperationFailure) -> [UInt8] {
        var spec: [(key: String, value: Value)] = [("interactive", false)]
        if plugin.takesCluster {
            var cluster: [(key: String, value: Value)] = [("server", .string(access.server))]
            if let name = access.serverName { cluster.append(("tls-server-name", .string(name))) }
            if let authority { cluster.append(("certificate-authority-data", .string(authority))) }
            spec.append(("cluster", .object(cluster)))
        }
        let info = Value.object([
            ("apiVersion", .string(plugin.apiVersion)), ("kind", "ExecCredential"), ("spec", .object(spec)),
        ])
        do throws(ToolFailure) {
            let output = try await tools.run(
                ToolCall(
                    plugin.command, plugin.arguments,
                    environment: plugin.environment.merging(["KUBERNETES_EXEC_INFO": info.compactJSON]) { $1 },
                    workingDirectory: plugin.folder, timeout: Self.timeout, outputLimit: 256 << 10))
            guard output.code == 0 else {
                throw ToolFailure(.cannotRun, "it exited with code \(output.code)")
            }
            return output.output
        } catch {
            if error.reason == .cancelled { throw .canceled }
            throw failure(plugin, access, error.message, hint: plugin.installHint ?? error.hint)
        }
    }

    /// Reads the answer of a plugin. The answer is never quoted, since it is a secret.
    private func read(
        _ output: [UInt8], _ plugin: ClusterAccess.Plugin, _ access: ClusterAccess
    ) throws(OperationFailure) -> (Credential, Timestamp?) {
        guard let document = try? JSONReader.read(output, depthLimit: 16), document.text("kind") == "ExecCredential",
            let status = document["status"]
        else { throw failure(plugin, access, "its output is no ExecCredential", hint: nil) }
        let credential = Credential(
            token: status.text("token"), certificate: status.text("clientCertificateData"),
            key: status.text("clientKeyData"))
        guard credential.token != nil || credential.certificate != nil && credential.key != nil else {
            throw failure(plugin, access, "its output has no token and no certificate", hint: nil)
        }
        return (credential, status.text("expirationTimestamp").flatMap { Timestamp($0) })
    }

    private func failure(
        _ plugin: ClusterAccess.Plugin, _ access: ClusterAccess, _ message: String, hint: String?
    ) -> OperationFailure {
        OperationFailure(
            .unreachable,
            "cannot log in by the credential plugin \(plugin.command.printable.limited(to: 100)) of \(access.origin): "
                + message.printable.limited(to: 300),
            hint: (hint ?? "Run the plugin by hand with `kubectl get --raw /version`.").printable.limited(to: 300))
    }
}
