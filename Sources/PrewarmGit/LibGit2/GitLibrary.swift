internal import CGitStream
internal import CLibGit2
import PrewarmEngine

/// libgit2's process-wide state: loaded and set up once, at the first use (it costs 3 ms), and never torn down.
enum GitLibrary {
    /// Throws what the set-up threw, each time anew.
    static func start() throws(GitFailure) {
        if let problem { throw problem }
    }

    /// The size of the largest object, in bytes, that is ever unpacked whole, and a little more. Forges take files of up to
    /// 100 MiB. Files that a server sends whole, and not as a difference to others, may be of any size.
    private static let largestPiece = 101 << 20
    /// In bytes, of all pieces of a MiB or more at once. An object that is made from another needs both.
    private static let mostMemory = 192 << 20

    private static let problem: GitFailure? = {
        guard git_libgit2_init() > 0 else {
            let hint =
                prewarm_git_is_there() == 0
                ? "install libgit2 \(LIBGIT2_VER_MAJOR).\(LIBGIT2_VER_MINOR), which this prewarm was built with" : nil
            return GitFailure(
                .fetchFailed, "libgit2 can't be set up: \(LibGit2Error.last(code: -1).message)", hint: hint)
        }
        guard prewarm_git_limit_memory(largestPiece, mostMemory) == 0 else {
            return GitFailure(.fetchFailed, "libgit2 takes no limit on its memory")
        }
        // No git configuration of the user or the machine: `insteadOf` could lead elsewhere, credential helpers and
        // proxies are set in prewarm's own.
        for level in [
            GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA,
        ] {
            _ = prewarm_git_set_search_path(level.rawValue, "")
        }
        // The operator names each repository on disk in the configuration and allows files for it: that says what
        // `safe.directory` would, which can't be said, as no git configuration is read.
        _ = prewarm_git_set_owner_validation(0)
        _ = prewarm_git_set_cache_size(16 << 20)
        _ = prewarm_git_set_user_agent("prewarm")
        guard prewarm_git_stream_register() == 0 else {
            return GitFailure(.fetchFailed, "libgit2 does not take the socket stream with time limits")
        }
        return nil
    }()
}
