internal import CLibGit2
import Glibc
import PrewarmEngine

/// One pass over the network: connect, look, fetch, hang up. For the thread of its mirror alone.
struct RemotePass {
    private let settings: GitSettings
    private let url: RepositoryURL
    /// In messages.
    private let shown: RepositoryURL
    private let watch: Watch
    private let context: PassContext
    private let redaction: Redaction

    /// - Parameter login: for https.
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

    /// Of the private key, which has to be there, and to need one where there is one.
    private static func passphrase(_ settings: GitSettings) throws(GitFailure) -> String? {
        guard case .sshKey(let path, let passphrase) = settings.credentials else { return nil }
        guard let bytes = readFile(path, limit: 64 << 10) else {
            throw GitFailure(
                .authenticationFailed, "the ssh key can't be read: \(path)",
                hint: "check that it is there, and that prewarm may read it")
        }
        if let key = SSHKeyFile(bytes), key.isEncrypted, passphrase == nil {
            throw GitFailure(
                .authenticationFailed, "the ssh key has a passphrase: \(path)",
                hint: "give source \(settings.name) passphraseFile, or use an agent by sshAgent: true")
        }
        return try passphrase?.read("the passphrase")
    }

    /// The references of the remote: one advertisement.
    func list() throws(GitFailure) -> [AdvertisedRef] {
        try run("look at") { () throws(LibGit2Error) in
            var pointer: OpaquePointer?
            try check(git_remote_create_detached(&pointer, url.text))
            defer { git_remote_free(pointer) }
            return try connectAndList(pointer)
        }
    }

    /// Fetches what `refspecs` of the remote's references says, each `+source:destination`.
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

    /// A remote without a look at the repository's configuration, which has nothing to say. The look would lose 20 KB for
    /// each of its keys: the regular expressions of libgit2 1.5 never free what they matched with PCRE2.
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
        // Threads are shared, and some calls fail without a word: what another pass met here is not theirs.
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

    /// In bytes, of all references of a repository: a million take as many. libgit2 holds them all, and has no limit.
    static let mostOfListing: UInt64 = 64 << 20

    private func connectAndList(_ remote: OpaquePointer?) throws(LibGit2Error) -> [AdvertisedRef] {
        var options = git_remote_connect_options()
        try check(git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)))
        options.callbacks = try callbacks()
        // To another path of the host alone; the stream looks after the port.
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
            // What is no text can't be configured, and must not look like what can.
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

    /// Only https goes through a proxy; libgit2 is kept from looking for one by itself.
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

/// False where it can't be written.
func replaceFile(_ path: String, _ text: String) -> Bool {
    guard let file = fopen(path, "we") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
}

/// The bytes of a file of at most `limit` bytes; nil where it can't be read or is larger.
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
