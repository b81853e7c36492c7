import Dispatch
import Glibc
import PrewarmCore
import Synchronization

/// The alternate screen of the terminal on standard output, with keys from standard input that are read one at a time.
///
/// A terminal may take no output for as long as it likes, for example after Ctrl-S, so that everything is written on a thread
/// of its own. Each change of the modes is undone by ``close()``.
final class TerminalScreen: Sendable {
    private struct State {
        var isEntered = false
        /// True if the screen is never entered again.
        var isClosed = false
        /// The modes of standard input before; nil if it is not a terminal.
        var earlier: termios?
    }

    /// It is changed only on ``queue``, except for `isClosed`.
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "prewarm.terminal.screen")
    /// True while Ctrl-Z waits for the frame that is being written, which is given up.
    private let isStopping = Atomic(false)

    /// Lines are not wrapped at the right border, since the width of some characters is only estimated.
    private static let enterSequence = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[H\u{1b}[2J"
    static let leaveSequence: StaticString = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"

    /// The rows and columns of the terminal; nil if standard output is not a terminal.
    static var size: (rows: Int, columns: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        // A terminal that does not know its size reports 0.
        return (size.ws_row > 0 ? Int(size.ws_row) : 24, size.ws_col > 0 ? Int(size.ws_col) : 80)
    }

    /// Enters the screen. A process in the background is stopped until the shell puts it into the foreground.
    /// - Returns: False if no shell can put the process into the foreground.
    func enter() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { continuation.resume(returning: self.enterNow()) }
            }
        } onCancel: {
            self.state.withLock { $0.isClosed = true }
        }
    }

    /// Stops the process as Ctrl-Z does, with the terminal as it was. When the process goes on, the screen is entered again
    /// if it is not closed.
    func stopProcess() {
        isStopping.store(true, ordering: .relaxed)
        queue.sync {
            leaveNow()
            isStopping.store(false, ordering: .relaxed)
            Self.stopBySignal()
            _ = enterNow()
        }
    }

    /// Restores the terminal for good. A frame that the terminal does not take is given up.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                self.leaveNow()
                continuation.resume()
            }
        }
    }

    /// Draws the rows of the screen. Nothing is drawn while the screen is not entered.
    /// - Returns: False if the terminal is gone.
    func draw(_ rows: [TerminalText]) async -> Bool {
        // A row is erased before its text: behind it, the last cell of a full row would go with the rest.
        let lines = rows.enumerated().map { "\u{1b}[\($0.offset + 1);1H\u{1b}[2K\($0.element)" as TerminalText }
        let frame: TerminalText = "\u{1b}[H\(lines.joined())"
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async {
                    let isEntered = self.state.withLock { $0.isEntered && !$0.isClosed }
                    continuation.resume(returning: !isEntered || self.write(frame.withoutWorkflowCommands))
                }
            }
        } onCancel: {
            self.state.withLock { $0.isClosed = true }
        }
    }

    // MARK: On the queue

    private func enterNow() -> Bool {
        guard waitForForeground() else { return false }
        var current = state.withLock { $0 }
        guard !current.isEntered, !current.isClosed else { return true }
        var modes = termios()
        if isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &modes) == 0 {
            current.earlier = modes
            // Keys come at once and are not shown. Ctrl-C and Ctrl-Z stay signals.
            modes.c_lflag &= ~tcflag_t(ICANON | ECHO)
        }
        CrashRestoration.begin(current.earlier)
        if current.earlier != nil { tcsetattr(STDIN_FILENO, TCSANOW, &modes) }
        state.withLock { ($0.isEntered, $0.earlier) = (true, current.earlier) }
        _ = write(Self.enterSequence)
        return true
    }

    private func leaveNow() {
        let current = state.withLock { $0 }
        guard current.isEntered else { return }
        _ = write("\(Self.leaveSequence)", isLast: true)
        if var modes = current.earlier { tcsetattr(STDIN_FILENO, TCSANOW, &modes) }
        state.withLock { $0.isEntered = false }
        CrashRestoration.end()
    }

    /// Writes a text in small parts while the terminal takes them.
    /// - Parameter isLast: True for the text with which the screen is left. It is given up after a second.
    /// - Returns: False if the terminal is gone.
    private func write(_ text: String, isLast: Bool = false) -> Bool {
        var bytes = Array(text.utf8)[...]
        var tries = 0
        while !bytes.isEmpty {
            let isUnwanted = state.withLock(\.isClosed) || isStopping.load(ordering: .relaxed)
            if isLast ? tries >= 10 : isUnwanted { return true }
            var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            guard poll(&output, 1, 100) > 0 else {
                tries += 1
                continue
            }
            let count = bytes.prefix(512).withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return false
            }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    // MARK: Job control

    /// Waits until the process is in the foreground or the screen is closed: SIGTTOU stops the process until then.
    /// - Returns: False if the process is in the background, and no shell can change that.
    private func waitForForeground() -> Bool {
        Self.withUnblocked(SIGTTOU) {
            guard staysInBackground(for: 1) else { return true }
            while isInBackground {
                let start = ContinuousClock.now
                raise(SIGTTOU)
                let wasStopped = ContinuousClock.now - start > .milliseconds(50)
                // A shell that ends a stopped process continues it, and its signal closes the screen soon after.
                guard staysInBackground(for: 5) else { return true }
                // Without a shell, nothing was stopped, and this call fails. It changes nothing in the foreground, and stops the
                // process if a shell has continued it at once (https://man7.org/linux/man-pages/man3/termios.3.html).
                if !wasStopped, tcflow(STDOUT_FILENO, TCOON) != 0 { return false }
            }
            return true
        }
    }

    /// Waits until the process is in the foreground or the screen is closed.
    /// - Returns: True if neither happened within the time.
    private func staysInBackground(for seconds: Int) -> Bool {
        for _ in 0..<seconds * 20 where isInBackground { usleep(50_000) }
        return isInBackground
    }

    /// True if another process has the terminal, and the screen may still be entered.
    private var isInBackground: Bool {
        let group = tcgetpgrp(STDOUT_FILENO)
        return group >= 0 && group != getpgrp() && !state.withLock(\.isClosed)
    }

    /// Stops the process by SIGTSTP with its default effect. If no shell could continue the process, it is not stopped.
    private static func stopBySignal() {
        withUnblocked(SIGTSTP) {
            var (standard, trapped) = (sigaction(), sigaction())
            standard.__sigaction_handler.sa_handler = SIG_DFL
            sigaction(SIGTSTP, &standard, &trapped)
            // A signal to the process would reach another thread, and this one would go on for a moment.
            raise(SIGTSTP)
            sigaction(SIGTSTP, &trapped, nil)
        }
    }

    /// Runs the body while this thread takes a signal. Dispatch blocks most signals in its threads.
    private static func withUnblocked<Result>(_ number: Int32, _ body: () -> Result) -> Result {
        var (mask, earlier) = (sigset_t(), sigset_t())
        sigemptyset(&mask)
        sigaddset(&mask, number)
        pthread_sigmask(SIG_UNBLOCK, &mask, &earlier)
        defer { pthread_sigmask(SIG_SETMASK, &earlier, nil) }
        return body()
    }
}
