internal import CLibGit2
import PrewarmCore

/// What the callbacks of one pass need, and what they found. libgit2 calls them on the thread of the pass.
final class PassContext {
    let watch: Watch
    let credentials: GitSettings.Credentials
    let userInfo: (name: String, password: String?)?
    let port: Int
    let knownHosts: KnownHosts?
    /// A secret is given once: libgit2 asks again for as long as the server refuses.
    var hasAnswered = false
    var wasAskedInVain = false
    var hostKey: (verdict: KnownHosts.Verdict, type: String)?

    init(_ settings: GitSettings, url: RepositoryURL, watch: Watch, knownHosts: KnownHosts?) {
        self.watch = watch
        self.credentials = settings.credentials
        self.userInfo = url.userInfo
        self.port = Int(url.port) ?? 0
        self.knownHosts = knownHosts
    }

    static func from(_ payload: UnsafeMutableRawPointer?) -> PassContext? {
        payload.map { Unmanaged<PassContext>.fromOpaque($0).takeUnretainedValue() }
    }

    fileprivate func answer(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: UnsafePointer<CChar>?,
        allowed: UInt32
    ) -> Int32 {
        let name = user.map { String(cString: $0) } ?? "git"
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0, allowed & GIT_CREDENTIAL_SSH_KEY.rawValue == 0 {
            return git_credential_username_new(out, name)
        }
        guard !hasAnswered else { return GIT_EAUTH.rawValue }
        hasAnswered = true
        let takesPassword = allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0
        switch credentials {
        case .token(let token) where takesPassword:
            return git_credential_userpass_plaintext_new(out, tokenUser, token)
        case .usernamePassword(let username, let password) where takesPassword:
            return git_credential_userpass_plaintext_new(out, username, password)
        case .sshKey(let path, _) where allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0:
            return git_credential_ssh_key_new(out, name, nil, path, nil)
        case .none where takesPassword:
            guard let userInfo, let password = userInfo.password else { break }
            return git_credential_userpass_plaintext_new(out, userInfo.name, password)
        default: break
        }
        wasAskedInVain = true
        return GIT_EAUTH.rawValue
    }
}

/// https://libgit2.org/libgit2/#v1.5.1/group/callback/git_credential_acquire_cb
func acquireCredentials(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, _ url: UnsafePointer<CChar>?,
    _ user: UnsafePointer<CChar>?, _ allowed: UInt32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.answer(out, user: user, allowed: allowed) ?? GIT_EAUTH.rawValue
}

func reportTransfer(
    _ progress: UnsafePointer<git_indexer_progress>?, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.watch.isOver == false ? 0 : GIT_EUSER.rawValue
}

func reportSideband(
    _ text: UnsafePointer<CChar>?, _ length: Int32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.watch.isOver == false ? 0 : GIT_EUSER.rawValue
}

/// Set only where a known_hosts file is configured; libgit2 looks at `~/.ssh/known_hosts` alone.
func checkHostKey(
    _ certificate: UnsafeMutablePointer<git_cert>?, _ isValid: Int32, _ host: UnsafePointer<CChar>?,
    _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let certificate, let host, let context = PassContext.from(payload), let knownHosts = context.knownHosts else {
        return GIT_ECERTIFICATE.rawValue
    }
    guard certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else { return GIT_PASSTHROUGH.rawValue }
    let key = UnsafeRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
    guard key.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0, let bytes = key.hostkey else {
        return GIT_ECERTIFICATE.rawValue
    }
    let raw = Array(UnsafeRawBufferPointer(start: bytes, count: key.hostkey_len))
    let verdict = knownHosts.verdict(host: String(cString: host).lowercased(), port: context.port, key: raw)
    context.hostKey = (verdict, KnownHosts.type(of: raw))
    return verdict == .known ? 0 : GIT_ECERTIFICATE.rawValue
}
