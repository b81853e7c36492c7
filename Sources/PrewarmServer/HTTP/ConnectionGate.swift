internal import NIOCore
internal import NIOHTTP1

/// Sent down a connection when the body of its request is wanted: until then it stays with the client.
struct BodyWanted: Sendable {}

/// The part of a connection that keeps it within its bounds: it is counted in the ``ConnectionTable``, has a time for
/// the header of its first request, and reads no body before one is wanted.
///
/// It stands behind the HTTP decoder, where the version of a request is known, and runs on the connection's event loop.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The time from the beginning of a connection to the end of its first header, TLS included.
    static let headerTime = TimeAmount.seconds(10)
    /// How long a client that was answered before the end of its body may go on sending, so that it reads the answer
    /// before the connection is gone.
    static let lingerTime = TimeAmount.seconds(2)

    private let table: ConnectionTable
    /// Returns what the connections of the other end are counted by.
    private let group: (SocketAddress?) -> String?

    private var id: ConnectionTable.ID?
    private var deadline: Scheduled<Void>?
    /// Requests that were not answered to their end.
    private var requests = 0
    /// Whether the end of the last request is still to come.
    private var isBodyOpen = false
    private var isHeld = false
    /// A read that was asked for while the body was held back.
    private var isReadDue = false
    private var closesAfterAnswer = false
    private var isLingering = false

    init(_ table: ConnectionTable, group: @escaping (SocketAddress?) -> String?) {
        self.table = table
        self.group = group
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func begin(_ context: ChannelHandlerContext) {
        guard id == nil else { return }
        let channel = context.channel
        id = table.open(address: group(channel.remoteAddress)) { channel.close(promise: nil) }
        guard id != nil else { return context.close(promise: nil) }
        close(context, in: Self.headerTime)
    }

    private func end() {
        deadline?.cancel()
        deadline = nil
        if let id { table.closed(id) }
        id = nil
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    private func noteIdleness() {
        if let id { table.setIdle(id, requests == 0 || isBodyOpen) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isLingering { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            deadline?.cancel()
            deadline = nil
            requests += 1
            isBodyOpen = true
            isHeld = head.hasBody
            if !head.isKeepAlive { closesAfterAnswer = true }
            noteIdleness()
            context.fireChannelRead(wrapInboundOut(.head(head.withHost(context.channel.localAddress))))
        case .body: context.fireChannelRead(data)
        case .end:
            isBodyOpen = false
            noteIdleness()
            context.fireChannelRead(data)
            release(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { isReadDue = true } else { context.read() }
    }

    private func release(_ context: ChannelHandlerContext) {
        isHeld = false
        guard isReadDue else { return }
        isReadDue = false
        context.read()
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is BodyWanted else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        release(context)
        promise?.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isLingering { return context.close(promise: nil) }
        // What follows can't be read as requests.
        closesAfterAnswer = true
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client has read the answer, and sends no more.
        if isLingering, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isBodyOpen || closesAfterAnswer:
            closesAfterAnswer = true
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where closesAfterAnswer:
            context.writeAndFlush(data, promise: promise)
            linger(context)
        case .end:
            requests = max(0, requests - 1)
            noteIdleness()
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }

    /// Drops what still comes of the request for a while: a connection that is closed with bytes unread is reset, and
    /// the client would lose the answer.
    private func linger(_ context: ChannelHandlerContext) {
        isLingering = true
        requests = 0
        noteIdleness()
        context.close(mode: .output, promise: nil)
        close(context, in: Self.lingerTime)
        release(context)
    }
}

extension HTTPRequestHead {
    /// Whether bytes may follow that are the body of the request.
    fileprivate var hasBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers["Content-Length"].contains { $0 != "0" }
    }

    /// A request of HTTP/1.0 may do without Host: probes of load balancers are such.
    fileprivate func withHost(_ address: SocketAddress?) -> HTTPRequestHead {
        guard version.major == 1, version.minor == 0, !headers.contains(name: "Host") else { return self }
        var head = self
        head.headers.add(name: "Host", value: address?.port.map { "localhost:\($0)" } ?? "localhost")
        return head
    }
}
