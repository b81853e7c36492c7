internal import Dispatch
internal import Glibc
internal import PrewarmEngine
internal import Synchronization

/// The connection that receives the notifications of other processes (`LISTEN`). It has a thread of its own, and connects
/// again after it broke.
///
/// A pooler like PgBouncer gives the connection to the server to another client after each transaction, so notifications do not
/// arrive there. Then it only looks again now and then, and all loops of prewarm poll.
final class PostgresListener: Sendable {
    /// The name of this process in the notifications that it sends. It ignores them when they return.
    static let process = String(UInt64.random(in: .min ... .max), radix: 16)

    private static let shortestPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(10)
    /// The time after which a pooler is asked again whether it still is one.
    private static let poolerPause = Duration.seconds(300)

    private let settings: SessionSettings
    private let channel: String
    private let isEnded = Mutex(false)

    private init(_ settings: SessionSettings, _ channel: String) {
        self.settings = settings
        self.channel = channel
    }

    /// Returns the hints of other processes. The connection ends soon after the stream.
    static func hints(at settings: SessionSettings, channel: String) -> AsyncStream<StoreHint> {
        let listener = PostgresListener(settings, channel)
        // If the reader is slow, it loses hints, so that it learns that some were lost.
        return AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            continuation.onTermination = { _ in listener.isEnded.withLock { $0 = true } }
            DispatchQueue(label: "prewarm.postgres.listener").async { listener.run(continuation) }
        }
    }

    private func run(_ output: AsyncStream<StoreHint>.Continuation) {
        var pause = Self.shortestPause
        while !isEnded.withLock({ $0 }) {
            do {
                if try listen(output) { pause = Self.shortestPause } else { pause = Self.poolerPause }
            } catch {
                pause = min(pause * 2, Self.longestPause)
            }
            sleep(pause)
        }
        output.finish()
    }

    /// Listens until the connection breaks or the stream ends. Returns false if notifications cannot arrive.
    private func listen(_ output: AsyncStream<StoreHint>.Continuation) throws -> Bool {
        let deadline = ContinuousClock.now + settings.limits.connect
        let link = try PostgresLink(settings.address, first: 0, by: deadline)
        if try link.isPooled(by: deadline) { return false }
        try link.run("LISTEN \(channel)", by: deadline)
        settings.counters.listens(true)
        defer { settings.counters.listens(false) }
        // What happened before the connection was made is unknown.
        output.yield(.unknown)
        while !isEnded.withLock({ $0 }) {
            for payload in try link.notifications(by: .now + .seconds(1)) { report(payload, to: output) }
        }
        return true
    }

    private func report(_ payload: String, to output: AsyncStream<StoreHint>.Continuation) {
        let parts = payload.split(separator: ",")
        guard let sender = parts.first, sender != Self.process else { return }
        for part in parts.dropFirst() {
            if case .dropped = output.yield(StoreHint(part)) { output.yield(.unknown) }
        }
    }

    private func sleep(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while .now < end, !isEnded.withLock({ $0 }) {
            let rest = min(end - .now, .seconds(1))
            usleep(UInt32(rest / .microseconds(1)) + 1)
        }
    }
}
