/// How one repository is reached, and where its mirror lies. Relative paths and the environment are the caller's to
/// resolve: nothing is read here but what stands here.
package struct GitSettings: Sendable {
    package enum Ref: Hashable, Sendable {
        /// The branch that the remote's HEAD points at.
        case head
        case branch(String)
        case tag(String)
        /// The highest tag in the range: `1.4.2`, `1.x`, `^1.4`, `~1.4.2`, `>=1.2 <2`, joined by `||`.
        case semver(String)
        /// 40 hexadecimal digits.
        case commit(String)
    }

    package enum Credentials: Sendable {
        case none
        /// Sent as the password of the user `x-access-token`, which GitHub, GitLab, Gitea and Bitbucket take.
        case token(String)
        case usernamePassword(username: String, password: String)
        /// A private key without a passphrase. Without `knownHosts`, `~/.ssh/known_hosts` counts.
        case sshKey(path: String, knownHosts: String?)
    }

    /// By the name that the operator's configuration gives it; for messages.
    package var name: String
    package var url: String
    package var ref: Ref
    /// From the root of the repository, a folder or one file; `.` is the root.
    package var path: String
    package var credentials: Credentials
    /// The longest that one call may take in all.
    package var timeout: Duration
    /// The longest wait for a connection, and for the next byte on it.
    package var idleTimeout: Duration
    /// Whether paths and `file://` are allowed.
    package var allowFile: Bool
    /// A directory for this source alone; it is made where it is missing.
    package var mirror: String
    /// PEM certificates to trust in place of the system's.
    package var caFile: String?
    /// `http://host:port` of a proxy for https.
    package var proxy: String?

    package init(
        name: String, url: String, ref: Ref = .head, path: String = ".", credentials: Credentials = .none,
        timeout: Duration = .seconds(60), idleTimeout: Duration = .seconds(10), allowFile: Bool = false,
        mirror: String, caFile: String? = nil, proxy: String? = nil
    ) {
        self.name = name
        self.url = url
        self.ref = ref
        self.path = path
        self.credentials = credentials
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.allowFile = allowFile
        self.mirror = mirror
        self.caFile = caFile
        self.proxy = proxy
    }
}
