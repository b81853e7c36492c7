import Foundation
import NIOCore
import NIOPosix

/// A server at a Unix socket that answers as a test wants, also with what no engine would send.
final class FakeEngine: Sendable {
    enum Answer: Sendable {
        /// An answer of HTTP.
        case json(Int, String)
        /// These bytes, after which the connection stays open.
        case bytes([UInt8])
        /// These bytes, after which the connection is closed.
        case last([UInt8])
        /// These bytes once, and then the second ones again and again.
        case endless([UInt8], again: [UInt8])
        /// No byte.
        case silence
        /// The connection is closed.
        case end
    }

    let path: String
    private let channel: any Channel

    /// Starts the server.
    /// - Parameter respond: Returns the answer to a call such as `GET /containers/json`, without version and query; nil for
    ///   the status 404.
    init(_ respond: @escaping @Sendable (String) -> Answer?) async throws {
        let path = "/tmp/prewarm-fake-\(UUID().uuidString.prefix(8)).sock"
        self.path = path
        let received = Box<[String]>([])
        log = received
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        FakeConnection { call in
                            received.value.append(call)
                            return respond(call) ?? .json(404, #"{"message": "no such thing"}"#)
                        })
                }
            }
            .bind(unixDomainSocketPath: path).get()
    }

    private let log: Box<[String]>

    /// The calls so far.
    var received: [String] { log.value }

    deinit {
        channel.close(promise: nil)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The answer of an engine to `GET /_ping`.
    static let ping = Answer.bytes(
        Array("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK".utf8))

    /// Returns a server that behaves like an engine but for the answers of a test.
    static func engine(_ respond: @escaping @Sendable (String) -> Answer?) async throws -> FakeEngine {
        try await FakeEngine { call in call == "GET /_ping" ? respond(call) ?? ping : respond(call) }
    }
}

/// One connection. It reads the heads of requests and ignores their bodies.
private final class FakeConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let respond: @Sendable (String) -> FakeEngine.Answer
    private var text = ""
    private var bodyLeft = 0

    init(_ respond: @escaping @Sendable (String) -> FakeEngine.Answer) {
        self.respond = respond
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        while true {
            let skipped = min(bodyLeft, text.utf8.count)
            text = String(text.utf8.dropFirst(skipped)) ?? ""
            bodyLeft -= skipped
            guard bodyLeft == 0, let end = text.firstRange(of: "\r\n\r\n") else { return }
            let head = text[..<end.lowerBound]
            text = String(text[end.upperBound...])
            for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
                bodyLeft = Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces)) ?? 0
            }
            let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
            guard words.count > 1 else { return }
            let path = words[1].prefix { $0 != "?" }.replacing(/^\/v[0-9.]+/, with: "")
            write(respond("\(words[0]) \(path)"), context)
        }
    }

    private func write(_ answer: FakeEngine.Answer, _ context: ChannelHandlerContext) {
        let channel = context.channel
        switch answer {
        case .json(let status, let body):
            let head =
                "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            channel.writeAndFlush(ByteBuffer(string: head + body), promise: nil)
        case .bytes(let bytes): channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        case .last(let bytes):
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
        case .endless(let bytes, let again):
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { Self.repeated(again, channel) }
        case .silence: break
        case .end: channel.close(promise: nil)
        }
    }

    private static func repeated(_ bytes: [UInt8], _ channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { repeated(bytes, channel) }
    }
}
