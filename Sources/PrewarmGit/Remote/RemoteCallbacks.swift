internal import CLibGit2
import PrewarmCore
import PrewarmEngine
import Synchronization

/// The input and the findings of the callbacks of one pass. libgit2 calls them on the thread of the pass.
final class PassContext {
    let watch: Watch
    let credentials: GitCredentials
    /// The login for http and https.
    let login: GitLogin?
    /// The passphrase of the private key.
    let passphrase: String?
    let port: Int
    let hostKeys: HostKeyCheck?
    let largestPack: UInt64
    /// True if a secret was given. It is given once, because libgit2 asks again for as long as the server refuses.
    var hasAnswered = false
    var wasAskedInVain = false
    var hostKey: SeenHostKey?
    /// The agent after the first request to it, and its keys that were not tried yet.
    private var agent: SSHAgent?
    private var keys: ArraySlice<[UInt8]> = []
    private var isDeclined = false
    private let server: String
    /// The user and server of a login with the agent: `git@example.org:22`.
    private var agentPlace = ""
    var agentFailure: GitFailure?
    private let idleTimeout: Duration
    let trust: TrustHold
    var isPackTooLarge = false

    init(
        _ settings: GitSettings, url: RepositoryURL, login: GitLogin?, passphrase: String?, watch: Watch,
        hostKeys: HostKeyCheck?
    ) {
        self.watch = watch
        self.credentials = settings.credentials
        self.login = login
        self.passphrase = passphrase
        self.port = Int(url.port) ?? 0
        self.hostKeys = hostKeys
        largestPack = settings.limits.packSize
        idleTimeout = settings.limits.idleTimeout
        server = url.address
        trust = TrustHold(file: settings.caFile, watch: watch)
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
        if case .sshAgent(let socket) = credentials, allowed & GIT_CREDENTIAL_SSH_CUSTOM.rawValue != 0 {
            return answer(out, user: name, byAgentAt: socket)
        }
        guard !hasAnswered else { return GIT_EAUTH.rawValue }
        hasAnswered = true
        if allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, let login {
            return git_credential_userpass_plaintext_new(out, login.username, login.password)
        }
        if allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0, case .sshKey(let path, _) = credentials {
            return git_credential_ssh_key_new(out, name, nil, path, passphrase)
        }
        wasAskedInVain = true
        return GIT_EAUTH.rawValue
    }

    /// Answers with the next key of the agent.
    private func answer(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String, byAgentAt socket: String?
    ) -> Int32 {
        guard agentFailure == nil else { return GIT_EUSER.rawValue }
        do throws(GitFailure) {
            if agent == nil {
                // The limit is less than the idle timeout, because the server is silent while the agent is asked.
                let agent = try SSHAgent(at: socket, watch: watch, limit: idleTimeout * 3 / 4)
                self.agent = agent
                keys = try agent.keys()[...]
                let place = "\(user)@\(server)"
                if let taken = SSHAgent.taken.withLock({ $0[place] }), let index = keys.firstIndex(of: taken) {
                    keys.insert(keys.remove(at: index), at: keys.startIndex)
                }
                agentPlace = place
                if keys.isEmpty {
                    throw GitFailure(
                        .authenticationFailed, "cannot use the ssh agent: it has no key of a supported type",
                        hint: "add an ed25519 or ECDSA key with `ssh-add`, or unlock the agent with `ssh-add -X`. "
                            + "Certificates, hardware keys and most RSA keys are not supported")
                }
            }
            if keys.isEmpty, isDeclined {
                throw GitFailure(
                    .authenticationFailed,
                    "cannot use the ssh agent: it did not sign with the key that the server accepts",
                    hint: "add the key again without confirmation: it may have been added with `ssh-add -c`")
            }
        } catch {
            agentFailure = error
            return GIT_EUSER.rawValue
        }
        guard let key = keys.popFirst() else { return GIT_EAUTH.rawValue }
        return key.withUnsafeBufferPointer { key in
            key.withMemoryRebound(to: CChar.self) { key in
                git_credential_ssh_custom_new(
                    out, user, key.baseAddress, key.count, signByAgent, Unmanaged.passUnretained(self).toOpaque())
            }
        }
    }

