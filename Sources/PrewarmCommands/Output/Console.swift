import Logging
import PrewarmCore
import PrewarmEngine
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The output of a command. Data goes to standard output, everything else to standard error.
struct Console: Sendable {
    /// The width of standard output in terminal cells; nil if it is not a terminal.
    private(set) var outputWidth: Int?
    let colorsOutput: Bool
    let colorsErrors: Bool
    /// True if progress may be redrawn in place, because standard error is a terminal.
    let isLive: Bool
    private var format = LogFormat.text
    private var level = Logger.Level.info

    static let standard = Console()

    func with(format: LogFormat, level: Logger.Level) -> Console {
        var console = self
        console.format = format
        console.level = level
        return console
    }

    /// Returns the console with another width of standard output.
    func with(outputWidth: Int) -> Console {
        var console = self
        console.outputWidth = outputWidth
        return console
    }

    private init() {
        let wantsColor = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        outputWidth = Self.width(of: STDOUT_FILENO)
        colorsOutput = wantsColor && !isDumb && isatty(STDOUT_FILENO) == 1
        colorsErrors = wantsColor && !isDumb && isatty(STDERR_FILENO) == 1
        isLive = isatty(STDERR_FILENO) == 1 && !isDumb
    }

    var errorWidth: Int { Self.width(of: STDERR_FILENO) ?? 80 }

    /// Writes data to standard output. If the reader has gone away, the rest is dropped without an error.
    func write(_ text: TerminalText) { put(text.withoutWorkflowCommands) }

    /// Writes workflow commands of GitHub Actions to standard output.
    func write(commands text: WorkflowText) { put(text.text) }

    /// Writes text to standard error as it is.
    func draw(_ text: TerminalText) { _ = Self.write(text.withoutWorkflowCommands, to: STDERR_FILENO) }

    /// False if standard output is a pipe or a terminal without a reader, for example after `| head` has ended.
    static var hasReader: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) <= 0 || Int32(output.revents) & (POLLERR | POLLHUP) == 0
    }

    private static let variables = Mutex(VariableValues())

    /// From now on, errors and warnings show the names of these variables instead of their values.
    static func mask(_ values: VariableValues) { variables.withLock { $0 = values } }

    /// Returns the text with the values of variables replaced by their names.
    static func masked(_ text: String) -> String { variables.withLock(\.self).masked(text) }

    private static func masked(_ text: TerminalText) -> TerminalText { text.masked(by: variables.withLock(\.self)) }

    private func put(_ text: String) {
        let code = Self.write(text, to: STDOUT_FILENO)
        if code != 0, code != EPIPE { Self.loss.withLock { $0 = code } }
    }

    private static let loss = Mutex<Int32>(0)

    /// Prints an error if writing to standard output failed, for example on a full disk. Returns true if it failed.
    static func tellLoss() -> Bool {
        let code = loss.withLock { $0 }
        guard code != 0 else { return false }
        standard.error(
            "cannot write to standard output: \(String(cString: strerror(code)).lowercased())",
            hint: "the command itself is done; run it again only if you need its output")
        return true
    }

    /// Writes text for people to standard error, for example the diagnostics that belong to an error.
    func note(_ text: TerminalText) {
        if format == .text { draw(text + "\n") } else { log(.info, text) }
    }

    func error(_ message: TerminalText, hint: TerminalText? = nil) { say(.error, "error:", .red, message, hint) }

    func warning(_ message: TerminalText, hint: TerminalText? = nil) {
        say(.warning, "warning:", .yellow, message, hint)
    }

    /// Writes the failure that ends a command.
    func error(_ failure: CommandFailure) {
        var message = TerminalText(lines: failure.message)
        for diagnostic in failure.listed {
            message += "\n\(diagnostic.text(color: colorsErrors && format == .text))"
        }
        error(message, hint: failure.hint.map { TerminalText(lines: $0) })
    }

    func debug(_ message: @autoclosure () -> TerminalText) {
        if level <= .debug { say(.debug, "debug:", .dim, message(), nil) }
    }

    /// Writes a step of a longer job to standard error, with the symbols of Flux.
    func step(_ symbol: Symbol, _ text: TerminalText) {
        guard format == .text else { return log(symbol == .failure ? .error : .info, text) }
        guard level <= .info || symbol == .failure else { return }
        let text = symbol == .failure ? Self.masked(text) : text
        draw("\(symbol.style.apply(to: "\(symbol.rawValue)", color: colorsErrors)) \(text)\n")
    }

    private func say(
        _ level: Logger.Level, _ word: TerminalText, _ style: Style, _ message: TerminalText, _ hint: TerminalText?
    ) {
        guard level >= self.level else { return }
        let (message, hint) = level >= .warning ? (Self.masked(message), hint.map { Self.masked($0) }) : (message, hint)
        guard format == .text else { return log(level, message, hint: hint) }
        draw("\(style.apply(to: word, color: colorsErrors)) \(message)\n")
        if let hint { draw("\(Style.cyan.apply(to: "hint:", color: colorsErrors)) \(hint)\n") }
    }

    private func log(_ level: Logger.Level, _ message: TerminalText, hint: TerminalText? = nil) {
        guard level >= self.level else { return }
        let line = Value.object(known: [
            "time": Value(Timestamp.now), "level": .string(level.rawValue), "message": .string(message.text),
            "hint": hint.map { .string($0.text) },
        ])
        draw("\(TerminalText(document: line.compactJSON))\n")
    }

    enum Symbol: String, Sendable {
        case action = "►"
        case waiting = "◎"
        case success = "✔"
        case failure = "✗"

        var style: Style {
            switch self {
            case .action: .cyan
            case .waiting: .plain
            case .success: .green
            case .failure: .red
            }
        }
    }

    /// Writes all bytes of a text to a file. Returns 0, or the error number.
    private static func write(_ text: String, to file: Int32) -> Int32 {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return errno
            }
            start += count
        }
        return 0
    }

    private static func width(of file: Int32) -> Int? {
        var size = winsize()
        guard isatty(file) == 1, ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
