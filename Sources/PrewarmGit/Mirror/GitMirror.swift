internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine
import Synchronization

/// A bare mirror of one repository, on libgit2.
///
/// Each call of libgit2 and of the file system is a job on a thread of the mirror: see ``MirrorThreads``. Several
/// mirrors in several processes may share one directory.
package final class GitMirror: GitSource {
    let settings: GitSettings
    let paths: ManifestPaths
    let url: RepositoryURL
    let directory: MirrorDirectory
    let redaction: Redaction
    let threads: MirrorThreads
    let memory = Mutex(Memory())

    /// The cached results of earlier calls.
    struct Memory: Sendable {
        /// The warnings of the last commit whose manifests were listed, because the next call asks for them.
        var lastWarnings: (commit: String, warnings: [Diagnostic])?
        /// The applied revision that was verified last, with the state of the key file and the time of the check.
        var trusted: (revision: Revision, keys: FileStamp?, at: ContinuousClock.Instant)?
    }

    /// Creates a mirror without using the network or the disk.
    /// - Throws: `.refused` if the URL, a path or the commit of the settings is invalid.
    package init(_ settings: GitSettings) throws(GitFailure) {
        let url = try RepositoryURL(settings.url, allowFile: settings.allowFile)
        var settings = settings
        var normal: [String] = []
        for path in settings.paths { normal.append(try Self.normal(path)) }
        settings.paths = normal
        if case .commit(let commit) = settings.ref {
            let commit = commit.lowercased()
            guard commit.utf8.count != 64 else {
                throw GitFailure(
                    .refused, "invalid commit of source \(settings.name): SHA-256 repositories are not supported",
                    hint: GitLibrary.limit)
            }
            guard commit.utf8.count == 40, commit.allSatisfy(\.isHexDigit) else {
                throw GitFailure(
                    .refused, "invalid commit of source \(settings.name): \(commit)",
                    hint: "write all 40 hexadecimal digits")
            }
            settings.ref = .commit(commit)
        }
        self.settings = settings
        paths = ManifestPaths(roots: normal, include: settings.include, exclude: settings.exclude)
        self.url = url
        directory = MirrorDirectory(path: settings.mirror)
        redaction = Redaction(settings, url: url)
        threads = .of(directory: settings.mirror, name: settings.name)
    }

    /// The URL for messages and the status, without a login.
    package var displayURL: String { url.display }

    package func head() async throws(GitFailure) -> Revision {
        if let revision = try await headOnDisk() { return revision }
        return try await perform { [self] watch throws(GitFailure) in
            if case .commit(let commit) = settings.ref {
                let revision = Revision(ref: nil, commit: commit)
                try bring(revision, watch)
                return revision
            }
            let refs = RefAdvertisement(try pass(watch).list())
            let found: [RefAdvertisement.Resolved]
            do throws(GitFailure) {
                if case .semver(let range) = settings.ref {
                    found = try refs.highestTags(in: range)
                } else {
                    found = [try refs.resolve(settings.ref, of: url)]
                }
            } catch {
                throw GitFailure(error.reason, "\(url.display): \(error.message)", hint: error.hint)
            }
            return try newest(found.map(\.revision), watch)
        }
    }

    /// Reads the ref of a repository on disk without libgit2, whose start takes longer than a whole sync without
    /// changes.
    private func headOnDisk() async throws(GitFailure) -> Revision? {
        guard url.path != nil else { return nil }
        return try await threads.remote.run(limit: deadline) { [self] in
            Result { () throws(GitFailure) in try revisionOnDisk() }
        }.get()
    }

    package func isOfRange(_ ref: String) -> Bool {
        guard case .semver(let range) = settings.ref, let range = VersionRange(range) else { return false }
        return Version(ref.withoutPrefix("refs/tags/")).map(range.contains) ?? false
    }

    /// Returns the revision of the configured ref of a repository on disk, or nil if libgit2 has to resolve it.
    func revisionOnDisk() throws(GitFailure) -> Revision? {
        guard let path = url.path else { return nil }
        return try LocalRepository(path)?.revision(of: settings.ref)
    }

    package func fetch(_ revision: Revision) async throws(GitFailure) {
        if try await isHere(revision) { return }
        try await perform { [self] watch throws(GitFailure) in try bring(revision, watch) }
    }

    package func lookUp(_ text: String) async throws(GitFailure) -> Revision {
        if let revision = Self.wholeRevision(text), try await isHere(revision) { return revision }
        return try await perform { [self] watch throws(GitFailure) in try find(text, watch) }
    }

    /// Returns true if the mirror has the revision. It does not wait for the remote.
    private func isHere(_ revision: Revision) async throws(GitFailure) -> Bool {
        try await performLocally { [self] () throws(GitFailure) in
            guard let id = objectID(revision.commit), case .whole = holding(id, in: directory.repository) else {
                return false
            }
            return true
        }
    }

    /// Creates a pass over the network with the login that the remote needs.
    func pass(_ watch: Watch) throws(GitFailure) -> RemotePass {
        let login = try login(watch)
        return try RemotePass(
            settings, url: url, login: login, watch: watch, redaction: login.map(redaction.adding) ?? redaction)
    }

    /// Returns the login for http and https, or nil if none is configured.
    /// - Throws: `.authenticationFailed` if the login is not readable, or has to be requested first. In that case it
    ///   sets `wantsLogin` of the watch.
    private func login(_ watch: Watch) throws(GitFailure) -> GitLogin? {
        guard url.scheme == .https || url.scheme == .http else { return nil }
        switch settings.credentials {
        case .sshKey, .sshAgent: return nil
        case .none:
            guard let info = url.userInfo, let password = info.password else { return nil }
            return GitLogin(username: info.name, password: password)
        case .token(let token, let username):
            return GitLogin(username: username ?? GitLogin.tokenUser, password: try token.read("the token"))
        case .usernamePassword(let username, let password):
            return GitLogin(username: username, password: try password.read("the password"))
        case .source:
            guard let login = watch.login else {
                watch.wantsLogin = true
                throw GitFailure(
                    .authenticationFailed, "cannot log in to source \(settings.name): the login is not known yet")
            }
            return login
        }
    }

    /// Runs one pass on the remote thread. If the task is canceled, the pass ends at once.
    ///
    /// If the pass needs a login from a login source, the login is requested and the pass starts again with its full
    /// time.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Watch) throws(GitFailure) -> Value
    ) async throws(GitFailure) -> Value {
        let watch = Watch(settings, url: url)
        let result = await attempt(body, watch)
        guard watch.wantsLogin, case .source(let source) = settings.credentials else { return try result.get() }
        let login = try await source.login()
        // A new watch, because the time to get the login does not count.
        let second = Watch(settings, url: url)
        second.login = login
        do throws(GitFailure) {
            return try await attempt(body, second).get()
        } catch {
            if error.reason == .authenticationFailed { await source.refused(login) }
            throw error
        }
    }

    private func attempt<Value: Sendable>(
        _ body: @escaping @Sendable (Watch) throws(GitFailure) -> Value, _ watch: Watch
    ) async -> Result<Value, GitFailure> {
        await threads.remote.run(limit: deadline, onCancel: { watch.abort() }) {
            Result { () throws(GitFailure) in
                try GitLibrary.start()
                watch.begin()
                return try body(watch)
            }
        }
    }

    /// Runs `body` on the local thread. It must not wait for the remote.
    func performLocally<Value: Sendable>(
        _ body: @escaping @Sendable () throws(GitFailure) -> Value
    ) async throws(GitFailure) -> Value {
        try await threads.local.run(limit: deadline) {
            Result { () throws(GitFailure) in
                try GitLibrary.start()
                return try body()
            }
        }.get()
    }

    /// The time after which a job that has not returned is abandoned: the timeout, at which a pass ends itself, and 10
    /// s.
    var deadline: Duration { settings.limits.timeout + Self.margin }

    private static let margin = Duration.seconds(10)

    /// Returns a path without `.` and without slashes at its ends; empty for the root.
    private static func normal(_ path: String) throws(GitFailure) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else {
            throw GitFailure(
                .refused, "invalid path \(path): it must not contain ..",
                hint: "write the path from the root of the repository")
        }
        return parts.count > 1 ? parts.joined(separator: "/") : parts.first.map(String.init) ?? ""
    }
}
