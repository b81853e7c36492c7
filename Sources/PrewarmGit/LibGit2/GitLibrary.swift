internal import CLibGit2
import PrewarmEngine

/// The process-wide state of libgit2. It is loaded and set up at the first use, which takes 3 ms, and never shut down.
package enum GitLibrary {
    /// Sets up libgit2 once. If that failed, each call throws the same failure.
    static func start() throws(GitFailure) {
        if let problem { throw problem }
    }

    /// The limit for one allocation, in bytes: the largest object that is unpacked, 100 MiB as on forges, and a margin.
    /// A larger file may be in a pack if the server sends it whole, not as a delta.
    private static let largestPiece = 101 << 20
    /// The limit for the sum of all allocations of 1 MiB or more, in bytes. Unpacking a delta holds the base and the
    /// result in memory, for example 90 MiB + 90 MiB.
    private static let mostMemory = 192 << 20

    /// The loaded version: `1.5.1`.
    package static var version: String {
        var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
        _ = git_libgit2_version(&major, &minor, &revision)
        return "\(major).\(minor).\(revision)"
    }

    /// The limitation of libgit2 to SHA-1 objects, as a sentence for hints and for `prewarm doctor`.
    package static var limit: String {
        "libgit2 \(version) reads repositories of SHA-1 objects only: convert a SHA-256 repository, for example with "
            + "`git fast-export` and `git fast-import` into a new repository of `git init --object-format=sha1`"
    }

    private static let problem: GitFailure? = {
        guard git_libgit2_init() > 0 else {
            let hint =
                prewarm_git_is_there() == 0
                ? "install libgit2 \(LIBGIT2_VER_MAJOR).\(LIBGIT2_VER_MINOR), which this prewarm was built with" : nil
            return GitFailure(
                .fetchFailed, "cannot set up libgit2: \(LibGit2Error.last(code: -1).message)", hint: hint)
        }
        guard prewarm_git_limit_memory(largestPiece, mostMemory) == 0 else {
            return GitFailure(.fetchFailed, "cannot set up libgit2: it does not accept a memory limit")
        }
        // Read no git configuration of the user or the machine: `insteadOf` could change the URL. Credentials and
        // proxies come from prewarm's own configuration.
        for level in [
            GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA,
        ] {
            _ = prewarm_git_set_search_path(level.rawValue, "")
        }
        // The operator names each repository on disk in prewarm's configuration. That replaces `safe.directory`, which
        // libgit2 could only read from a git configuration.
        _ = prewarm_git_set_owner_validation(0)
        _ = prewarm_git_set_cache_size(16 << 20)
        guard prewarm_git_refuse_other_transports() == 0 else {
            return GitFailure(.fetchFailed, "cannot set up libgit2: it does not accept other transports")
        }
        return nil
    }()
}
