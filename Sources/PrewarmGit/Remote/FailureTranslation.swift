internal import CLibGit2
import Glibc
import PrewarmEngine

/// Translates a failed call to a remote into an error for the operator.
///
/// The causes are examined in this order: what the callbacks found, what the network did, and libgit2's error. The text
/// of libgit2's error is examined only if its code and category do not identify the cause.
struct FailureTranslation {
    let settings: GitSettings
    let url: RepositoryURL
    /// The verb phrase before the URL in messages: `fetch from`.
    let operation: String
    let watch: Watch
    let context: PassContext
    let redaction: Redaction

    func failure(of error: LibGit2Error) -> GitFailure {
        if let failure = context.trust.failure ?? context.agentFailure, !watch.wasAborted { return failure }
        if let failure = hostKeyFailure() ?? watch.failure() ?? limitFailure() { return failure }
        if error.isTooLarge { return .objectTooLarge(in: url) }
        if error.code == GIT_EAUTH.rawValue {
            return error.message.contains("proxy") ? proxyFailure() : authenticationFailure()
        }
        if let failure = impossible(error) { return failure }
        if error.code == GIT_ECERTIFICATE.rawValue { return certificateFailure(error) }
        switch UInt32(bitPattern: error.category) {
        case GIT_ERROR_HTTP.rawValue: return httpFailure(error)
        case GIT_ERROR_SSH.rawValue: return sshFailure(error)
        case GIT_ERROR_SSL.rawValue:
            if error.message.contains("invalid SSL record") || error.message.contains("wrong version number") {
                return GitFailure(
                    .unreachable, "cannot connect to \(address): it does not speak TLS",
                    hint: "check the port in the URL of source \(settings.name): the port of https is usually 443")
            }
            return watch.wasClosed ? closed() : other(.unreachable, error)
        case GIT_ERROR_NET.rawValue:
            if error.message.contains("redirect") {
                return GitFailure(
                    .refused,
                    "cannot \(operation) \(url.display): it redirects to another host, which prewarm does not follow",
                    hint: "if you trust the target of the redirect, set it as `url` of source \(settings.name)")
            }
            return watch.wasClosed && !error.message.contains("ERR ") ? closed() : notARepositoryOrOther(error)
        default: return notARepositoryOrOther(error)
        }
    }

    private func limitFailure() -> GitFailure? {
        guard context.isPackTooLarge else { return nil }
        return GitFailure(
            .tooLarge,
            "cannot \(operation) \(url.display): the pack is larger than \(settings.limits.packSize.sizeText)",
            hint: "raise `maxPackSize` of source \(settings.name), or move the manifests to a repository of their own")
    }

    /// Returns a failure if the server needs a feature that this libgit2 does not have.
    private func impossible(_ error: LibGit2Error) -> GitFailure? {
        let message = error.message.lowercased()
        if ["objectformat", "object format", "object-format"].contains(where: message.contains) {
            return GitFailure(
                .refused, "cannot \(operation) \(url.display): it is a repository of SHA-256 objects",
                hint: LibraryLimits.sha256)
        }
        if message.contains("parsing ref pkt-line") {
            return GitFailure(
                .refused,
                "cannot \(operation) \(url.display): its references are unreadable. It may be a SHA-256 repository",
                hint: LibraryLimits.sha256)
        }
        switch UInt32(bitPattern: error.category) {
        case GIT_ERROR_SSL.rawValue where message.contains("fatal alert") || message.contains("protocol version"):
            return GitFailure(
                .refused,
                "cannot connect to \(address): it ended the TLS handshake, because it supports no TLS version of this "
                    + "machine or requires a client certificate",
                hint: "\(LibraryLimits.tls13). \(LibraryLimits.clientCertificates)")
        case GIT_ERROR_SSH.rawValue where message.contains("exchange encryption keys"):
            return GitFailure(
                .refused, "cannot connect to \(address): it supports none of this machine's ssh algorithms",
                hint: LibraryLimits.hostKeys)
        default: return nil
        }
    }

