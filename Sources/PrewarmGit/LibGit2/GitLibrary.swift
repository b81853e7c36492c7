internal import CGitStream
internal import CLibGit2
import Glibc
import PrewarmEngine
import Synchronization

/// libgit2's process-wide state: set up once, at the first use (it costs 4.5 ms), and never torn down.
enum GitLibrary {
    /// Throws what the set-up threw, each time anew.
    static func start() throws(GitFailure) {
        if let problem { throw problem }
    }

    private static let problem: GitFailure? = {
        guard git_libgit2_init() > 0 else {
            return GitFailure(.fetchFailed, "libgit2 can't be set up: \(LibGit2Error.last(code: -1).message)")
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

/// libgit2 knows one set of trusted certificates for the whole process. Passes that trust the same run side by side;
/// one that trusts another file waits until they are done.
final class CertificateTrust: Sendable {
    static let shared = CertificateTrust()

    private struct State {
        var trusted: Trusted?
        var users = 0
    }

    /// A file as it is now: one that was written anew is read anew.
    private struct Trusted: Hashable {
        let file: String?
        let modified: Int
        let size: Int

        init(_ file: String?) {
            var status = stat()
            let isThere = stat(file ?? CertificateTrust.systemFile, &status) == 0
            self.file = file
            modified = isThere ? status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec : 0
            size = isThere ? status.st_size : -1
        }
    }

    private let state = Mutex(State())
    private static let systemFile = "/etc/ssl/certs/ca-certificates.crt"

    /// Blocks, on the thread of a mirror, until nobody needs another file or `isOver` says to give up.
    func enter(file: String?, isOver: () -> Bool) throws(GitFailure) {
        while true {
            let wanted = Trusted(file)
            let result: Result<Bool, GitFailure> = state.withLock { state in
                guard state.trusted == wanted || state.users == 0 else { return .success(false) }
                if state.trusted != wanted, prewarm_git_set_certificate_file(file ?? Self.systemFile) != 0 {
                    let reason = LibGit2Error.last(code: -1).message
                    state.trusted = nil
                    return .failure(
                        GitFailure(.refused, "the certificates in \(file ?? Self.systemFile) can't be used: \(reason)"))
                }
                state.trusted = wanted
                state.users += 1
                return .success(true)
            }
            if try result.get() { return }
            guard !isOver() else {
                throw GitFailure(.unreachable, "waited in vain for sources with another certificate file")
            }
            usleep(5_000)
        }
    }

    func leave() {
        state.withLock { $0.users -= 1 }
    }
}
