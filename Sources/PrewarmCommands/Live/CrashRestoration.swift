import Glibc
import Synchronization

/// Restores the terminal when a crash ends the process.
enum CrashRestoration {
    private static let signals = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]
    /// The modes of standard input to restore; nil for none. Unsafe only by its type: it is written before ``isActive`` is
    /// true, and read by the handler while it is.
    private nonisolated(unsafe) static var modes: termios?
    private static let isActive = Atomic(false)

    /// Restores the terminal from now on if a crash ends the process.
    /// - Parameter modes: The modes of standard input to restore; nil if it is not a terminal.
    static func begin(_ modes: termios?) {
        self.modes = modes
        isActive.store(true, ordering: .releasing)
        for number in signals { signal(number, handler) }
    }

    /// Leaves the terminal as it is from now on.
    static func end() {
        isActive.store(false, ordering: .releasing)
        for number in signals { signal(number, SIG_DFL) }
    }

    /// The handler of a crash. It calls only functions that are safe in a handler
    /// (https://man7.org/linux/man-pages/man7/signal-safety.7.html). The signal has its default effect when it returns.
    private static let handler: @convention(c) (Int32) -> Void = { number in
        if CrashRestoration.isActive.load(ordering: .acquiring) {
            let sequence = TerminalScreen.leaveSequence
            _ = write(STDOUT_FILENO, sequence.utf8Start, sequence.utf8CodeUnitCount)
            if var modes = CrashRestoration.modes { tcsetattr(STDIN_FILENO, TCSANOW, &modes) }
        }
        signal(number, SIG_DFL)
        raise(number)
    }
}
