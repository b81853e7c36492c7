internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOExtras
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOPosix
internal import NIOSSL

/// The socket that listens, and the connections whose first request it lets in.
///
/// A connection that is idle or refused costs no task and no HTTP handlers beyond a parser, because a flood of them would
/// take most of the daemon's time.
struct HTTPListener: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    /// The most connections that the kernel queues. The kernel takes its own limit if that is smaller
    /// (`net.core.somaxconn`, 4096 since Linux 5.4).
    private static let backlog: Int32 = 4096
    /// The most connections that are accepted before the event loop looks at other events.
    private static let mostAtOnce: UInt = 32
    /// The seconds for which the kernel keeps a connection that sends nothing to itself (`TCP_DEFER_ACCEPT`, tcp(7)). It
    /// rounds the number up to the time of one of its own retries: 15 s.
    private static let silence = 10
    /// The time after which a connection without a request is closed.
    private static let idleTime = Duration.seconds(75)
    /// The most bytes of a header, and of each of its fields.
    private static let headerLimit = 32 * 1024
    private static let headerFieldLimit = 100

    let channel: any Channel
    private let admitted: AdmittedConnections
    private let quiescing: ServerQuiescingHelper

    /// Listens at an address.
    /// - Parameters:
    ///   - tls: The context of TLS; nil for plain HTTP.
    ///   - gate: Makes the gate of a new connection, which calls the closure before it passes the first request on.
    /// - Throws: The error of the system, for example if the port is in use.
    init(
        _ address: ListenAddress, tls: NIOSSLContext?, logger: Logger,
        gate: @escaping @Sendable (@escaping ConnectionGate.Admission) -> ConnectionGate
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let admitted = AdmittedConnections()
        let quiescing = ServerQuiescingHelper(group: group)
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.tcpOption(.init(rawValue: TCP_DEFER_ACCEPT)), value: Self.silence)
            .serverChannelOption(.maxMessagesPerRead, value: Self.mostAtOnce)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.prepare(channel, tls: tls)
                    let gate = gate { channel in try Self.admit(channel, to: admitted, logger: logger) }
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .bind(host: address.host, port: address.port).get()
        channel.closeFuture.whenComplete { _ in admitted.end() }
        self.admitted = admitted
        self.quiescing = quiescing
    }

    /// Handles each connection with a first request in a task. It returns when the socket and all these connections are closed.
    func handle(_ body: @escaping @Sendable (Connection) async -> Void) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await _ in admitted.news {
                    for connection in admitted.take() { group.addTask { await body(connection) } }
                }
                for connection in admitted.close() { group.addTask { await body(connection) } }
            }
        } onCancel: {
            quiesce()
        }
    }

    /// Closes the socket and the connections that are idle. Other connections close after their current answer.
    func quiesce() { quiescing.initiateShutdown(promise: nil) }

    /// Adds the handlers of TLS and HTTP to a new connection.
    private static func prepare(_ channel: any Channel, tls: NIOSSLContext?) throws {
        // The kernel hands over a silent connection when its client closes it.
        guard !channel.isClosedByClient else { throw ChannelError.eof }
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerLimit
        limits.maxHeaderListSize = headerLimit
        limits.maxHeaderFieldCount = headerFieldLimit
        // The codec of ``admit(_:to:logger:)`` checks the headers of answers.
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
    }

    /// Adds the handlers of requests to a connection whose first request is about to be passed on, and hands the connection
    /// over.
    private static func admit(
        _ channel: any Channel, to admitted: AdmittedConnections, logger: Logger
    ) throws {
        try admitted.add {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(HangUpHandler())
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTime, logger: logger))
            return try Connection(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
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
