internal import CLibGit2
import Glibc
import PrewarmEngine

/// A session with a remote: connect, list the references, fetch, disconnect. It runs on the mirror's remote thread.
struct RemotePass {
    private let settings: GitSettings
    private let url: RepositoryURL
    /// The URL that messages show.
    private let shown: RepositoryURL
    private let watch: Watch
    private let context: PassContext
    private let redaction: Redaction

    /// - Parameters:
    ///   - shown: the URL that messages show (default: `url`).
    ///   - login: the credentials for http and https.
    /// - Throws: `.refused` if the proxy, the host keys or the passphrase cannot be used.
    init(
        _ settings: GitSettings, url: RepositoryURL, shownAs shown: RepositoryURL? = nil, login: GitLogin?,
        watch: Watch, redaction: Redaction
    ) throws(GitFailure) {
        if url.scheme == .https { try ProxyURL.check(settings) }
        self.settings = settings
        self.url = url
        self.shown = shown ?? url
        self.watch = watch
        var redaction = redaction
        var hostKeys: HostKeyCheck?
        var passphrase: String?
        if url.scheme == .ssh {
            hostKeys = try HostKeyCheck(settings.hostKeys)
            passphrase = try Self.passphrase(settings)
            if let passphrase { redaction = redaction.adding(passphrase) }
        }
        self.redaction = redaction
        context = PassContext(
            settings, url: url, login: login, passphrase: passphrase, watch: watch, hostKeys: hostKeys)
    }

    /// Returns the passphrase of the private key.
    /// - Throws: `.authenticationFailed` if the key is not readable, or needs a passphrase that is not configured.
    private static func passphrase(_ settings: GitSettings) throws(GitFailure) -> String? {
        guard case .sshKey(let path, let passphrase) = settings.credentials else { return nil }
        guard let bytes = readFile(path, limit: 64 << 10) else {
            throw GitFailure(
                .authenticationFailed, "cannot read the ssh key \(path)",
                hint: "check that the file exists, and that the user that prewarm runs as may read it")
        }
        if let key = SSHKeyFile(bytes), key.isEncrypted, passphrase == nil {
            throw GitFailure(
                .authenticationFailed, "cannot use the ssh key \(path): it has a passphrase",
                hint: "set `auth.passphraseFile` of source \(settings.name), or use an agent: `auth: {sshAgent: true}`")
        }
        return try passphrase?.read("the passphrase")
    }

    /// Returns the references of the remote. It costs one request.
    func list() throws(GitFailure) -> [AdvertisedRef] {
        try run("list the references of") { () throws(LibGit2Error) in
            var pointer: OpaquePointer?
            try check(git_remote_create_detached(&pointer, url.text))
            defer { git_remote_free(pointer) }
            return try connectAndList(pointer)
        }
    }

    /// Fetches references of the remote into the repository at `path`.
    /// - Parameter refspecs: chooses from the remote's references what to fetch, each as `+source:destination`. If it
    ///   returns an empty array, nothing is fetched.
    func fetch(
        into path: String, _ refspecs: ([AdvertisedRef]) throws(GitFailure) -> [String]
    ) throws(GitFailure) {
        var refusal: GitFailure?
        try run("fetch from") { () throws(LibGit2Error) in
            let repository = try Repository(bare: path)
            let pointer = try makeRemote(of: repository)
            defer { git_remote_free(pointer) }
            let refs = try connectAndList(pointer)
            do {
                let specs = try refspecs(refs)
                if !specs.isEmpty { try download(pointer, specs) }
            } catch let failure as GitFailure {
                refusal = failure
            } catch let error as LibGit2Error {
                throw error
            } catch {
                throw LibGit2Error(code: -1, category: 0, message: "\(error)")
            }
        }
        if let refusal { throw refusal }
    }

