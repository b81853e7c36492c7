internal import CLibGit2

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

    static let hostKeyOrder =
        "\(ssh) asks a host for its ECDSA key before others: known hosts and hostKeys need that one where there are several"

    static var version: String {
        var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
        _ = git_libgit2_version(&major, &minor, &revision)
        return "\(major).\(minor).\(revision)"
    }

    /// The library that TLS is made by, as far as the process tells.
    static var usesMbedTLS: Bool { prewarm_git_symbol("mbedtls_ssl_handshake") != nil }
    private static var tls: String { "libgit2 \(version)" + (usesMbedTLS ? " with mbedTLS" : "") }

    private static var ssh: String { sshVersion.map { "libssh2 \($0)" } ?? "libgit2 \(version)" }

    private static var sshVersion: String? {
        typealias Version = @convention(c) (Int32) -> UnsafePointer<CChar>?
        guard let symbol = prewarm_git_symbol("libssh2_version") else { return nil }
        return unsafeBitCast(symbol, to: Version.self)(0).map { String(cString: $0) }
    }

    /// SHA-2 with RSA came with libssh2 1.11.
    static var knowsRSABySHA1Only: Bool {
        guard let numbers = sshVersion?.split(separator: ".").compactMap({ Int($0) }), numbers.count >= 2 else {
            return false
        }
        return (numbers[0], numbers[1]) < (1, 11)
    }

    /// Sentences for `prewarm doctor`.
    package static var all: [String] {
        var limits: [String] = []
        if git_libgit2_features() & Int32(bitPattern: GIT_FEATURE_HTTPS.rawValue) == 0 {
            limits.append("libgit2 \(version) was built without https: use ssh URLs")
        }
        if git_libgit2_features() & Int32(bitPattern: GIT_FEATURE_SSH.rawValue) == 0 {
            limits.append("libgit2 \(version) was built without ssh: use https URLs")
        } else {
            limits.append(hostKeyOrder)
        }
        if usesMbedTLS { limits.append(tls13) }
        if knowsRSABySHA1Only { limits += [rsaKeys, hostKeys] }
        return limits + [clientCertificates, sha256]
    }

    /// `libgit2 1.5.1 with mbedTLS, libssh2 1.10.0`.
    package static var summary: String { "\(tls), \(ssh)" }
}
