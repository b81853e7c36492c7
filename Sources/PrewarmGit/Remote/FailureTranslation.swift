internal import CLibGit2
import Glibc
import PrewarmEngine

/// Says in our words why a call to a remote failed: first what the network did, then what the callbacks found, then
/// what libgit2 says, whose texts are only looked at where its codes don't tell.
struct FailureTranslation {
    let settings: GitSettings
    let url: RepositoryURL
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
                    .unreachable, "\(address) does not speak TLS", hint: "check the port in the URL: https has 443")
            }
            return watch.wasClosed ? closed() : other(.unreachable, error)
        case GIT_ERROR_NET.rawValue:
            if error.message.contains("redirect") {
                return GitFailure(
                    .refused, "\(url.display) redirects to another place, which is not followed",
                    hint: "put the address that it redirects to into the configuration, if you trust it")
            }
            return watch.wasClosed && !error.message.contains("ERR ") ? closed() : notARepositoryOrOther(error)
        default: return notARepositoryOrOther(error)
        }
    }

    private func limitFailure() -> GitFailure? {
        guard context.isPackTooLarge else { return nil }
        return GitFailure(
            .tooLarge, "what \(url.display) sends is larger than \(settings.limits.packSize.sizeText)",
            hint: "raise maxPackSize of source \(settings.name), or keep manifests in a repository of their own")
    }

    /// What this libgit2 can't do, told as that.
    private func impossible(_ error: LibGit2Error) -> GitFailure? {
        let message = error.message.lowercased()
        if ["objectformat", "object format", "object-format"].contains(where: message.contains) {
            return GitFailure(
                .refused, "\(url.display) is a repository of SHA-256 objects", hint: LibraryLimits.sha256)
        }
        if message.contains("parsing ref pkt-line") {
            return GitFailure(
                .refused, "\(url.display) lists references that can't be read, as those of SHA-256 repositories",
                hint: LibraryLimits.sha256)
        }
        switch UInt32(bitPattern: error.category) {
        case GIT_ERROR_SSL.rawValue where message.contains("fatal alert") || message.contains("protocol version"):
            return GitFailure(
                .refused,
                "\(address) ended the handshake: it takes no version of TLS that is spoken here, or wants a client "
                    + "certificate", hint: "\(LibraryLimits.tls13). \(LibraryLimits.clientCertificates)")
        case GIT_ERROR_SSH.rawValue where message.contains("exchange encryption keys"):
            return GitFailure(
                .refused, "\(address) takes no algorithm that is spoken here", hint: LibraryLimits.hostKeys)
        default: return nil
        }
    }

    private func hostKeyFailure() -> GitFailure? {
        guard let key = context.hostKey, !key.isTrusted else { return nil }
        let file = settings.hostKeys.files?.first.map { " to \($0)" } ?? ""
        let advice =
            "its key is \(key.fingerprint): once you have compared that with what the host's owner says, add this "
            + "line\(file): \(key.line)"
        switch key.verdict {
        case .known: return nil
        case .unknownHost:
            return GitFailure(.refused, "the file of known hosts has no key of \(url.host)", hint: advice)
        case .otherTypes(let types):
            return GitFailure(
                .refused,
                "\(url.host) shows a key of type \(key.type); the file of known hosts has "
                    + types.joined(separator: ", "), hint: advice)
        case .changed:
            return GitFailure(
                .refused,
                "\(url.host) shows another key than the file of known hosts has: it was changed, or somebody "
                    + "stands between", hint: "it shows \(key.fingerprint): ask the host's owner")
        case .revoked:
            return GitFailure(.refused, "\(url.host) shows a key that the file of known hosts marks as revoked")
        case .notPinned:
            return GitFailure(
                .refused, "\(url.host) shows the key \(key.fingerprint), which is none of hostKeys",
                hint: "add it to hostKeys of source \(settings.name), once the host's owner says that it is theirs")
        }
    }

    private func authenticationFailure() -> GitFailure {
        let name = settings.name
        let hint =
            switch (settings.credentials, url.scheme) {
            case (.none, .ssh): "give source \(name) an ssh key"
            case (.none, _) where url.userInfo?.password == nil: "give source \(name) a token"
            case (.sshKey(let path, _), .ssh): keyHint(path)
            case (.sshAgent, .ssh):
                "check that `ssh-add -l` lists a key that may read the repository, among the first: servers let few be tried"
            case (.sshKey, _), (.sshAgent, _): "an ssh key is of no use with an https URL: give a token, or an ssh URL"
            case (_, .ssh): "a token is of no use with an ssh URL: give an ssh key, or an https URL"
            case (.usernamePassword, _): "check the username and the password of source \(name)"
            case (.source, _): "check that what gives source \(name) its login gives one that may read the repository"
            default: "check that the token of source \(name) is valid and may read the repository"
            }
        let user = url.scheme == .ssh ? " of \(url.userInfo?.name ?? "git")" : ""
        let what =
            context.wasAskedInVain ? "asks for credentials that are not configured" : "refused the credentials\(user)"
        return GitFailure(.authenticationFailed, "\(address) \(what) for \(url.display)", hint: hint)
    }

    private func proxyFailure() -> GitFailure {
        GitFailure(
            .authenticationFailed, "the proxy of source \(settings.name) refused its login, or wants one",
            hint: "write http://USER:PASSWORD@HOST:PORT as the proxy, with the login from ${NAME}")
    }

    private func keyHint(_ path: String) -> String {
        guard let key = readFile(path, limit: 64 << 10).flatMap({ SSHKeyFile($0) }) else {
            return "\(path) is no private key that is known: make one with `ssh-keygen -t ed25519`"
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
                .refused, "the certificate of \(address) is for another host: \(detail)",
                hint: "write the host as its certificate has it: by a name, as addresses may not be compared")
        }
        if detail.contains("expired") || detail.contains("future") {
            return GitFailure(
                .refused, "the certificate of \(address) is not trusted: \(detail)",
                hint: "renew it, or set this machine's clock")
        }
        return GitFailure(
            .refused, "the certificate of \(address) is not trusted: \(detail)",
            hint: "name the file of its authority's certificates for source \(settings.name), if it is your own")
    }

    private func httpFailure(_ error: LibGit2Error) -> GitFailure {
        if let status = error.message.firstRange(of: "status code: ").flatMap({ Int(error.message[$0.upperBound...]) })
        {
            switch status {
            case 401, 403: return authenticationFailure()
            case 407: return proxyFailure()
            case 404, 410:
                return GitFailure(
                    .notARepository, "\(address) knows no repository at \(url.display) (status \(status))",
                    hint: "check the URL, and whether the repository is private: forges answer the same then")
            case 408, 429, 500...599:
                return GitFailure(.unreachable, "\(address) answers with status \(status)")
            default: return GitFailure(.fetchFailed, "\(address) answers with status \(status)")
            }
        }
        if error.message.contains("http parser error"), !watch.wasClosed {
            return GitFailure(
                .fetchFailed, "\(address) sent an answer that can't be read",
                hint: "some servers answer so where a login is wrong or missing: check that of source \(settings.name)")
        }
        if error.message.contains("content-type") {
            return GitFailure(
                .notARepository, "\(url.display) leads to something that is no git repository",
                hint: "check the URL: it is the one that `git clone` takes")
        }
        return watch.wasClosed ? closed() : other(.fetchFailed, error)
    }

    private func sshFailure(_ error: LibGit2Error) -> GitFailure {
        let message = error.message.lowercased()
        if error.code == GIT_EEOF.rawValue {
            return GitFailure(
                .notARepository, "\(address) gave no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and that the key may read the repository")
        }
        let isAboutKeys = ["authenticat", "publickey", "public key", "private key"].contains { message.contains($0) }
        return isAboutKeys ? authenticationFailure() : other(.unreachable, error)
    }

    private func notARepositoryOrOther(_ error: LibGit2Error) -> GitFailure {
        let message = error.message.lowercased()
        if message.contains("early eof") || message.contains("zlib") {
            return GitFailure(
                .unreachable, "what \(address) sent was cut off or damaged: \(redaction.clean(error.message))",
                hint:
                    "it is asked for again with the next pull; `git fsck` on the server tells whether it is damaged there"
            )
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
                .notARepository, "\(address) gave no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and whether the credentials may read the repository")
        }
        return other(.fetchFailed, error)
    }

    private func failure(ofRepositoryAt path: String) -> GitFailure {
        if let repository = LocalRepository(path) {
            if let failure = repository.incapacity { return failure }
            return GitFailure(
                .fetchFailed,
                "\(path) is a git repository, but one of its references leads to nothing, or its files can't be read",
                hint: "`git -C \(path) for-each-ref` names the reference; after a branch was renamed, "
                    + "`git -C \(path) remote set-head origin --auto` mends it")
        }
        if [path, "\(path)/.git", "\(path)/HEAD"].contains(where: isForbidden) {
            return GitFailure(
                .fetchFailed, "\(path) can't be read: permission denied",
                hint: "let the user that prewarm runs as read all of it")
        }
        return GitFailure(.notARepository, "there is no git repository at \(path)")
    }

    private func isForbidden(_ path: String) -> Bool { access(path, R_OK) != 0 && errno == EACCES }

    private func closed() -> GitFailure {
        GitFailure(.unreachable, "\(address) hung up before it was done")
    }

    private func other(_ reason: GitFailure.Reason, _ error: LibGit2Error) -> GitFailure {
        GitFailure(reason, "can't \(operation) \(url.display): \(redaction.clean(error.message))")
    }

    private var address: String { url.host.isEmpty ? url.display : "\(url.host):\(url.port)" }
}

extension GitFailure {
    /// An object is larger than any that is unpacked.
    static func objectTooLarge(in url: RepositoryURL) -> GitFailure {
        GitFailure(
            .tooLarge, "\(url.display) has an object that is too large to be unpacked",
            hint: "limits are 100 MiB for a file, 64 MiB for a folder, 16 MiB for a commit or a tag: keep manifests in "
                + "a repository of their own")
    }
}

extension UInt64 {
    /// `512 MiB`, `1.5 GiB`.
    var sizeText: String {
        for (unit, shift) in [("GiB", UInt64(30)), ("MiB", 20), ("KiB", 10)] where self >= 1 << shift {
            let tenths = ((self >> (shift - 4)) * 10) >> 4
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(self) bytes"
    }
}
