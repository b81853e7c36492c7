import AsyncHTTPClient
import Dispatch
import NIOCore
import NIOHTTP1
import PrewarmCore
import Synchronization

/// The answer to one request, as a buffer between the event loop of the client and the thread of the pass.
///
/// The event loop adds parts of the body, and pauses the connection while the buffer is full. The thread of the pass blocks
/// until a part arrives.
final class HTTPExchange: HTTPClientResponseDelegate {
    private struct State {
        var isConnected = false
        var head: HTTPResponseHead?
        var parts: [ByteBuffer] = []
        var bytes = 0
        /// Resumes the connection, which is paused because the buffer is full.
        var resume: EventLoopPromise<Void>?
        var end: Result<Void, any Error>?
        var progress = SuspendingClock.now
    }

    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)

    /// The number of buffered bytes from which the connection is paused.
    private static let mostBytes = 1 << 20

    /// Wakes the thread of the pass.
    func wake() { arrival.signal() }

    // MARK: On the event loop

    private func change(_ change: (inout State) -> Void) {
        state.withLock { state in
            state.progress = .now
            change(&state)
        }
        arrival.signal()
    }

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        change { $0.isConnected = true }
    }

    func didSendRequestPart(task: HTTPClient.Task<Void>, _ part: IOData) {
        change { _ in }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        change { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let promise = task.eventLoop.makePromise(of: Void.self)
        var isFull = false
        change { state in
            state.parts.append(buffer)
            state.bytes += buffer.readableBytes
            isFull = state.bytes > Self.mostBytes && state.end == nil
            if isFull { state.resume = promise }
        }
        if !isFull { promise.succeed() }
        return promise.futureResult
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        finish(.failure(error))
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {
        finish(.success(()))
    }

    private func finish(_ result: Result<Void, any Error>) {
        var promise: EventLoopPromise<Void>?
        change { state in
            if state.end == nil { state.end = result }
            promise = state.resume.take()
        }
        promise?.succeed()
    }

    // MARK: On the thread of the pass

    /// A step of the answer for which the thread of the pass waits.
    enum Arrival {
        case head(HTTPResponseHead)
        case part(ByteBuffer)
        case end(Result<Void, any Error>)
    }

    /// Returns the head of the answer, or the end without one.
    func head(_ watch: Watch) throws(TransportEnd) -> Arrival {
        try wait(watch) { state in
            state.head.map { .head($0) } ?? state.end.map { .end($0) }
        }
    }

    /// Returns the next part of the body, or the end.
    func next(_ watch: Watch) throws(TransportEnd) -> Arrival {
        var promise: EventLoopPromise<Void>?
        defer { promise?.succeed() }
        return try wait(watch) { state in
            guard !state.parts.isEmpty else { return state.end.map { .end($0) } }
            let part = state.parts.removeFirst()
            state.bytes -= part.readableBytes
            if state.bytes <= Self.mostBytes / 2 { promise = state.resume.take() }
            return .part(part)
        }
    }

    /// Drops the rest of the answer if it is short, so that the next request can use the connection.
    /// - Returns: false if the answer does not end soon.
    func drain(_ watch: Watch) -> Bool {
        let deadline = SuspendingClock.now + .milliseconds(100)
        while !watch.isOver, SuspendingClock.now < deadline {
            var promise: EventLoopPromise<Void>?
            let end = state.withLock { state in
                state.parts = []
                state.bytes = 0
                promise = state.resume.take()
                return state.end
            }
            promise?.succeed()
            if let end { return if case .success = end { true } else { false } }
            _ = arrival.wait(timeout: .now() + .milliseconds(10))
        }
        return false
    }

    /// Drops the rest of the answer, and lets the connection end.
    func abandon() {
        finish(.failure(CancellationError()))
    }

    private func wait(_ watch: Watch, for taken: (inout State) -> Arrival?) throws(TransportEnd) -> Arrival {
        // The server may have sent its last part long ago, while libgit2 was busy.
        let start = SuspendingClock.now
        while true {
            var phase = Watch.Phase.reading
            var progress = start
            let arrival = state.withLock { state in
                if !state.isConnected { phase = .connecting }
                progress = max(start, state.progress)
                return taken(&state)
            }
            guard let patience = watch.patience(since: progress, in: phase) else { throw TransportEnd() }
            if let arrival { return arrival }
            _ = self.arrival.wait(timeout: .now() + .milliseconds(Int(clamping: patience.wholeMilliseconds + 1)))
        }
    }
}
