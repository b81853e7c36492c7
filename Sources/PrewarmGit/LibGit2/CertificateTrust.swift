internal import CLibGit2
import Glibc
import PrewarmEngine
import Synchronization

/// The trusted certificates of libgit2, which has one set for the whole process. Handshakes that trust the same file
/// run at the same time. A handshake that trusts another file waits until they are done.
final class CertificateTrust: Sendable {
    static let shared = CertificateTrust()

    private struct State {
        var trusted: Trusted?
        var users = 0
        /// The numbers of the waiting handshakes, in their order.
        var waiting: [Int] = []
        var count = 0
    }

    /// A file of certificates with its stamp, so that a changed file is read again.
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

    /// Blocks until no handshake needs another file. Handshakes begin in the order of the calls, so that a silent
    /// server delays others only once.
    /// - Throws: `.refused` if the file cannot be used, `.unreachable` if `isOver` returns true.
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

/// The trust that one pass holds while it connects. It is released after the handshake, so that a slow server does not
/// delay handshakes that trust other certificates. Only the remote thread of the mirror uses it.
final class TrustHold {
    private let file: String?
    private let watch: Watch
    private var isHeld = false
    /// The reason why the trust could not be taken.
    private(set) var failure: GitFailure?

    init(file: String?, watch: Watch) {
        self.file = file
        self.watch = watch
    }

    deinit { letGo() }

    /// Takes the trust. Returns a negative value if that failed.
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
