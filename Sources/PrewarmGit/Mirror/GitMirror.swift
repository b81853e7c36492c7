internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

/// A bare mirror of one repository, on libgit2. Every call of libgit2 is made on a thread of its own; handles live for
/// one pass. Several mirrors, in several processes, may share one directory.
package actor GitMirror: GitSource {
    let settings: GitSettings
    let url: RepositoryURL
    let directory: MirrorDirectory
    let redaction: Redaction
    private let thread: GitThread

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Touches neither network nor disk. Throws `.refused` where the URL, the path or the commit can't be used.
    package init(_ settings: GitSettings) throws(GitFailure) {
        let url = try RepositoryURL(settings.url, allowFile: settings.allowFile)
        var settings = settings
        settings.path = try Self.normal(settings.path)
        if case .commit(let commit) = settings.ref {
            let commit = commit.lowercased()
            guard commit.utf8.count == 40, commit.allSatisfy(\.isHexDigit) else {
                throw GitFailure(
                    .refused, "source \(settings.name) is pinned to \(commit), which is no commit",
                    hint: "write all 40 digits")
            }
            settings.ref = .commit(commit)
        }
        self.settings = settings
        self.url = url
        directory = MirrorDirectory(path: settings.mirror)
        redaction = Redaction(settings, url: url)
        thread = GitThread(name: settings.name)
    }

    /// What messages and the status may show of the URL.
    package nonisolated var displayURL: String { url.display }

    package func head() async throws(GitFailure) -> Revision {
        try await perform { watch throws(GitFailure) in
            if case .commit(let commit) = settings.ref {
                let revision = Revision(ref: nil, commit: commit)
                try bring(revision, watch)
                return revision
            }
            let refs = RefAdvertisement(try pass(watch).list())
            do throws(GitFailure) {
                return try refs.resolve(settings.ref).revision
            } catch {
                throw GitFailure(error.reason, "\(url.display): \(error.message)", hint: error.hint)
            }
        }
    }

    package func fetch(_ revision: Revision) async throws(GitFailure) {
        try await perform { watch throws(GitFailure) in try bring(revision, watch) }
    }

    package func lookUp(_ text: String) async throws(GitFailure) -> Revision {
        try await perform { watch throws(GitFailure) in try find(text, watch) }
    }

    func pass(_ watch: Watch) throws(GitFailure) -> RemotePass {
        try RemotePass(settings, url: url, watch: watch, redaction: redaction)
    }

    /// Runs one pass, synchronously, on the thread of the mirror. A cancelled task ends it at once.
    func perform<Value: Sendable>(
        _ body: (Watch) throws(GitFailure) -> Value
    ) async throws(GitFailure) -> Value {
        try GitLibrary.start()
        let watch = try Watch(settings, url: url)
        let result: Result<Value, GitFailure> = await withTaskCancellationHandler {
            do throws(GitFailure) {
                return .success(try body(watch))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            watch.abort()
        }
        return try result.get()
    }

    /// Without `.`, and without slashes at the ends; empty for the root.
    private static func normal(_ path: String) throws(GitFailure) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else {
            throw GitFailure(.refused, "the path \(path) leads out of the repository")
        }
        return parts.joined(separator: "/")
    }
}
