import Glibc
import PrewarmCore
import PrewarmEngine

/// The trusted host keys of one pass.
enum HostKeyCheck: Sendable {
    case known(KnownHosts)
    /// The pinned fingerprints: `SHA256:…`.
    case fingerprints([String])

    /// Reads the known hosts files. A missing file has no keys.
    /// - Throws: `.refused` if a file exists but is not readable.
    init(_ trust: HostKeyTrust) throws(GitFailure) {
        if case .fingerprints(let fingerprints) = trust {
            self = .fingerprints(fingerprints)
            return
        }
        var texts: [String] = []
        for file in trust.files ?? [] where access(file, F_OK) == 0 {
            guard let bytes = readFile(file, limit: 16 << 20) else {
                throw GitFailure(
                    .refused, "cannot read the known hosts file \(file)",
                    hint: "check that the user that prewarm runs as may read it")
            }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        self = .known(KnownHosts(texts.joined(separator: "\n")))
    }

    func verdict(host: String, port: Int, key: [UInt8]) -> KnownHosts.Verdict {
        switch self {
        case .known(let hosts): return hosts.verdict(host: host, port: port, key: key)
        case .fingerprints(let fingerprints):
            let shown = SeenHostKey.fingerprint(of: key)
            // A configured fingerprint may have padding. ssh prints it without.
            return fingerprints.contains { $0.prefix { $0 != "=" } == shown } ? .known : .notPinned
        }
    }
}

/// A key that a host showed.
package struct SeenHostKey: Hashable, Sendable {
    /// The type, for example `ssh-ed25519`.
    package let type: String
    /// The fingerprint as ssh prints it: `SHA256:…`.
    package let fingerprint: String
    /// The line for a known hosts file.
    package let line: String
    package let isTrusted: Bool
    let verdict: KnownHosts.Verdict

    init(host: String, port: Int, key: [UInt8], verdict: KnownHosts.Verdict) {
        type = KnownHosts.type(of: key)
        fingerprint = Self.fingerprint(of: key)
        line = "\(KnownHosts.name(host: host, port: port)) \(type) \(Base64.encode(key))"
        isTrusted = verdict == .known
        self.verdict = verdict
    }

    static func fingerprint(of key: [UInt8]) -> String {
        "SHA256:" + Base64.encode(SHA256.digest(key)).prefix { $0 != "=" }
    }
}
