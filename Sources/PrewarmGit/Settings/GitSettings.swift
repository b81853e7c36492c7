package import PrewarmCore

/// The settings of one source: how to reach its repository, and where to keep its mirror. The caller resolves relative
/// paths and environment variables.
package struct GitSettings: Sendable {
    /// The reference that the source follows.
    package enum Ref: Hashable, Sendable {
        /// The branch that the remote's HEAD points at.
        case head
        case branch(String)
        case tag(String)
        /// The highest tag in a range, for example `1.4.2`, `1.x`, `^1.4`, `~1.4.2`, `>=1.2 <2`. Ranges are combined by
        /// `||`.
        case semver(String)
        /// A commit by its 40 hexadecimal digits.
        case commit(String)
    }

    /// The name of the source in the configuration, for messages.
    package var name: String
    package var url: String
    package var ref: Ref
    /// The folders and files that are read, from the root of the repository; `.` is the root.
    package var paths: [String]
    /// The patterns of files to read (default: all files). Anchored patterns are relative to each of ``paths``.
    package var include: [PathPattern] = []
    /// The patterns of files to ignore. They take precedence over ``include``.
    package var exclude: [PathPattern] = []
    package var credentials: GitCredentials
    package var hostKeys = HostKeyTrust.standard
    /// The environment of ssh and of the commands of its configuration. $PATH finds ssh, and $HOME has its `.ssh`.
    package var environment: [String: String] = [:]
    package var verification: GitVerification?
    package var limits: GitLimits
    /// True if the URL may be a path or a `file://` URL.
    package var allowFile: Bool
    /// The directory of the mirror, for this source only. It is created if it is missing.
    package var mirror: String
    /// The PEM file of certificates to trust instead of the system's.
    package var caFile: String?
    /// The PEM files of the certificate and the private key that prewarm shows to the server over https.
    package var clientCertificate: (certificate: String, key: String)?
    /// The proxy for https: `http://host:port`. An invalid proxy is refused when it is first needed.
    package var proxy: String?

    package init(
        name: String, url: String, ref: Ref = .head, paths: [String] = ["."], credentials: GitCredentials = .none,
        limits: GitLimits = GitLimits(), allowFile: Bool = false, mirror: String, caFile: String? = nil,
        proxy: String? = nil
    ) {
        self.name = name
        self.url = url
        self.ref = ref
        self.paths = paths
        self.credentials = credentials
        self.limits = limits
        self.allowFile = allowFile
        self.mirror = mirror
        self.caFile = caFile
        self.proxy = proxy
    }
}

/// The limits of one call, and of a mirror.
package struct GitLimits: Sendable {
    /// The total time of a call.
    package var timeout: Duration
    /// The time to connect, and the time between two bytes of the remote.
    package var idleTimeout: Duration
    /// The maximum size of a fetched pack, in bytes.
    package var packSize: UInt64
    /// The number of packs of a mirror above which small packs are combined. Each fetch adds a pack, and libgit2 has no
    /// gc.
    package var packs: Int

    /// The default of ``packSize``: 1 GiB.
    package static let standardPackSize: UInt64 = 1 << 30

    /// - Parameter idleTimeout: the time between two bytes (default: a sixth of `timeout`, but at least 10 s and at
    ///   most `timeout`). For example, a timeout of 120 s gives 20 s, 30 s gives 10 s, and 5 s gives 5 s.
    package init(
        timeout: Duration = .seconds(60), idleTimeout: Duration? = nil, packSize: UInt64 = Self.standardPackSize,
        packs: Int = 8
    ) {
        self.timeout = timeout
        self.idleTimeout = idleTimeout ?? min(timeout, max(.seconds(10), timeout / 6))
        self.packSize = packSize
        self.packs = packs
    }
}
