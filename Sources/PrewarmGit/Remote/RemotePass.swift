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
    /// - Throws: a failure if the transport cannot use the settings, for example the proxy or the passphrase.
    init(
        _ settings: GitSettings, url: RepositoryURL, shownAs shown: RepositoryURL? = nil, login: GitLogin?,
        watch: Watch, redaction: Redaction
    ) throws(GitFailure) {
        self.settings = settings
        self.url = url
        self.shown = shown ?? url
        self.watch = watch
        self.redaction = redaction
        let transport: (any RemoteTransport)?
        switch url.scheme {
        case .file: transport = nil
        case .ssh: transport = try SSHTransport(settings, url: url, watch: watch, redaction: redaction)
        case .https, .http:
            transport = try HTTPTransport(settings, url: url, login: login, watch: watch, redaction: redaction)
        }
        context = PassContext(watch: watch, transport: transport, largestPack: settings.limits.packSize)
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
        watch.beginRequest()
        defer {
            watch.setWake(nil)
            context.transport?.close()
        }
        do {
            return try body()
        } catch {
            throw FailureTranslation(
                settings: settings, url: shown, operation: operation, watch: watch, context: context,
                redaction: redaction
            ).failure(of: error)
        }
    }

    private func connectAndList(_ remote: OpaquePointer?) throws(LibGit2Error) -> [AdvertisedRef] {
        var options = git_remote_connect_options()
        try check(git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)))
        options.callbacks = try callbacks()
        try watch.limited(to: Watch.mostOfListing) { () throws(LibGit2Error) in
            try check(git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options))
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
        try withStrings(refspecs) { strings throws(LibGit2Error) in
            try check(git_remote_fetch(remote, &strings, &options, nil))
        }
    }

    private func callbacks() throws(LibGit2Error) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        try check(git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)))
        if context.transport != nil { callbacks.transport = makeTransport }
        callbacks.transfer_progress = reportTransfer
        callbacks.sideband_progress = reportSideband
        callbacks.payload = Unmanaged.passUnretained(context).toOpaque()
        return callbacks
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
