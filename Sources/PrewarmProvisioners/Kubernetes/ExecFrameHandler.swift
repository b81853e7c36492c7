import NIOCore
import NIOWebSocket
import PrewarmCore
import PrewarmEngine

/// A handler of the frames of a program in a pod. The first byte of a frame is the number of its stream.
final class ExecFrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private enum Stream {
        static let input: UInt8 = 0
        static let output: UInt8 = 1
        static let error: UInt8 = 2
        /// The end of the program as a `Status` object.
        static let status: UInt8 = 3
        /// The end of the stream whose number follows.
        static let close: UInt8 = 255
    }

    private let session: ExecSession
    private var log: LogTail
    private var answer: [UInt8] = []
    private var size = 0

    private static let chunkSize = 16 << 10

    init(_ session: ExecSession) {
        self.session = session
        log = LogTail(slack: session.slack)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        var rest = session.input[...]
        while !rest.isEmpty {
            send([Stream.input] + rest.prefix(Self.chunkSize), context)
            rest = rest.dropFirst(Self.chunkSize)
        }
        send([Stream.close, Stream.input], context)
        context.flush()
    }

    private func send(_ bytes: [UInt8], opcode: WebSocketOpcode = .binary, _ context: ChannelHandlerContext) {
        // The protocol requires that a client masks its frames.
        let frame = WebSocketFrame(
            fin: true, opcode: opcode, maskKey: .random(), data: context.channel.allocator.buffer(bytes: bytes))
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary, .text: read(Array(frame.unmaskedData.readableBytesView)[...], context)
        case .ping:
            send(Array(frame.unmaskedData.readableBytesView), opcode: .pong, context)
            context.flush()
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }

    private func read(_ bytes: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        guard let stream = bytes.first else { return }
        let content = bytes.dropFirst()
        size += content.count
        guard size <= PodExec.outputLimit else { return end(.tooLarge, context) }
        switch stream {
        case Stream.output: answer += content.prefix(max(0, ProgramResult.answerLimit + 1 - answer.count))
        case Stream.error: log.append(content)
        case Stream.status: finish(Array(content), context)
        default: break
        }
    }

    private func finish(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        guard let status = try? JSONReader.read(bytes, depthLimit: 16) else {
            return end(.failed("its end is not reported as a Status"), context)
        }
        if status.text("status") == "Success" {
            return end(.exited(ProgramResult(code: 0, output: log, answer: answer)), context)
        }
        let causes = status["details"]?.list("causes") ?? []
        let code = causes.first { $0.text("reason") == "ExitCode" }?.text("message").flatMap { Int($0) }
        guard let code else { return end(.failed(status.text("message") ?? "no reason is given"), context) }
        end(.exited(ProgramResult(code: code, output: log, answer: answer)), context)
    }

    private func end(_ ending: ExecEnding, _ context: ChannelHandlerContext) {
        session.ending.succeed(ending)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { session.ending.succeed(.closed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.broken(KubernetesClient.reason(error)), context)
    }
}
