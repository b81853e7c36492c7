internal import CGitStream
import Dispatch
import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization

/// The time limits of one pass over the network, and what it met.
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
            throw GitFailure(.fetchFailed, "out of memory")
        }
        self.pointer = pointer
        self.settings = settings
        self.url = url
    }

    deinit { prewarm_git_watch_free(pointer) }

    /// What the server is to get, once it is known.
    var login: GitLogin? {
        get { found.withLock(\.login) }
        set { found.withLock { $0.login = newValue } }
    }

    /// The pass can't be made without a login.
    var wantsLogin: Bool {
        get { found.withLock(\.wantsLogin) }
        set { found.withLock { $0.wantsLogin = newValue } }
    }

    /// The last one that a server showed.
    var hostKey: SeenHostKey? {
        get { found.withLock(\.hostKey) }
        set { found.withLock { $0.hostKey = newValue } }
    }

    /// Lets the time run from now on: what a pass waited for its thread is not the server's.
    func begin() {
        prewarm_git_watch_begin(pointer)
    }

    /// Whether the time is over, or the pass was aborted.
    var isOver: Bool { prewarm_git_watch_is_over(pointer) != 0 }

    /// From any thread: whoever waits for the network gives up at once.
    func abort() {
        prewarm_git_watch_abort(pointer)
    }

    /// What the server may say while the body runs: as many bytes, give or take some.
    func limited<Value>(
        to most: UInt64, _ body: () throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        prewarm_git_watch_limit(pointer, most)
        defer { prewarm_git_watch_limit(pointer, 0) }
        return try body()
    }

    /// Who is told of connections that come and go; nil: nobody.
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

    /// What the network did, where it is to blame for a call that failed.
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
                .unreachable, "can't find the address of \(place.host): \(String(cString: gai_strerror(report.error)))",
                hint: "check the host in the URL of source \(settings.name), and this machine's DNS")
        case (PREWARM_GIT_IDLE, PREWARM_GIT_RESOLVING):
            return GitFailure(
                .unreachable, "the address of \(place.host) was not found within \(waited)",
                hint: "check this machine's DNS")
        case (PREWARM_GIT_FAILED, PREWARM_GIT_CONNECTING):
            return GitFailure(
                .unreachable, "can't connect to \(address): \(Self.text(report.error))",
                hint: isProxy
                    ? "check `proxy` of source \(settings.name), or what names the proxy in the environment"
                    : "check the host and port in the URL of source \(settings.name), and whether its server is up")
        case (PREWARM_GIT_FAILED, _):
            return GitFailure(.unreachable, "the connection to \(address) broke: \(Self.text(report.error))")
        case (PREWARM_GIT_IDLE, PREWARM_GIT_CONNECTING):
            return GitFailure(.unreachable, "\(address) did not take the connection within \(waited)")
        case (PREWARM_GIT_IDLE, PREWARM_GIT_WRITING):
            return GitFailure(.unreachable, "\(address) took no more data for \(waited)")
        case (PREWARM_GIT_IDLE, _):
            let silence = report.received == 0 ? "took the connection, then sent nothing" : "sent nothing more"
            return GitFailure(.unreachable, "\(address) \(silence) for \(waited)")
        case (PREWARM_GIT_OVERDUE, _):
            return GitFailure(
                .unreachable, "\(address) was not done within \(settings.limits.timeout.shortText)",
                hint: "give source \(settings.name) more time, where its repository is large")
        case (PREWARM_GIT_TOO_MUCH, _):
            return GitFailure(
                .tooLarge, "\(address) lists more references than \(RemotePass.mostOfListing.sizeText) hold",
                hint: "keep manifests in a repository of their own")
        case (PREWARM_GIT_ABORTED, _):
            return GitFailure(.unreachable, "the call to \(address) was cancelled")
        case (PREWARM_GIT_ELSEWHERE, _):
            return GitFailure(
                .refused, "\(url.host):\(url.port) redirects to another host or port, which is not followed",
                hint: "put the address that it redirects to into the configuration, if you trust it")
        default: return nil
        }
    }

    var wasAborted: Bool { prewarm_git_watch_report(pointer).cause == PREWARM_GIT_ABORTED }

    /// Whether the other side hung up.
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
    /// `10 s`, `1.5 s`, `250 ms`.
    var shortText: String {
        let milliseconds = wholeMilliseconds
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(Double(milliseconds / 100) / 10) s"
    }
}
