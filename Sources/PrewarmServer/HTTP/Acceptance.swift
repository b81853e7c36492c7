internal import Glibc
internal import NIOCore
internal import Synchronization

/// The pace at which connections are accepted.
///
/// Hummingbird stops accepting while ten connections wait for their tasks. Under a flood of connections, users then wait in
/// the queue of the kernel. If that queue overflows, the client tries again only after a second. So prewarm continues to
/// accept until ``most`` connections wait. ``ConnectionTable`` limits how many are open.
final class Acceptance: Sendable {
    /// The most connections that are accepted before the event loop looks at other events.
    private static let mostAtOnce = 32
    /// The most connections that the kernel queues. The kernel takes its own limit if that is smaller
    /// (`net.core.somaxconn`, 4096 since Linux 5.4).
    static let backlog = 4096
    /// The seconds that a connection may send nothing before it is accepted. The kernel rounds it up to a number of its own
    /// retries: 15 s.
    private static let silence = 10

    /// The most connections that may wait for their tasks while more are accepted.
    private let most: Int
    private let waiting = Atomic(0)

    init(most: Int = 1024) { self.most = most }

    /// The number of connections that wait for their tasks.
    var waitingCount: Int { waiting.load(ordering: .relaxed) }

    /// Counts a connection that has a pipeline and no task yet.
    func accepted() { waiting.add(1, ordering: .relaxed) }

    /// Counts a connection whose task has begun.
    func handled() { waiting.subtract(1, ordering: .relaxed) }

    /// Applies the pace to a channel that listens. The kernel keeps connections that send nothing to itself for ``silence``
    /// (`TCP_DEFER_ACCEPT`, tcp(7)).
    func apply(to channel: any Channel) async throws {
        try await channel.setOption(.tcpOption(.init(rawValue: TCP_DEFER_ACCEPT)), value: Self.silence).get()
        try await channel.setOption(.maxMessagesPerRead, value: UInt(Self.mostAtOnce)).get()
        try await channel.pipeline.addHandler(Handler(self), position: .first).get()
        channel.read()
    }

    /// The channel handler of the channel that listens. It comes before the handler that stops accepting.
    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = any Channel

        private let acceptance: Acceptance

        init(_ acceptance: Acceptance) { self.acceptance = acceptance }

        func channelReadComplete(context: ChannelHandlerContext) {
            context.fireChannelReadComplete()
            if acceptance.waitingCount < acceptance.most { context.read() }
        }
    }
}
