import NIOCore
import NIOPosix

/// A test that connects to a TCP port.
///
/// The proxies of container engines accept connections before the program in the container does, and then close them. So
/// a connection has to stay open for a moment, or to receive data.
struct PortProbe: Sendable {
    let address: ContainerStatus.Address

    private static let patience = TimeAmount.milliseconds(250)

    func problem(timeout: Duration) async -> String? {
        let limit = TimeAmount.nanoseconds(timeout.components.seconds * 1_000_000_000 + 1_000_000)
        let place = "port \(address.port) of \(address.host)"
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(StayingOpen(channel.eventLoop, Self.patience))
                    }
                }
                .connect(host: address.host, port: address.port).get()
            let isOpen = try await channel.pipeline.handler(type: StayingOpen.self).flatMap(\.isOpen).get()
            channel.close(promise: nil)
            return isOpen ? nil : "\(place) closes connections at once"
        } catch {
            return "\(place) accepts no connection"
        }
    }
}

/// A handler that learns whether a connection stays open.
private final class StayingOpen: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<Bool>
    private let patience: TimeAmount

    var isOpen: EventLoopFuture<Bool> { promise.futureResult }

    init(_ loop: any EventLoop, _ patience: TimeAmount) {
        promise = loop.makePromise()
        self.patience = patience
    }

    func channelActive(context: ChannelHandlerContext) {
        let promise = promise
        context.eventLoop.scheduleTask(in: patience) { promise.succeed(true) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { promise.succeed(true) }
    func channelInactive(context: ChannelHandlerContext) { promise.succeed(false) }
    func handlerRemoved(context: ChannelHandlerContext) { promise.succeed(false) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.succeed(false) }
}
