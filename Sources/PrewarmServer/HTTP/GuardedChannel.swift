internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// An HTTP/1 connection with a ``ConnectionGate``.
struct GuardedChannel: ServerChildChannel {
    let base: HTTP1Channel
    let table: ConnectionTable
    let acceptance: Acceptance
    /// Returns the key by which connections are counted; nil if they count only in total.
    let group: @Sendable (SocketAddress?) -> String?
    /// Returns the answer to a request that is refused by its header; nil if the request goes on.
    let refusal: @Sendable (HTTPRequestHead, SocketAddress?) -> EarlyAnswer?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        // The kernel hands over a silent connection when its client closes it.
        guard !channel.isClosedByClient else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(ChannelError.eof)
        }
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ConnectionGate(table, group: group, refusal: refusal), position: .after(decoder))
            acceptance.accepted()
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        acceptance.handled()
        await base.handle(value: value, logger: logger)
    }
}

extension Channel {
    /// A flag that is true if the client has closed the connection and everything that it sent was read. It is read on the
    /// channel's event loop.
    fileprivate var isClosedByClient: Bool {
        let operations = pipeline.syncOperations
        let count = try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
            var byte: UInt8 = 0
            return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        }
        return count == 0
    }
}
