internal import CLibGit2
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
        if let failure = hostKeyFailure() ?? watch.failure() { return failure }
        if error.code == GIT_EAUTH.rawValue { return authenticationFailure() }
        if error.code == GIT_ECERTIFICATE.rawValue { return certificateFailure(error) }
        switch UInt32(bitPattern: error.category) {
        case GIT_ERROR_HTTP.rawValue: return httpFailure(error)
        case GIT_ERROR_SSH.rawValue: return sshFailure(error)
        case GIT_ERROR_SSL.rawValue:
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

    private func hostKeyFailure() -> GitFailure? {
        guard let (verdict, type) = context.hostKey, verdict != .known else { return nil }
        let scan = "ssh-keyscan \(url.port == "22" ? "" : "-p \(url.port) ")-t \(keyscanType(type)) \(url.host)"
        switch verdict {
        case .known: return nil
        case .unknownHost:
            return GitFailure(
                .refused, "the file of known hosts has no key of \(url.host)",
                hint: "add what `\(scan)` prints, once you have compared it with what the host's owner says")
        case .otherTypes(let types):
            return GitFailure(
                .refused,
                "\(url.host) shows a key of type \(type); the file of known hosts has \(types.joined(separator: ", "))",
                hint: "add what `\(scan)` prints, once you have compared it with what the host's owner says")
        case .changed:
            return GitFailure(
                .refused,
                "\(url.host) shows another key than the file of known hosts has: it was changed, or somebody "
                    + "stands between")
        case .revoked:
            return GitFailure(.refused, "\(url.host) shows a key that the file of known hosts marks as revoked")
        }
    }

    private func keyscanType(_ type: String) -> String {
        type.hasPrefix("ecdsa") ? "ecdsa" : type == "ssh-ed25519" ? "ed25519" : "rsa"
    }

    private func authenticationFailure() -> GitFailure {
        let hint =
            switch (settings.credentials, url.scheme) {
            case (.none, .ssh): "give source \(settings.name) an ssh key"
            case (.none, _) where url.userInfo?.password == nil: "give source \(settings.name) a token"
            case (.sshKey, .ssh): "check that the key of source \(settings.name) may read the repository"
            case (.sshKey, _): "an ssh key is of no use with an https URL: give a token, or an ssh URL"
            case (_, .ssh): "a token is of no use with an ssh URL: give an ssh key, or an https URL"
            default: "check that the token of source \(settings.name) is valid and may read the repository"
            }
        let what = context.wasAskedInVain ? "asks for credentials that are not configured" : "refused the credentials"
        return GitFailure(.authenticationFailed, "\(address) \(what) for \(url.display)", hint: hint)
    }

    private func certificateFailure(_ error: LibGit2Error) -> GitFailure {
        if url.scheme == .ssh {
            return GitFailure(
                .refused, "the key of \(url.host) is not in ~/.ssh/known_hosts",
                hint: "name a file of known hosts for source \(settings.name)")
        }
        let detail = redaction.clean(error.message.split(separator: " - ").last.map(String.init) ?? error.message)
        if detail.contains("Common Name") || detail.contains("hostname") {
            return GitFailure(
                .refused, "the certificate of \(address) is for another host: \(detail)",
                hint: "write the host as its certificate has it: by a name, as addresses may not be compared")
        }
        return GitFailure(
            .refused, "the certificate of \(address) is not trusted: \(detail)",
            hint: "name the file of its authority's certificates for source \(settings.name), if it is your own")
    }

    private func httpFailure(_ error: LibGit2Error) -> GitFailure {
        if let status = error.message.firstRange(of: "status code: ").flatMap({ Int(error.message[$0.upperBound...]) })
        {
            switch status {
            case 401, 403, 407: return authenticationFailure()
            case 404, 410:
                return GitFailure(
                    .notARepository, "\(address) knows no repository at \(url.display) (status \(status))",
                    hint: "check the URL, and whether the repository is private: forges answer the same then")
            case 408, 429, 500...599:
                return GitFailure(.unreachable, "\(address) answers with status \(status)")
            default: return GitFailure(.fetchFailed, "\(address) answers with status \(status)")
            }
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
        let isMissing =
            error.isNotFound || message.contains("not found") || message.contains("not exist")
            || url.scheme == .file
                && (message.contains("not a directory") || message.contains("failed to resolve path"))
        if url.scheme == .file, isMissing || UInt32(bitPattern: error.category) == GIT_ERROR_REPOSITORY.rawValue {
            return GitFailure(.notARepository, "there is no git repository at \(url.display)")
        }
        if error.code == GIT_EEOF.rawValue || isMissing {
            return GitFailure(
                .notARepository, "\(address) gave no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and whether the credentials may read the repository")
        }
        return other(.fetchFailed, error)
    }

    private func closed() -> GitFailure {
        GitFailure(.unreachable, "\(address) hung up before it was done")
    }

    private func other(_ reason: GitFailure.Reason, _ error: LibGit2Error) -> GitFailure {
        GitFailure(reason, "can't \(operation) \(url.display): \(redaction.clean(error.message))")
    }

    private var address: String { url.host.isEmpty ? url.display : "\(url.host):\(url.port)" }
}
