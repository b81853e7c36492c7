import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import PrewarmCore
import PrewarmEngine

/// A run of a program in a pod, by the version 5 of the WebSocket protocol of Kubernetes
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/, KEP-4006).
///
/// Only this version can end the standard input of the program, by which the program knows that it has the whole request.
/// The request is no argument and no variable, because the API server writes the arguments into its audit log.
struct PodExec: Sendable {
    let client: KubernetesClient
    let pod: String
    /// The name of the container; nil for the first one.
    let container: String?

    static let subprotocol = "v5.channel.k8s.io"
    /// The largest output in bytes.
    static let outputLimit = 16 << 20

    /// Runs the program, and waits for its exit. If the task is canceled, the connection is closed.
    /// - Parameters:
    ///   - input: The standard input.
    ///   - slack: The length of the longest secret, see ``LogTail``.
    func run(_ command: [String], input: [UInt8], slack: Int) async throws(OperationFailure) -> ProgramResult {
        let call = KubernetesCall(
            path: ObjectResource.pods.path(namespace: client.namespace, name: pod) + "/exec",
            query: [("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
                + (container.map { [("container", $0)] } ?? []) + command.map { ("command", $0) })
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let ending = loop.makePromise(of: ExecEnding.self)
        let session = ExecSession(input: input, slack: slack, ending: ending)
        let channel: any Channel
        do {
            channel = try await connect(on: loop, call, session).get()
        } catch {
            ending.succeed(.closed)
            throw client.unreachable(KubernetesClient.reason(error))
        }
        let result = await withTaskCancellationHandler {
            try? await ending.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        channel.close(promise: nil)
        if Task.isCancelled { throw .canceled }
        return try self.result(result ?? .closed, call)
    }

    private func result(_ ending: ExecEnding, _ call: KubernetesCall) throws(OperationFailure) -> ProgramResult {
        switch ending {
        case .exited(let result): return result
        case .refused(let head, let body): throw client.refusal(head, body, of: call)
        case .tooOld:
            throw OperationFailure(
                .failed,
                "the cluster at \(client.server) cannot pass the request to a program in a pod: it does not "
                    + "support \(Self.subprotocol)",
                hint: "Update the cluster to Kubernetes 1.30 or newer, or use `handover.patch`.")
        case .failed(let message):
            throw OperationFailure(
                .failed,
                "the program cannot run in the Pod \(pod): "
                    + message.withoutSecrets.printable.limited(to: 600))
        case .tooLarge:
            throw OperationFailure(
                .failed, "the program in the Pod \(pod) wrote more than \(Self.outputLimit >> 20) MiB")
        case .broken(let reason): throw client.unreachable(reason)
        case .closed:
            throw OperationFailure(
                .failed,
                "the API server at \(client.server) closed the connection before the program in the Pod \(pod) "
                    + "ended")
        }
    }

    // MARK: Connection

    private func connect(
        on loop: any EventLoop, _ call: KubernetesCall, _ session: ExecSession
    ) -> EventLoopFuture<any Channel> {
        let (connection, target) = (client.connection, call.target)
        return ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = connection.tls {
                        let name = connection.serverName ?? connection.host
                        // The library verifies the address if there is no name.
                        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(
                                context: NIOSSLContext(configuration: tls), serverHostname: isAddress ? nil : name))
                    }
                    let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: 1 << 20) { channel, head in
                        channel.eventLoop.makeCompletedFuture { try session.begin(on: channel, head) }
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(
                        leftOverBytesStrategy: .forwardBytes,
                        withClientUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { context in
                                context.pipeline.removeHandler(name: ExecRequestHandler.name, promise: nil)
                            }
                        ))
                    try channel.pipeline.syncOperations.addHandler(
                        ExecRequestHandler(connection, target, session.ending), name: ExecRequestHandler.name)
                }
            }
            .connect(host: connection.host, port: connection.port)
    }
}

/// The end of an attempt to run a program in a pod.
enum ExecEnding: Sendable {
    case exited(ProgramResult)
    /// The API server did not switch the protocol.
    case refused(Exchange.Head, [UInt8])
    /// The API server knows only older versions of the protocol.
    case tooOld
    /// The program did not start, with the reason.
    case failed(String)
    case tooLarge
    /// The connection failed, with the reason.
    case broken(String)
    case closed
}

/// The input of a program and the place for its end.
struct ExecSession: Sendable {
    let input: [UInt8]
    let slack: Int
    let ending: EventLoopPromise<ExecEnding>

    /// Adds the handler of the frames, after the API server has switched the protocol.
    func begin(on channel: any Channel, _ head: HTTPResponseHead) throws {
        guard head.headers.first(name: "Sec-WebSocket-Protocol") == PodExec.subprotocol else {
            ending.succeed(.tooOld)
            channel.close(promise: nil)
            return
        }
        try channel.pipeline.syncOperations.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024, maxAccumulatedFrameSize: 4 << 20))
        try channel.pipeline.syncOperations.addHandler(ExecFrameHandler(self))
    }
}

/// A handler that asks for the switch of the protocol, and reads the answer if the API server refuses.
final class ExecRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    static let name = "prewarm exec request"
    private static let bodyLimit = 64 << 10

    private let connection: ClusterConnection
    private let target: String
    private let ending: EventLoopPromise<ExecEnding>
    private var head: Exchange.Head?
    private var body: [UInt8] = []
    private var isRemoved = false

    init(_ connection: ClusterConnection, _ target: String, _ ending: EventLoopPromise<ExecEnding>) {
        self.connection = connection
        self.target = target
        self.ending = ending
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "Host": "\(connection.serverName ?? connection.host):\(connection.port)", "User-Agent": "prewarm",
            "Sec-WebSocket-Protocol": PodExec.subprotocol,
        ]
        if let token = connection.token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: connection.path + target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = Exchange.Head(status: Int(head.status.code), headers: head.headers)
        case .body(let chunk): body += chunk.readableBytesView.prefix(max(0, Self.bodyLimit - body.count))
        case .end: finish()
        }
    }

    private func finish() {
        ending.succeed(head.map { .refused($0, body) } ?? .closed)
    }

    func channelInactive(context: ChannelHandlerContext) { if !isRemoved { finish() } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ending.succeed(.broken(KubernetesClient.reason(error)))
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { isRemoved = true }
}
