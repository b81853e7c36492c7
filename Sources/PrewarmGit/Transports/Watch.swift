import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization

/// The time limits of one pass over the network, and the observations that explain a failure.
///
/// The thread of the pass reads and writes under the watch. Other threads may only abort it.
final class Watch: Sendable {
    /// The step that a stream waits for.
    enum Phase: Sendable {
        /// The connection, and for https the TLS handshake.
        case connecting
        case reading, writing
        /// An answer of the ssh agent.
        case agent
    }

    /// The reason why a pass ended early.
    enum End: Sendable {
        /// Nothing came or went for the idle time.
        case idle(Phase)
        /// The total time has passed.
        case overdue
        case aborted
        /// The server closed the connection. It is a failure only if libgit2 expected more.
        case closed
        /// The server sent more than the limit.
        case tooMuch
        /// The transport found the reason itself.
        case failed(GitFailure)
    }

    private struct State {
        var deadline: SuspendingClock.Instant
        var end: End?
        /// The number of bytes that came from the server.
        var received: UInt64 = 0
        /// The number of received bytes at which the pass ends, or nil without a limit.
        var most: UInt64?
        /// Wakes the thread of the pass.
        var wake: (@Sendable () -> Void)?
        var login: GitLogin?
        var wantsLogin = false
        var hostKey: SeenHostKey?
    }

    private let state: Mutex<State>
    private let settings: GitSettings
    private let url: RepositoryURL

    init(_ settings: GitSettings, url: RepositoryURL) {
        state = Mutex(State(deadline: .now + settings.limits.timeout))
        self.settings = settings
        self.url = url
    }

    /// The login to send to the server, once it is known.
    var login: GitLogin? {
        get { state.withLock(\.login) }
        set { state.withLock { $0.login = newValue } }
    }

    /// True if the pass needs a login that is not known yet.
    var wantsLogin: Bool {
        get { state.withLock(\.wantsLogin) }
        set { state.withLock { $0.wantsLogin = newValue } }
    }

    /// The host key that the server showed last.
    var hostKey: SeenHostKey? {
        get { state.withLock(\.hostKey) }
        set { state.withLock { $0.hostKey = newValue } }
    }

    /// Starts the total time now, so that the wait for a thread does not count.
    func begin() {
        state.withLock { $0.deadline = .now + settings.limits.timeout }
    }

    /// Forgets what an earlier request of the pass met, unless it ended the pass.
    func beginRequest() {
        state.withLock { state in
            switch state.end {
            case .overdue, .aborted: break
            default: state.end = nil
            }
            state.received = 0
        }
    }

    /// True if the total time has passed or the pass was aborted.
    var isOver: Bool {
        state.withLock { state in
            if SuspendingClock.now >= state.deadline {
                Self.note(.overdue, &state)
                return true
            }
            if case .aborted = state.end { return true }
            return false
        }
    }

    /// Ends the pass at once. It may be called from any thread.
    func abort() {
        let wake = state.withLock { state in
            Self.note(.aborted, &state)
            return state.wake
        }
        wake?()
    }

    /// Sets the closure that wakes the thread of the pass if it is aborted. If the pass is aborted already, the closure
    /// is called at once.
    func setWake(_ wake: (@Sendable () -> Void)?) {
        let isAborted = state.withLock { state in
            state.wake = wake
            if case .aborted = state.end { return true }
            return false
        }
        if isAborted { wake?() }
    }

    /// Notes why the pass ended. The first reason stands, because later ones are only its consequences.
    func note(_ end: End) {
        state.withLock { Self.note(end, &$0) }
    }

    private static func note(_ end: End, _ state: inout State) {
        switch state.end {
        case nil, .closed: state.end = end
        default: break
        }
    }

    /// Counts bytes that came from the server.
    /// - Returns: false if they exceed the limit. Then the pass has ended.
    func count(_ bytes: Int) -> Bool {
        state.withLock { state in
            state.received += UInt64(bytes)
            guard let most = state.most, state.received > most else { return true }
            Self.note(.tooMuch, &state)
            return false
        }
    }