    private func hostKeyFailure() -> GitFailure? {
        guard let key = context.hostKey, !key.isTrusted else { return nil }
        let files = settings.hostKeys.files ?? []
        let file = files.first.map { " to \($0)" } ?? ""
        let known = "the known hosts file " + files.joined(separator: " or ")
        let advice =
            "ask the owner of the host whether the fingerprint of its key is \(key.fingerprint). If it is, add this "
            + "line\(file): \(key.line)"
        switch key.verdict {
        case .known: return nil
        case .unknownHost:
            return GitFailure(
                .refused, "cannot connect to \(url.host): there is no key for it in \(known)", hint: advice)
        case .otherTypes(let types):
            return GitFailure(
                .refused,
                "cannot connect to \(url.host): it shows a key of type \(key.type), but \(known) has only "
                    + types.joined(separator: ", "), hint: advice)
        case .changed:
            return GitFailure(
                .refused,
                "cannot connect to \(url.host): it shows another key than \(known) has. The host may have a new key, "
                    + "or someone may be intercepting the connection",
                hint: "ask the owner of the host whether its new key is \(key.fingerprint). If it is, replace the old "
                    + "line\(files.first.map { " in \($0)" } ?? "")")
        case .revoked:
            return GitFailure(
                .refused, "cannot connect to \(url.host): it shows a key that \(known) marks as revoked",
                hint: "ask the owner of the host for its current key")
        case .notPinned:
            return GitFailure(
                .refused,
                "cannot connect to \(url.host): it shows the key \(key.fingerprint), which is not in `hostKeys`",
                hint: "ask the owner of the host whether this is its key. If it is, add the fingerprint to "
                    + "`auth.hostKeys` of source \(settings.name)")
        }
    }

    private func authenticationFailure() -> GitFailure {
        let name = settings.name
        let hint =
            switch (settings.credentials, url.scheme) {
            case (.none, .ssh):
                "give source \(name) an ssh key that may read the repository: `auth: {sshKey: FILE}`"
            case (.none, _) where url.userInfo?.password == nil:
                "give source \(name) a token that may read the repository: `auth: {token: \"${GIT_TOKEN}\"}`"
            case (.sshKey(let path, _), .ssh): keyHint(path)
            case (.sshAgent, .ssh):
                "check that one of the first keys in `ssh-add -l` may read the repository: servers allow few attempts"
            case (.sshKey, _), (.sshAgent, _):
                "give source \(name) a token with `auth: {token: …}`, or an ssh URL: https does not use an ssh key"
            case (_, .ssh):
                "give source \(name) an ssh key with `auth: {sshKey: FILE}`, or an https URL: ssh does not use a token"
            case (.usernamePassword, _): "check the username and the password in `auth` of source \(name)"
            case (.source, _):
                "check that the command or GitHub App in `auth` of source \(name) gives access to the repository"
            default: "check that the token of source \(name) is valid and may read the repository"
            }
        let user = url.scheme == .ssh ? " of \(url.userInfo?.name ?? "git")" : ""
        let cause =
            context.wasAskedInVain
            ? "the server asks for credentials that are not configured" : "the server refused the credentials\(user)"
        return GitFailure(.authenticationFailed, "cannot \(operation) \(url.display): \(cause)", hint: hint)
    }

    private func proxyFailure() -> GitFailure {
        GitFailure(
            .authenticationFailed,
            "cannot log in to the proxy of source \(settings.name): it refused the login, or requires one",
            hint: "set `proxy` of source \(settings.name) to http://USER:PASSWORD@HOST:PORT, with the password from "
                + "${NAME}")
    }

    private func keyHint(_ path: String) -> String {
        guard let key = readFile(path, limit: 64 << 10).flatMap({ SSHKeyFile($0) }) else {
            return "create a key with `ssh-keygen -t ed25519`: \(path) is not a private key in a known format"
        }
        if key.isRSA, LibraryLimits.knowsRSABySHA1Only { return LibraryLimits.rsaKeys }
        return key.isEncrypted
            ? "check the passphrase of \(path), and that the key may read the repository"
            : "check that the key of source \(settings.name) may read the repository"
    }

    private func certificateFailure(_ error: LibGit2Error) -> GitFailure {
        let detail = redaction.clean(error.message.split(separator: " - ").last.map(String.init) ?? error.message)
        if detail.contains("Common Name") || detail.contains("hostname") {
            return GitFailure(
                .refused, "cannot connect to \(address): its certificate is for another host: \(detail)",
                hint: "write the host in the URL of source \(settings.name) as its certificate does. Use a name: an IP "
                    + "address may not match")
        }
        if detail.contains("expired") || detail.contains("future") {
            return GitFailure(
                .refused, "cannot connect to \(address): its certificate is not trusted: \(detail)",
                hint: "renew the certificate, or set the clock of this machine")
        }
        return GitFailure(
            .refused, "cannot connect to \(address): its certificate is not trusted: \(detail)",
            hint: "if it comes from your own certificate authority, set `caFile` of source \(settings.name) to the PEM "
                + "file of the authority")
    }