    /// Creates a remote without reading the repository's configuration, which contains no remotes.
    ///
    /// Reading it would leak 20 KB of memory for each of its keys: libgit2 1.5 does not free the matches of PCRE2.
    private func makeRemote(of repository: borrowing Repository) throws(LibGit2Error) -> OpaquePointer? {
        var options = git_remote_create_options()
        try check(git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION)))
        options.repository = repository.pointer
        options.flags =
            GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue
        var pointer: OpaquePointer?
        try check(git_remote_create_with_opts(&pointer, url.text, &options))
        return pointer
    }

    private func run<Value>(
        _ operation: String, _ body: () throws(LibGit2Error) -> Value
    ) throws(GitFailure) -> Value {
        PassQueue.checkIsCurrent()
        // The thread is shared, and some calls fail without setting an error: clear the error of an earlier pass.
        git_error_clear()
        _ = prewarm_git_was_refused_memory()
        if url.scheme == .https { watch.tell(context) }
        defer {
            watch.tell(nil)
            context.trust.letGo()
        }
        do {
            return try watch.guarding(body)
        } catch {
            throw FailureTranslation(
                settings: settings, url: shown, operation: operation, watch: watch, context: context,
                redaction: redaction
            ).failure(of: error)
        }
    }

    /// The maximum size of the list of references, in bytes; about a million references. libgit2 holds all of them in
    /// memory and has no limit.
    static let mostOfListing: UInt64 = 64 << 20

    private func connectAndList(_ remote: OpaquePointer?) throws(LibGit2Error) -> [AdvertisedRef] {
        var options = git_remote_connect_options()
        try check(git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)))
        options.callbacks = try callbacks()
        // Redirects to another host are refused by libgit2, and those to another port by the socket stream.
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try withProxy { proxy throws(LibGit2Error) in
            options.proxy_opts = proxy
            try watch.limited(to: Self.mostOfListing) { () throws(LibGit2Error) in
                try check(git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options))
            }
        }
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try check(git_remote_ls(&heads, &count, remote))
        return UnsafeBufferPointer(start: heads, count: count).compactMap { head in
            // A name that is not UTF-8 cannot be configured. Skip it, because repairing it could make it equal another.
            guard let head = head?.pointee, let name = head.name.flatMap({ String(validatingCString: $0) }) else {
                return nil
            }
            let target = head.symref_target.flatMap { String(validatingCString: $0) }
            return AdvertisedRef(name: name, id: hexadecimal(head.oid), target: target)
        }
    }

    private func download(_ remote: OpaquePointer?, _ refspecs: [String]) throws(LibGit2Error) {
        var options = git_fetch_options()
        try check(git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)))
        options.callbacks = try callbacks()
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.prune = GIT_FETCH_NO_PRUNE
        options.update_fetchhead = 0
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try withProxy { proxy throws(LibGit2Error) in
            options.proxy_opts = proxy
            try withStrings(refspecs) { strings throws(LibGit2Error) in
                try check(git_remote_fetch(remote, &strings, &options, nil))
            }
        }
    }

    private func callbacks() throws(LibGit2Error) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        try check(git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)))
        callbacks.credentials = acquireCredentials
        callbacks.transfer_progress = reportTransfer
        callbacks.sideband_progress = reportSideband
        if url.scheme == .https {
            callbacks.certificate_check = endHandshake
        } else if url.scheme == .ssh {
            callbacks.certificate_check = checkHostKey
        }
        callbacks.payload = Unmanaged.passUnretained(context).toOpaque()
        return callbacks
    }

    /// Calls `body` with the proxy options. Only https uses a proxy, and libgit2 does not search for one.
    private func withProxy(
        _ body: (inout git_proxy_options) throws(LibGit2Error) -> Void
    ) throws(LibGit2Error) {
        var options = git_proxy_options()
        try check(git_proxy_options_init(&options, UInt32(GIT_PROXY_OPTIONS_VERSION)))
        options.type = GIT_PROXY_NONE
        guard let proxy = settings.proxy, url.scheme == .https else { return try body(&options) }
        let text = strdup(proxy)
        defer { free(text) }
        options.type = GIT_PROXY_SPECIFIED
        options.url = UnsafePointer(text)
        try body(&options)
    }

    private func withStrings(
        _ texts: [String], _ body: (inout git_strarray) throws(LibGit2Error) -> Void
    ) throws(LibGit2Error) {
        let pointers = texts.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        let buffer = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count)
        defer { buffer.deallocate() }
        _ = buffer.initialize(from: pointers)
        var strings = git_strarray(strings: buffer.baseAddress, count: texts.count)
        try body(&strings)
    }
}

/// Replaces the contents of a file. Returns false if the file cannot be written.
func replaceFile(_ path: String, _ text: String) -> Bool {
    guard let file = fopen(path, "we") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
}

/// Returns the bytes of a file, or nil if it is not readable or larger than `limit` bytes.
func readFile(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var count = 0
    while true {
        if count == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
        let read = bytes.withUnsafeMutableBytes { fread($0.baseAddress.map { $0 + count }, 1, $0.count - count, file) }
        count += read
        if count > limit || ferror(file) != 0 { return nil }
        if read == 0 { return Array(bytes[..<count]) }
    }
}
