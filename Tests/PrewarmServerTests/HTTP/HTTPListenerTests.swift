import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOPosix
import Synchronization
import Testing

@testable import PrewarmServer

@Suite("The listener")
struct HTTPListenerTests {
    @Test("Idle and refused connections are not handed over, and idle ones close when the listener stops")
    func handedOver() async throws {
        let table = ConnectionTable(.init(total: 100, perAddress: 100))
        let listener = try await HTTPListener(
            try ListenAddress("127.0.0.1:0"), tls: nil, logger: Logger(label: "test")
        ) { admission in
            ConnectionGate(
                table, group: { $0?.ipAddress },
                refusal: { head, _ in
                    head.uri == "/no" ? EarlyAnswer(status: .notFound, retryAfter: nil, body: "no") : nil
                },
                admission: admission)
        }
        let address = try #require(listener.channel.localAddress)
        let partial = try await connect(to: address, "GET /late HTTP/1.1\r\nHo")
        let refused = try await connect(to: address, "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        // The client closes its end when it has read the answer.
        try await refused.closeFuture.get()
        #expect(try await eventually { table.count == 1 })
        let served = try await connect(to: address, "GET /yes HTTP/1.1\r\nHost: a\r\n\r\n")

        let paths = Mutex<[String?]>([])
        async let handling: Void = listener.handle { connection in
            try? await connection.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                guard case .head(let head) = try await parts.next() else { return }
                paths.withLock { $0.append(head.path) }
                try await outbound.write(.head(.init(status: .noContent)))
                try await outbound.write(.end(nil))
            }
        }
        try await served.closeFuture.get()
        listener.quiesce()
        await handling
        #expect(paths.withLock(\.self) == ["/yes"], "the partial and the refused request came before")
        try await partial.closeFuture.get()
        #expect(try await eventually { table.count == 0 })
    }

    /// Returns a connection that sends a text as soon as it is made.
    private func connect(to address: SocketAddress, _ text: String) async throws -> any Channel {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Greeter(text: text))
                }
            }
            .connect(to: address).get()
    }
}

/// A client that sends a text first.
private final class Greeter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let text: String

    init(text: String) { self.text = text }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        context.fireChannelActive()
    }
}
