internal import NIOCore
internal import NIOHTTP1

/// An outbound event that allows a connection to read the body of its request. Until then the body stays with the client.
struct BodyWanted: Sendable {}

/// The channel handler that enforces the limits of a connection: it counts the connection in the ``ConnectionTable``, limits
/// the time for the first header, and reads no body before ``BodyWanted``. The handlers of requests are added behind it when the
/// first request is passed on.
///
/// It comes after the HTTP decoder, where the version of a request is known, and runs on the connection's event loop.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Adds the handlers of requests to a connection.
    typealias Admission = @Sendable (any Channel) throws -> Void

    /// The time limit from the start of a connection to the end of its first header, including the TLS handshake.
    static let headerTime = TimeAmount.seconds(10)
    /// The time for which a client may continue to send a body after it was answered. The connection stays open meanwhile, so
    /// that the client can read the answer.
    static let lingerTime = TimeAmount.seconds(2)
    /// The time that a connection has left when another one takes its place. A first request that arrives within this time is
    /// still served, and a client can read its answer.
    private static let lastTime = TimeAmount.milliseconds(250)
    /// The most bytes of such a body that prewarm reads. If a client sends more, the connection closes after ``lastTime``,
    /// because a flood of large bodies would take most of the daemon's time.
    private static let lingerBytes = 16_384

    private let table: ConnectionTable
    /// Returns the key by which the connections of a peer are counted; nil if they have no limit of their own.
    private let group: (SocketAddress?) -> String?
    /// Returns the answer to a request that is refused by its header; nil if the request goes on.
    private let refusal: (HTTPRequestHead, SocketAddress?) -> EarlyAnswer?
    private let admission: Admission

    /// A flag that is true once the handlers of requests are added.
    private var isAdmitted = false
    /// The id of the connection in the table; nil before it begins and after it ends.
    private var id: ConnectionTable.ID?
    private var deadline: Scheduled<Void>?
    /// The number of requests whose answers are not complete.
    private var requests = 0
    /// A flag that is true until the end of the current request arrives.
    private var isBodyOpen = false
    /// A flag that is true while the body is not read.
    private var isHeld = false
    /// A flag that is true if a read was requested while the body was not read.
    private var isReadDue = false
    /// A flag that is true if the last request is the last one of the connection.
    private var closesAfterAnswer = false
    /// A flag that is true once an answer says that the connection closes.
    private var isClosing = false
    /// A flag that is true if the client sent another request after the last one. It expects no answer, so none is executed.
    private var dropsRequests = false
    /// A flag that is true while the connection waits for the client to read the answer. What it still sends is dropped.
    private var isLingering = false
    /// The number of bytes that were dropped since then.
    private var dropped = 0

    init(
        _ table: ConnectionTable, group: @escaping (SocketAddress?) -> String?,
        refusal: @escaping (HTTPRequestHead, SocketAddress?) -> EarlyAnswer?, admission: @escaping Admission
    ) {
        self.table = table
        self.group = group
        self.refusal = refusal
        self.admission = admission
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

    /// Adds the connection to the table and starts the time limit for its header. Closes the connection if it is refused.
    private func begin(_ context: ChannelHandlerContext) {
        guard id == nil else { return }
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        id = table.open(address: group(context.channel.remoteAddress)) { closing in
            bound.eventLoop.execute { bound.value.gate.giveWay(closing, bound.value.context) }
        }
        guard id != nil else { return context.close(promise: nil) }
        close(context, in: Self.headerTime)
    }

    /// Closes the connection because another took its place in the table. A connection with a request stays.
    private func giveWay(_ closing: ConnectionTable.Closing, _ context: ChannelHandlerContext) {
        guard id != nil, waitsForClient else { return }
        if closing == .soon, requests == 0, !isLingering {
            close(context, in: Self.lastTime)
        } else {
            context.close(promise: nil)
        }
    }

    private func end() {
        deadline?.cancel()
        deadline = nil
        if let id { table.closed(id) }
        id = nil
    }

    /// Closes the connection after a time, unless the time is changed or canceled before.
    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    /// A flag that is true while the connection waits for a request, or for the rest of a request that the daemon reads.
    private var waitsForClient: Bool { requests == 0 || (isBodyOpen && !isHeld) }

    /// Reports to the table whether the connection is idle.
    private func noteIdleness() {
        if let id { table.setIdle(id, waitsForClient) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isLingering { return drop(part, context) }
        if case .head = part, closesAfterAnswer || isClosing { dropsRequests = true }
        if dropsRequests { return }
        switch part {
        case .head(let head):
            deadline?.cancel()
            deadline = nil
            requests += 1
            isBodyOpen = true
            isHeld = head.hasBody
            if !head.isKeepAlive { closesAfterAnswer = true }
            noteIdleness()
            // An earlier request on the connection has to be answered first.
            if requests == 1, let answer = refusal(head, context.channel.remoteAddress) {
                return send(answer, context)
            }
            guard admit(context) else { return }
            context.fireChannelRead(wrapInboundOut(.head(head.withHost(context.channel.localAddress))))
        case .body: context.fireChannelRead(data)
        case .end:
            isBodyOpen = false
            noteIdleness()
            context.fireChannelRead(data)
            release(context)
        }
    }

    /// Adds the handlers of requests before the first request is passed on.
    /// - Returns: False if that failed, for example because the daemon stops. The connection is closed then.
    private func admit(_ context: ChannelHandlerContext) -> Bool {
        guard !isAdmitted else { return true }
        do {
            try admission(context.channel)
            isAdmitted = true
        } catch {
            context.close(promise: nil)
        }
        return isAdmitted
    }

    /// Drops what a client sends after it was answered, up to ``lingerBytes``.
    private func drop(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        guard case .body(let bytes) = part else { return }
        dropped += bytes.readableBytes
        guard dropped > Self.lingerBytes, !isHeld else { return }
        isHeld = true
        close(context, in: Self.lastTime)
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { isReadDue = true } else { context.read() }
    }

    /// Lets the connection read the body, and carries out a read that was requested before.
    private func release(_ context: ChannelHandlerContext) {
        isHeld = false
        noteIdleness()
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
        // After a parser error, the following bytes cannot be parsed as requests.
        closesAfterAnswer = true
        // A client that is still there gets an answer to what cannot be parsed.
        guard isAdmitted || (error is HTTPParserError && context.channel.isActive) else {
            return context.close(promise: nil)
        }
        if admit(context) { context.fireErrorCaught(error) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // The client has closed its sending side, so it has read the answer, or it makes no request.
        case ChannelEvent.inputClosed where isLingering || !isAdmitted: return context.close(promise: nil)
        case is ChannelShouldQuiesceEvent where !isAdmitted && !isLingering: return context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Answers

    /// Answers the current request and closes the connection. No other handler sees the request.
    private func send(_ answer: EarlyAnswer, _ context: ChannelHandlerContext) {
        closesAfterAnswer = true
        context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        // Behind a pipelined request, the last one still has to be answered.
        case .head(var head) where requests <= 1 && (isBodyOpen || closesAfterAnswer):
            isClosing = true
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isClosing:
            context.writeAndFlush(data, promise: promise)
            linger(context)
        case .end:
            requests = max(0, requests - 1)
            noteIdleness()
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }

    /// Closes the sending side, and drops what the client still sends until ``lingerTime`` has passed. The system resets a
    /// connection that is closed with unread bytes, and the client would lose the answer.
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
    /// A flag that is true if a body may follow the header.
    fileprivate var hasBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers["Content-Length"].contains { $0 != "0" }
    }

    /// Returns the header with a `Host` field. HTTP/1.0 requests may lack the field, for example the probes of load balancers.
    fileprivate func withHost(_ address: SocketAddress?) -> HTTPRequestHead {
        guard version.major == 1, version.minor == 0, !headers.contains(name: "Host") else { return self }
        var head = self
        head.headers.add(name: "Host", value: address?.port.map { "localhost:\($0)" } ?? "localhost")
        return head
    }
}
