internal import CLibGit2
import Glibc
import PrewarmEngine
import Synchronization

/// libgit2 knows one set of trusted certificates for the whole process. Handshakes that trust the same file run side by
/// side; one that trusts another waits until they are done.
final class CertificateTrust: Sendable {
    static let shared = CertificateTrust()

    private struct State {
        var trusted: Trusted?
        var users = 0
        /// The numbers of those that wait, in the order in which they came.
        var waiting: [Int] = []
        var count = 0
    }

    /// A file as it is now: one that was written anew is read anew.
    private struct Trusted: Hashable {
        let file: String?
        let stamp: FileStamp?

        init(_ file: String?) {
            self.file = file
            stamp = FileStamp(file ?? CertificateTrust.systemFile)
        }
    }

    private let state = Mutex(State())
    private static let systemFile = "/etc/ssl/certs/ca-certificates.crt"

    /// Blocks, on the thread of a mirror, until no handshake needs another file or `isOver` says to give up. Handshakes
    /// begin in the order in which they were asked for, so that servers that say nothing keep others waiting once only.
    func enter(file: String?, isOver: () -> Bool) throws(GitFailure) {
        let number = state.withLock { state in
            state.count += 1
            state.waiting.append(state.count)
            return state.count
        }
        defer { state.withLock { state in state.waiting.removeAll { $0 == number } } }
        while true {
            let wanted = Trusted(file)
            let result: Result<Bool, GitFailure> = state.withLock { state in
                guard state.waiting.first == number, state.trusted == wanted || state.users == 0 else {
                    return .success(false)
                }
                if state.trusted != wanted, prewarm_git_set_certificate_file(file ?? Self.systemFile) != 0 {
                    let reason = LibGit2Error.last(code: -1).message
                    state.trusted = nil
                    return .failure(
                        GitFailure(
                            .refused, "cannot use the certificates in \(file ?? Self.systemFile): \(reason)",
                            hint: "check that it is a file of PEM certificates, and that prewarm may read it"))
                }
                state.trusted = wanted
                state.users += 1
                return .success(true)
            }
            if try result.get() { return }
            guard !isOver() else {
                throw GitFailure(
                    .unreachable, "cannot connect in time: sources with another `caFile` were still connecting",
                    hint: "raise `timeout` of the source, or use one `caFile` for all sources")
            }
            usleep(5_000)
        }
    }

    func leave() {
        state.withLock { $0.users -= 1 }
    }
}

/// The trust that one pass needs while it makes a connection, and not a moment longer: a server that is slow afterwards
/// holds back nobody who trusts other certificates. For the thread of its mirror alone.
final class TrustHold {
    private let file: String?
    private let watch: Watch
    private var isHeld = false
    /// Why it could not be had.
    private(set) var failure: GitFailure?

    init(file: String?, watch: Watch) {
        self.file = file
        self.watch = watch
    }

    deinit { letGo() }

    /// Negative where it can't be had.
    func take() -> Int32 {
        guard !isHeld else { return 0 }
        do throws(GitFailure) {
            try CertificateTrust.shared.enter(file: file) { watch.isOver }
            isHeld = true
            return 0
        } catch {
            failure = error
            return -1
        }
    }

    @discardableResult
    func letGo() -> Int32 {
        if isHeld { CertificateTrust.shared.leave() }
        isHeld = false
        return 0
    }
}
