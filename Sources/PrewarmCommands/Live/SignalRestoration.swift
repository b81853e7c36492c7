import Glibc
import Synchronization

/// Restores the terminal when a signal ends the process while a prompt hides what is typed.
enum SignalRestoration {
    private static let signals = [SIGHUP, SIGINT, SIGTERM]
    /// The modes of standard input to restore. Unsafe only by its type: it is written before ``isActive`` is true, and read by
    /// the handler while it is.
    private nonisolated(unsafe) static var modes = termios()
    private static let isActive = Atomic(false)

    /// Runs the body. If a signal ends the process meanwhile, standard input first gets the modes back. A signal that is ignored
    /// stays ignored.
    static func run<Result>(restoring modes: termios, _ body: () -> Result) -> Result {
        self.modes = modes
        isActive.store(true, ordering: .releasing)
        let trapped = signals.filter { number in
            var (action, earlier) = (sigaction(), sigaction())
            sigaction(number, nil, &earlier)
            // SIG_DFL is a null pointer.
            guard earlier.__sigaction_handler.sa_handler == nil else { return false }
            action.__sigaction_handler.sa_handler = handler
            return sigaction(number, &action, nil) == 0
        }
        defer {
            isActive.store(false, ordering: .releasing)
            for number in trapped { signal(number, SIG_DFL) }
        }
        return body()
    }

    /// The handler of a signal. It calls only functions that are safe in a handler
    /// (https://man7.org/linux/man-pages/man7/signal-safety.7.html). The signal has its default effect when it returns.
    private static let handler: @convention(c) (Int32) -> Void = { number in
        if SignalRestoration.isActive.load(ordering: .acquiring) {
            // What was typed and not read yet would be shown, once the terminal shows input again.
            tcflush(STDIN_FILENO, TCIFLUSH)
            var modes = SignalRestoration.modes
            tcsetattr(STDIN_FILENO, TCSANOW, &modes)
            let end: StaticString = "\n"
            _ = write(STDERR_FILENO, end.utf8Start, end.utf8CodeUnitCount)
        }
        signal(number, SIG_DFL)
        raise(number)
    }
}