    /// Returns how long the pass may wait, or nil if its time is over or it was aborted.
    /// - Parameter progress: the time at which the last byte came or went.
    func patience(since progress: SuspendingClock.Instant, in phase: Phase) -> Duration? {
        state.withLock { state in
            let now = SuspendingClock.now
            if now >= state.deadline {
                // That the agent is silent says more than that the pass took too long.
                if case .agent = phase { Self.note(.idle(phase), &state) }
                Self.note(.overdue, &state)
            }
            let idleEnd = progress + settings.limits.idleTimeout
            if now >= idleEnd { Self.note(.idle(phase), &state) }
            switch state.end {
            case nil, .closed: return min(idleEnd, state.deadline) - now
            default: return nil
            }
        }
    }

    /// The maximum size of the list of references, in bytes; about a million references. libgit2 holds all of them in
    /// memory and has no limit.
    static let mostOfListing: UInt64 = 64 << 20

    /// Runs `body`, and fails it if the server sends more than about `most` bytes.
    func limited<Value>(
        to most: UInt64, _ body: () throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        state.withLock { $0.most = $0.received + most }
        defer { state.withLock { $0.most = nil } }
        return try body()
    }

    /// Returns the failure of the network if it explains why a call failed.
    func failure() -> GitFailure? {
        let (end, received) = state.withLock { ($0.end, $0.received) }
        let address = settings.proxy == nil || url.scheme != .https ? server : "the proxy \(proxyAddress)"
        let waited = settings.limits.idleTimeout.shortText
        func late(_ what: String) -> GitFailure {
            GitFailure(.unreachable, "cannot \(what) for \(waited)", hint: slowHint)
        }
        switch end {
        case .failed(let failure): return failure
        case .idle(.connecting):
            return GitFailure(
                .unreachable, "cannot connect to \(address): no answer within \(waited)", hint: slowHint)
        case .idle(.agent):
            return GitFailure(
                .authenticationFailed, "cannot use the ssh agent: it did not answer in time",
                hint: "check the agent of $SSH_AUTH_SOCK with `ssh-add -l`")
        case .idle(.writing): return late("complete the request to \(address): it accepted no data")
        case .idle:
            let silence = received == 0 ? "accepted the connection, but sent nothing" : "sent no more data"
            return late("complete the request to \(address): it \(silence)")
        case .overdue:
            return GitFailure(
                .unreachable,
                "cannot complete the request to \(address): it did not finish within "
                    + settings.limits.timeout.shortText,
                hint: "raise `timeout` of source \(settings.name) if its repository is large")
        case .tooMuch:
            return GitFailure(
                .tooLarge,
                "cannot list the references of \(server): they are larger than \(Self.mostOfListing.sizeText)",
                hint: "move the manifests to a repository of their own")
        case .aborted:
            return GitFailure(.unreachable, "cannot complete the request to \(address): it was canceled")
        case .closed, nil: return nil
        }
    }

    /// The next step if the remote is silent for too long.
    private var slowHint: String {
        "check the network and the server, or raise `timeout` of source \(settings.name). A server may be silent for a "
            + "sixth of the timeout, but at least 10 s"
    }

    /// True if the server closed the connection.
    var wasClosed: Bool {
        if case .closed = state.withLock(\.end) { true } else { false }
    }

    private var server: String { url.host.isEmpty ? url.display : "\(url.host):\(url.port)" }

    private var proxyAddress: String {
        settings.proxy.flatMap { ProxyURL($0) }.map { "\($0.host):\($0.port)" } ?? server
    }
}

extension Duration {
    /// The duration with a unit and at most one decimal: `10 s`, `1.5 s`, `250 ms`.
    var shortText: String {
        let milliseconds = wholeMilliseconds
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(Double(milliseconds / 100) / 10) s"
    }
}