    private func httpFailure(_ error: LibGit2Error) -> GitFailure {
        if let status = error.message.firstRange(of: "status code: ").flatMap({ Int(error.message[$0.upperBound...]) })
        {
            switch status {
            case 401, 403: return authenticationFailure()
            case 407: return proxyFailure()
            case 404, 410:
                return GitFailure(
                    .notARepository, "cannot find a repository at \(url.display): the server answered status \(status)",
                    hint: "check the URL and the credentials of source \(settings.name): forges answer the same for a "
                        + "private repository")
            case 408, 429, 500...599:
                return GitFailure(
                    .unreachable, "cannot \(operation) \(url.display): the server answered status \(status)")
            default:
                return GitFailure(
                    .fetchFailed, "cannot \(operation) \(url.display): the server answered status \(status)")
            }
        }
        if error.message.contains("http parser error"), !watch.wasClosed {
            return GitFailure(
                .fetchFailed, "cannot \(operation) \(url.display): the server sent an answer that is not valid HTTP",
                hint: "check the login of source \(settings.name): some servers answer so if it is wrong or missing")
        }
        if error.message.contains("content-type") {
            return GitFailure(
                .notARepository, "cannot \(operation) \(url.display): the server's answer is not from a git repository",
                hint: "check the URL of source \(settings.name): use the one that works with `git clone`")
        }
        return watch.wasClosed ? closed() : other(.fetchFailed, error)
    }

    private func sshFailure(_ error: LibGit2Error) -> GitFailure {
        let message = error.message.lowercased()
        if error.code == GIT_EEOF.rawValue {
            return GitFailure(
                .notARepository,
                "cannot \(operation) \(url.display): the server sent no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and that the key of source \(settings.name) may read the repository")
        }
        let isAboutKeys = ["authenticat", "publickey", "public key", "private key"].contains { message.contains($0) }
        return isAboutKeys ? authenticationFailure() : other(.unreachable, error)
    }

    private func notARepositoryOrOther(_ error: LibGit2Error) -> GitFailure {
        let message = error.message.lowercased()
        if message.contains("early eof") || message.contains("zlib") {
            return GitFailure(
                .unreachable,
                "cannot \(operation) \(url.display): the data was cut off or damaged: "
                    + redaction.clean(error.message),
                hint: "wait for the next try. If the error stays, run `git fsck` in the repository on the server")
        }
        let isMissing =
            error.isNotFound || message.contains("not found") || message.contains("not exist")
            || url.scheme == .file
                && (message.contains("not a directory") || message.contains("failed to resolve path"))
        if let path = url.path, isMissing || UInt32(bitPattern: error.category) == GIT_ERROR_REPOSITORY.rawValue {
            return failure(ofRepositoryAt: path)
        }
        if error.code == GIT_EEOF.rawValue || isMissing {
            return GitFailure(
                .notARepository,
                "cannot \(operation) \(url.display): the server sent no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and that the credentials of source \(settings.name) may read the repository")
        }
        return other(.fetchFailed, error)
    }

    private func failure(ofRepositoryAt path: String) -> GitFailure {
        if let repository = LocalRepository(path) {
            if let failure = repository.incapacity { return failure }
            return GitFailure(
                .fetchFailed,
                "cannot read the git repository \(path): one of its references leads to a missing object, or its files "
                    + "are not readable",
                hint: "find the reference with `git -C \(path) for-each-ref`. If the default branch of its remote was "
                    + "renamed, run `git -C \(path) remote set-head origin --auto`")
        }
        if [path, "\(path)/.git", "\(path)/HEAD"].contains(where: isForbidden) {
            return GitFailure(
                .fetchFailed, "cannot read \(path): permission denied",
                hint: "give the user that prewarm runs as permission to read all files in \(path)")
        }
        return GitFailure(
            .notARepository, "cannot find a git repository at \(path)",
            hint: "check the URL of source \(settings.name)")
    }

    private func isForbidden(_ path: String) -> Bool { access(path, R_OK) != 0 && errno == EACCES }

    private func closed() -> GitFailure {
        GitFailure(.unreachable, "cannot \(operation) \(url.display): the server closed the connection early")
    }

    private func other(_ reason: GitFailure.Reason, _ error: LibGit2Error) -> GitFailure {
        GitFailure(reason, "cannot \(operation) \(url.display): \(redaction.clean(error.message))")
    }

    private var address: String { url.host.isEmpty ? url.display : "\(url.host):\(url.port)" }
}

extension GitFailure {
    /// Returns the failure for an object that exceeds the size limits of git objects.
    static func objectTooLarge(in url: RepositoryURL) -> GitFailure {
        GitFailure(
            .tooLarge, "cannot read \(url.display): it has an object that is too large",
            hint: "move the manifests to a repository of their own. The limits are 100 MiB for a file, 64 MiB for a "
                + "folder, and 16 MiB for a commit or tag")
    }
}

extension UInt64 {
    /// The number of bytes with a unit and at most one decimal, which is rounded down: `512 MiB`, `1.5 GiB`.
    var sizeText: String {
        for (unit, shift) in [("GiB", UInt64(30)), ("MiB", 20), ("KiB", 10)] where self >= 1 << shift {
            let tenths = ((self >> (shift - 4)) * 10) >> 4
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(self) bytes"
    }
}
