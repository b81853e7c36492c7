import Glibc

/// The restoration of the terminal by a signal that ends the process because of a fault.
enum CrashRestoration {
    private static let signals = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]
    /// The modes of standard input to restore; nil for none. Unsafe only by its type: it is written while no handler is
    /// installed, and read by the handlers.
    private nonisolated(unsafe) static var modes: termios?

    /// Installs the handlers.
    /// - Parameter modes: The modes of standard input to restore; nil if it is not a terminal.
    static func begin(_ modes: termios?) {
        self.modes = modes
        for number in signals { signal(number, handler) }
    }

    /// Removes the handlers.
    static func end() {
        for number in signals { signal(number, SIG_DFL) }
    }

    /// Calls only functions that are safe in a handler (https://man7.org/linux/man-pages/man7/signal-safety.7.html). The
    /// signal has its default effect when the handler returns.
    private static let handler: @convention(c) (Int32) -> Void = { number in
        let sequence = TerminalScreen.leaveSequence
        _ = write(STDOUT_FILENO, sequence.utf8Start, sequence.utf8CodeUnitCount)
        if var modes = CrashRestoration.modes { tcsetattr(STDIN_FILENO, TCSANOW, &modes) }
        signal(number, SIG_DFL)
        raise(number)
    }
}
