internal import NIOCore
internal import Synchronization

/// The connections that wait for their tasks. ``ConnectionTable`` limits their number.
///
/// NIO ends the process if a `NIOAsyncChannel` is dropped without being handled. So none is made after ``close()``, and every
/// one that was made before is handled.
final class AdmittedConnections: Sendable {
    private struct State {
        var waiting: [HTTPListener.Connection] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Has an element when connections wait. It ends with ``end()``, and when the reading task is canceled.
    let news: AsyncStream<Void>
    private let announce: AsyncStream<Void>.Continuation

    init() { (news, announce) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Adds a connection.
    /// - Throws: The error of `make`, and `ChannelError.alreadyClosed` after ``close()``.
    func add(_ make: () throws -> HTTPListener.Connection) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw ChannelError.alreadyClosed }
            state.waiting.append(try make())
        }
        announce.yield()
    }

    /// Returns the waiting connections, which the caller has to handle.
    func take() -> [HTTPListener.Connection] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Ends ``news``. Connections can still be added.
    func end() { announce.finish() }

    /// Refuses further connections.
    /// - Returns: The waiting connections, which the caller has to handle.
    func close() -> [HTTPListener.Connection] {
        state.withLock { $0.isClosed = true }
        return take()
    }
}