    /// Returns the signature of the agent, or nil if the agent does not sign. Then the next key is tried, unless the
    /// agent failed.
    fileprivate func signature(of data: [UInt8]) -> [UInt8]? {
        do throws(GitFailure) {
            let signature = try agent?.signature(of: data)
            if signature == nil {
                isDeclined = true
            } else if let request = LoginRequest(data) {
                // A signature is requested only for a key that the server accepts.
                SSHAgent.taken.withLock { $0[agentPlace] = request.key }
            }
            return signature
        } catch {
            agentFailure = error
            return nil
        }
    }
}

/// https://libgit2.org/libgit2/#v1.5.1/group/callback/git_credential_acquire_cb
func acquireCredentials(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, _ url: UnsafePointer<CChar>?,
    _ user: UnsafePointer<CChar>?, _ allowed: UInt32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.answer(out, user: user, allowed: allowed) ?? GIT_EAUTH.rawValue
}

/// Returns a signature in memory that libssh2 frees (https://libssh2.org/libssh2_userauth_publickey.html).
func signByAgent(
    _ session: OpaquePointer?, _ signature: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<Int>?, _ data: UnsafePointer<UInt8>?, _ count: Int,
    _ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    let data = Array(UnsafeBufferPointer(start: data, count: count))
    guard let signature, let length, let bytes = PassContext.from(abstract?.pointee)?.signature(of: data),
        let buffer = malloc(max(1, bytes.count))
    else { return -1 }
    buffer.copyMemory(from: bytes, byteCount: bytes.count)
    signature.pointee = buffer.assumingMemoryBound(to: UInt8.self)
    length.pointee = bytes.count
    return 0
}

func reportTransfer(
    _ progress: UnsafePointer<git_indexer_progress>?, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = PassContext.from(payload), !context.watch.isOver else { return GIT_EUSER.rawValue }
    guard let progress, UInt64(progress.pointee.received_bytes) > context.largestPack else { return 0 }
    context.isPackTooLarge = true
    return GIT_EUSER.rawValue
}

func reportSideband(
    _ text: UnsafePointer<CChar>?, _ length: Int32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.watch.isOver == false ? 0 : GIT_EUSER.rawValue
}

/// Releases the trust after the TLS handshake, and keeps the verdict of the library on the certificate.
func endHandshake(
    _ certificate: UnsafeMutablePointer<git_cert>?, _ isValid: Int32, _ host: UnsafePointer<CChar>?,
    _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    _ = PassContext.from(payload)?.trust.letGo()
    return GIT_PASSTHROUGH.rawValue
}

/// Checks the host key. The check of libgit2 is not used, because it reads only one file of the user.
func checkHostKey(
    _ certificate: UnsafeMutablePointer<git_cert>?, _ isValid: Int32, _ host: UnsafePointer<CChar>?,
    _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let certificate, let host, let context = PassContext.from(payload), let hostKeys = context.hostKeys else {
        return GIT_ECERTIFICATE.rawValue
    }
    guard certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else { return GIT_PASSTHROUGH.rawValue }
    let key = UnsafeRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
    guard key.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0, let bytes = key.hostkey else {
        return GIT_ECERTIFICATE.rawValue
    }
    let raw = Array(UnsafeRawBufferPointer(start: bytes, count: key.hostkey_len))
    let name = String(cString: host).lowercased()
    let verdict = hostKeys.verdict(host: name, port: context.port, key: raw)
    let seen = SeenHostKey(host: name, port: context.port, key: raw, verdict: verdict)
    context.hostKey = seen
    context.watch.hostKey = seen
    return verdict == .known ? 0 : GIT_ECERTIFICATE.rawValue
}
