/// The address of a Kubernetes cluster and the way to log in, as a kubeconfig file or a service account describes them.
package struct ClusterAccess: Hashable, Sendable {
    /// Bytes of a PEM file.
    package enum PEM: Hashable, Sendable {
        case file(String)
        /// The bytes in Base64, as a kubeconfig file contains them.
        case base64(String)
    }

    /// A source of a bearer token.
    package enum Token: Hashable, Sendable {
        case text(String)
        /// A file that is read again for each operation, because the cluster replaces its tokens.
        case file(String)
        /// A credential plugin, which prints an `ExecCredential`.
        case plugin(Plugin)
    }

    /// A credential plugin (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
    package struct Plugin: Hashable, Sendable {
        package var apiVersion: String
        package var command: String
        package var arguments: [String] = []
        package var environment: [String: String] = [:]
        /// The text that says how to install the program; nil if the file has none.
        package var installHint: String?
        /// True if the plugin gets the address of the cluster.
        package var takesCluster = false
        /// The folder at which a relative path of the program begins.
        package var folder: String

        package init(apiVersion: String, command: String, folder: String) {
            self.apiVersion = apiVersion
            self.command = command
            self.folder = folder
        }
    }

    /// The URL of the API server, without a slash at the end.
    package var server: String
    /// The certificates that sign the one of the API server; nil for those of the system.
    package var authority: PEM?
    /// The name in the certificate of the API server if it is not the host of the URL.
    package var serverName: String?
    package var certificate: PEM?
    /// The private key of ``certificate``.
    package var key: PEM?
    package var token: Token?
    /// The namespace of the context; nil if it has none.
    package var namespace: String?
    /// The name of the context of the kubeconfig file; nil for a service account.
    package var context: String?
    /// The place of this description for people, for example `context dev of /etc/prewarm/kubeconfig`.
    package var origin: String

    package init(server: String, origin: String) {
        self.server = server
        self.origin = origin
    }
}
