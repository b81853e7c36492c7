internal import CGitStream
import Dispatch
import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization

/// The time limits of one pass over the network, and the observations that explain a failure.
///
/// `@unchecked Sendable`: the C object has its own lock, and each function called here takes it.
final class Watch: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let settings: GitSettings
    private let url: RepositoryURL
    private let found = Mutex(Found())

    private struct Found {
        var login: GitLogin?
        var wantsLogin = false
        var hostKey: SeenHostKey?
    }

    init(_ settings: GitSettings, url: RepositoryURL) throws(GitFailure) {
        let (host, port) = Self.address(settings, url)
        let idle = Int32(clamping: max(1, settings.limits.idleTimeout.wholeMilliseconds))
        let total = Int32(clamping: max(1, settings.limits.timeout.wholeMilliseconds))
        let target = url.scheme == .https && settings.proxy != nil ? url.address : nil
        guard let pointer = prewarm_git_watch_new(host, port, target, idle, idle, total) else {
            throw GitFailure(.fetchFailed, "cannot connect to \(url.display): out of memory")
        }
        self.pointer = pointer
        self.settings = settings
        self.url = url
    }

    deinit { prewarm_git_watch_free(pointer) }

    /// The login to send to the server, once it is known.
    var login: GitLogin? {
        get { found.withLock(\.login) }
        set { found.withLock { $0.login = newValue } }
    }

    /// True if the pass needs a login that is not known yet.
    var wantsLogin: Bool {
        get { found.withLock(\.wantsLogin) }
        set { found.withLock { $0.wantsLogin = newValue } }
    }

    /// The host key that the server showed last.
    var hostKey: SeenHostKey? {
        get { found.withLock(\.hostKey) }
        set { found.withLock { $0.hostKey = newValue } }
    }

    /// Starts the total time now, so that the wait for a thread does not count.
    func begin() {
        prewarm_git_watch_begin(pointer)
    }

    /// True if the total time has passed or the pass was aborted.
    var isOver: Bool { prewarm_git_watch_is_over(pointer) != 0 }

    /// Ends the pass at once. It may be called from any thread.
    func abort() {
        prewarm_git_watch_abort(pointer)
    }

    /// Runs `body`, and fails it if the server sends more than about `most` bytes.
    func limited<Value>(
        to most: UInt64, _ body: () throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        prewarm_git_watch_limit(pointer, most)
        defer { prewarm_git_watch_limit(pointer, 0) }
        return try body()
    }

    /// Sets the context whose trust is taken and released with each connection, or removes it.
    func tell(_ context: PassContext?) {
        guard let context else { return prewarm_git_watch_set_hooks(pointer, nil, nil, nil) }
        prewarm_git_watch_set_hooks(
            pointer, { PassContext.from($0)?.trust.take() ?? -1 }, { PassContext.from($0)?.trust.letGo() ?? 0 },
            Unmanaged.passUnretained(context).toOpaque())
    }

    /// Runs `body` with this thread's connections under the watch.
    func guarding<Value>(_ body: () throws(LibGit2Error) -> Value) throws(LibGit2Error) -> Value {
        prewarm_git_watch_enter(pointer)
        defer { prewarm_git_watch_leave(pointer) }
        guard url.scheme == .ssh else { return try body() }
        let patrol = DispatchSource.makeTimerSource(queue: .global())
        patrol.schedule(deadline: .now(), repeating: .milliseconds(100))
        patrol.setEventHandler { prewarm_git_watch_patrol(self.pointer) }
        patrol.resume()
        defer { patrol.cancel() }
        return try body()
    }

    /// Returns the failure of the network if it explains why a call failed.
    func failure() -> GitFailure? {
        let report = prewarm_git_watch_report(pointer)
        let place = Self.address(settings, url)
        let server = place.host.isEmpty ? url.display : place.host + (place.port.isEmpty ? "" : ":\(place.port)")
        let isProxy = place.host != url.host || place.port != url.port
        let address = isProxy ? "the proxy \(server)" : server
        let waited = "\(settings.limits.idleTimeout.shortText)"
        switch (report.cause, report.phase) {
        case (PREWARM_GIT_FAILED, PREWARM_GIT_RESOLVING):
            return GitFailure(
                .unreachable, "cannot resolve \(place.host): \(String(cString: gai_strerror(report.error)))",
                hint: isProxy
                    ? "check the host in `proxy` of source \(settings.name), and the DNS settings of this machine"
                    : "check the host in the URL of source \(settings.name), and the DNS settings of this machine")
        case (PREWARM_GIT_IDLE, PREWARM_GIT_RESOLVING):
            return GitFailure(
                .unreachable, "cannot resolve \(place.host): no answer from DNS within \(waited)",
                hint: "check the DNS settings of this machine")
        case (PREWARM_GIT_FAILED, PREWARM_GIT_CONNECTING):
            return GitFailure(
                .unreachable, "cannot connect to \(address): \(Self.text(report.error))",
                hint: isProxy
                    ? "check `proxy` of source \(settings.name), or $HTTPS_PROXY if it is not set"
                    : "check the host and port in the URL of source \(settings.name), and that its server is running")
        case (PREWARM_GIT_FAILED, _):
            return GitFailure(
                .unreachable,
                "cannot complete the request to \(address): the connection broke: \(Self.text(report.error))")
        case (PREWARM_GIT_IDLE, PREWARM_GIT_CONNECTING):
            return GitFailure(
                .unreachable, "cannot connect to \(address): no answer within \(waited)", hint: slowHint)
        case (PREWARM_GIT_IDLE, PREWARM_GIT_WRITING):
            return GitFailure(
                .unreachable, "cannot complete the request to \(address): it accepted no data for \(waited)",
                hint: slowHint)
        case (PREWARM_GIT_IDLE, _):
            let silence = report.received == 0 ? "accepted the connection, but sent nothing" : "sent no more data"
            return GitFailure(
                .unreachable, "cannot complete the request to \(address): it \(silence) for \(waited)", hint: slowHint)
        case (PREWARM_GIT_OVERDUE, _):
            return GitFailure(
                .unreachable,
                "cannot complete the request to \(address): it did not finish within "
                    + settings.limits.timeout.shortText,
                hint: "raise `timeout` of source \(settings.name) if its repository is large")
        case (PREWARM_GIT_TOO_MUCH, _):
            return GitFailure(
                .tooLarge,
                "cannot list the references of \(address): they are larger than \(RemotePass.mostOfListing.sizeText)",
                hint: "move the manifests to a repository of their own")
        case (PREWARM_GIT_ABORTED, _):
            return GitFailure(.unreachable, "cannot complete the request to \(address): it was canceled")
        case (PREWARM_GIT_ELSEWHERE, _):
            return GitFailure(
                .refused,
                "cannot complete the request to \(url.host):\(url.port): it redirects to another host or port, which "
                    + "prewarm does not follow",
                hint: "if you trust the target of the redirect, set it as `url` of source \(settings.name)")
        default: return nil
        }
    }

    /// The next step if the remote is silent for too long.
    private var slowHint: String {
        "check the network and the server, or raise `timeout` of source \(settings.name). A server may be silent for a "
            + "sixth of the timeout, but at least 10 s"
    }

    var wasAborted: Bool { prewarm_git_watch_report(pointer).cause == PREWARM_GIT_ABORTED }

    /// True if the server closed the connection.
    var wasClosed: Bool { prewarm_git_watch_report(pointer).cause == PREWARM_GIT_CLOSED }

    private static func address(_ settings: GitSettings, _ url: RepositoryURL) -> (host: String, port: String) {
        guard url.scheme == .https, let proxy = settings.proxy.flatMap({ ProxyURL($0) }) else {
            return (url.host, url.port)
        }
        return (proxy.host, proxy.port)
    }

    private static func text(_ error: Int32) -> String {
        String(cString: strerror(error)).lowercased()
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
