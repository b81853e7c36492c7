package import PrewarmCore

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

    /// By the name that the operator's configuration gives it; for messages.
    package var name: String
    package var url: String
    package var ref: Ref
    /// From the root of the repository, each a folder or one file; `.` is the root.
    package var paths: [String]
    /// Where there are any, a file counts only where one of them fits. Tied patterns count from each of ``paths``.
    package var include: [PathPattern] = []
    /// What they fit doesn't count, whatever ``include`` says.
    package var exclude: [PathPattern] = []
    package var credentials: GitCredentials
    package var hostKeys = HostKeyTrust.standard(home: nil)
    package var verification: GitVerification?
    package var limits: GitLimits
    /// Whether paths and `file://` are allowed.
    package var allowFile: Bool
    /// A directory for this source alone; it is made where it is missing.
    package var mirror: String
    /// PEM certificates to trust in place of the system's.
    package var caFile: String?
    /// `http://host:port` of a proxy for https. One that can't be used is refused at the first pass that needs it.
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

/// What one call may take.
package struct GitLimits: Sendable {
    /// In all.
    package var timeout: Duration
    /// For a connection, and for the next byte on it.
    package var idleTimeout: Duration
    /// What one fetch may bring, in bytes.
    package var packSize: UInt64
    /// How many packs a mirror may have: each fetch adds one, and libgit2 has no gc. Beyond, small ones become one.
    package var packs: Int

    package static let standardPackSize: UInt64 = 1 << 30

    /// - Parameter idleTimeout: a sixth of `timeout` unless it is said, at least 10 s, but never more than `timeout`.
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
