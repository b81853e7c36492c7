internal import CLibGit2

/// The limitations of the loaded libgit2, as sentences for hints and for `prewarm doctor`.
package enum LibraryLimits {
    static let sha256 =
        "libgit2 \(version) reads repositories of SHA-1 objects only: convert a SHA-256 repository, for example with "
        + "`git fast-export` and `git fast-import` into a new repository of `git init --object-format=sha1`"
    static let tls13 =
        "\(tls) supports TLS up to 1.2: allow TLS 1.2 on the server, put a proxy before it that does, or use an ssh URL"
    static let clientCertificates =
        "libgit2 \(version) does not support a client certificate: use a token or an ssh URL"
    static let rsaKeys =
        "\(ssh) signs with RSA keys by SHA-1 only, which servers refuse since OpenSSH 8.8: create another key with "
        + "`ssh-keygen -t ed25519`"

    static let hostKeys =
        "\(ssh) supports RSA keys of hosts by SHA-1 only, which OpenSSH disabled in 8.8: add an ed25519 or ECDSA key "
        + "to the host"

    static let hostKeyOrder =
        "\(ssh) asks a host for its ECDSA key first: if a host has several keys, put that one into the known hosts "
        + "file or `hostKeys`"

    static var version: String {
        var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
        _ = git_libgit2_version(&major, &minor, &revision)
        return "\(major).\(minor).\(revision)"
    }

    /// True if libgit2 does TLS with mbedTLS, which is found among the loaded libraries.
    static var usesMbedTLS: Bool { prewarm_git_symbol("mbedtls_ssl_handshake") != nil }
    private static var tls: String { "libgit2 \(version)" + (usesMbedTLS ? " with mbedTLS" : "") }

    private static var ssh: String { sshVersion.map { "libssh2 \($0)" } ?? "libgit2 \(version)" }

    private static var sshVersion: String? {
        typealias Version = @convention(c) (Int32) -> UnsafePointer<CChar>?
        guard let symbol = prewarm_git_symbol("libssh2_version") else { return nil }
        return unsafeBitCast(symbol, to: Version.self)(0).map { String(cString: $0) }
    }

    /// True if libssh2 cannot sign by SHA-2 with RSA keys, which came with 1.11.
    static var knowsRSABySHA1Only: Bool {
        guard let numbers = sshVersion?.split(separator: ".").compactMap({ Int($0) }), numbers.count >= 2 else {
            return false
        }
        return (numbers[0], numbers[1]) < (1, 11)
    }

    /// The limitations that apply to this machine, as sentences for `prewarm doctor`.
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

    /// The libraries and their versions: `libgit2 1.5.1 with mbedTLS, libssh2 1.10.0`.
    package static var summary: String { "\(tls), \(ssh)" }
}
