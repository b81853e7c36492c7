import Dispatch
import Glibc
import Synchronization

/// The keys of standard input, changes of the terminal's size, and signals that end or stop the process.
///
/// A thread of its own reads the keys, because a read of a terminal waits.
final class TerminalEvents: Sendable {
    enum Event: Sendable {
        case key(Key)
        /// The size of the terminal has changed, or the process goes on after Ctrl-Z.
        case redraw
        /// A signal that ends the process: SIGHUP or SIGQUIT.
        case end(Int32)
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let isDone = Atomic(false)
    /// Unsafe only by its type: the list never changes, and any thread may cancel a source of Dispatch.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    private static let ending = [SIGHUP, SIGQUIT]

    /// Begins to read keys and to trap signals.
    /// - Parameter screen: The screen that is left while the process is stopped by Ctrl-Z.
    init(_ screen: TerminalScreen) {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1024))
        self.events = events
        self.continuation = continuation
        let queue = DispatchQueue(label: "prewarm.terminal.signals")
        sources = ([SIGWINCH, SIGTSTP] + Self.ending).map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if Self.ending.contains(number) {
                    continuation.yield(.end(number))
                } else {
                    if number == SIGTSTP { screen.stopProcess() }
                    continuation.yield(.redraw)
                }
            }
            source.resume()
            return source
        }
        readKeys()
    }

    /// Ends the events, and lets the signals have their default effects again.
    func end() {
        isDone.store(true, ordering: .relaxed)
        continuation.finish()
        for source in sources { source.cancel() }
        for number in [SIGWINCH, SIGTSTP] + Self.ending { signal(number, SIG_DFL) }
    }

    /// Ends the process by a signal, with the signal's default effect.
    static func endProcess(by number: Int32) {
        // Dispatch blocks the signals that it traps in the threads that got them.
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, number)
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        raise(number)
    }

    private func readKeys() {
        DispatchQueue(label: "prewarm.terminal.keys").async { [self] in
            let size = 256
            var buffer = [UInt8](repeating: 0, count: size)
            while !isDone.load(ordering: .relaxed) {
                var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                guard poll(&input, 1, 100) > 0 else { continue }
                let count = read(STDIN_FILENO, &buffer, size)
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                // The keys belong to the shell while this process is in the background.
                if count < 0, errno == EIO, !ForegroundCommand.isInForeground {
                    usleep(100_000)
                    continue
                }
                // Standard input has ended, or is no terminal any more.
                guard count > 0 else { return }
                for key in Key.parse(Array(buffer[..<count])) { continuation.yield(.key(key)) }
            }
        }
    }
}
