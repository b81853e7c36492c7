internal import CLibGit2
import Glibc

/// What the libgit2 at hand can't do, in words. Debian's builds are told by what they are linked with.
package enum LibraryLimits {
    static let sha256 =
        "libgit2 \(version) reads repositories of SHA-1 objects only: turn it into one, as by `git fast-export` into what "
        + "`git init --object-format=sha1` made"
    static let tls13 =
        "\(tls) speaks TLS up to 1.2: let the server take 1.2, too, put a proxy before it that does, or use an ssh URL"
    static let clientCertificates =
        "libgit2 \(version) has no way to show a client certificate: use a token, or an ssh URL"
    static let rsaKeys =
        "\(ssh) signs with RSA keys by SHA-1 only, which servers refuse since OpenSSH 8.8: make a key with `ssh-keygen -t "
        + "ed25519`"

    static let hostKeys =
        "\(ssh) knows RSA keys of hosts by SHA-1 only, which OpenSSH gave up in 8.8: let the host have an ed25519 or ECDSA "
        + "key"

    static var version: String {
        var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
        _ = git_libgit2_version(&major, &minor, &revision)
        return "\(major).\(minor).\(revision)"
    }

    /// The library that TLS is made by, as far as the process tells.
    private static var usesMbedTLS: Bool { dlsym(nil, "mbedtls_ssl_handshake") != nil }
    private static var tls: String { "libgit2 \(version)" + (usesMbedTLS ? " with mbedTLS" : "") }

    private static var ssh: String {
        typealias Version = @convention(c) (Int32) -> UnsafePointer<CChar>?
        guard let symbol = dlsym(nil, "libssh2_version") else { return "libgit2 \(version)" }
        let call = unsafeBitCast(symbol, to: Version.self)
        return "libssh2 \(call(0).map { String(cString: $0) } ?? "")"
    }

    /// Sentences for `prewarm doctor`.
    package static var all: [String] {
        var limits: [String] = []
        if git_libgit2_features() & Int32(bitPattern: GIT_FEATURE_HTTPS.rawValue) == 0 {
            limits.append("libgit2 \(version) was built without https: use ssh URLs")
        }
        if git_libgit2_features() & Int32(bitPattern: GIT_FEATURE_SSH.rawValue) == 0 {
            limits.append("libgit2 \(version) was built without ssh: use https URLs")
        }
        if usesMbedTLS { limits.append(tls13) }
        return limits + [clientCertificates, rsaKeys, hostKeys, sha256]
    }

    /// `libgit2 1.5.1 with mbedTLS, libssh2 1.10.0`.
    package static var summary: String { "\(tls), \(ssh)" }
}
