import Glibc
import PrewarmCore
import Synchronization

/// The alternate screen of the terminal on standard output, with keys from standard input that are read one at a time.
///
/// Each change of the modes is undone by ``leave()``, which may be called several times and from any thread.
final class TerminalScreen: Sendable {
    private struct State {
        var isEntered = false
        /// The modes of standard input before; nil if it is not a terminal.
        var earlier: termios?
    }

    private let state = Mutex(State())

    private static let enterSequence = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[H\u{1b}[2J"
    static let leaveSequence: StaticString = "\u{1b}[?25h\u{1b}[?1049l"

    /// The rows and columns of the terminal; nil if standard output is not a terminal.
    static var size: (rows: Int, columns: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        // A terminal that does not know its size reports 0.
        return (size.ws_row > 0 ? Int(size.ws_row) : 24, size.ws_col > 0 ? Int(size.ws_col) : 80)
    }

    func enter() {
        state.withLock { state in
            guard !state.isEntered else { return }
            state.isEntered = true
            var modes = termios()
            if isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &modes) == 0 {
                state.earlier = modes
                // Keys come at once and are not shown. Ctrl-C and Ctrl-Z stay signals.
                modes.c_lflag &= ~tcflag_t(ICANON | ECHO)
                tcsetattr(STDIN_FILENO, TCSANOW, &modes)
            }
            CrashRestoration.begin(state.earlier)
            _ = Self.write(Self.enterSequence)
        }
    }

    /// Restores the terminal.
    func leave() {
        state.withLock { state in
            guard state.isEntered else { return }
            state.isEntered = false
            _ = Self.write("\(Self.leaveSequence)")
            if var modes = state.earlier { tcsetattr(STDIN_FILENO, TCSANOW, &modes) }
            CrashRestoration.end()
        }
    }

    /// Draws the rows of the screen. Nothing is drawn while the screen is not entered.
    /// - Returns: False if the terminal is gone.
    func draw(_ rows: [TerminalText]) -> Bool {
        let lines = rows.enumerated().map { "\u{1b}[\($0.offset + 1);1H\($0.element)\u{1b}[K" as TerminalText }
        let frame: TerminalText = "\u{1b}[H\(lines.joined())\u{1b}[J"
        return state.withLock { !$0.isEntered || Self.write(frame.withoutWorkflowCommands) }
    }

    private static func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return false
            }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}
