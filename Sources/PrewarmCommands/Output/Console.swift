#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Standard output and standard error: data goes to the one, everything else to the other.
struct Console: Sendable {
    let outputWidth: Int?
    let coloursOutput: Bool
    let coloursErrors: Bool
    /// Progress may be drawn over and over.
    let isLive: Bool

    static let standard = Console()

    private init() {
        let wantsColour = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        outputWidth = Self.width(of: STDOUT_FILENO)
        coloursOutput = wantsColour && !isDumb && isatty(STDOUT_FILENO) == 1
        coloursErrors = wantsColour && !isDumb && isatty(STDERR_FILENO) == 1
        isLive = isatty(STDERR_FILENO) == 1 && !isDumb
    }

    var errorWidth: Int { Self.width(of: STDERR_FILENO) ?? 80 }

    /// A reader that has gone away is not our failure: what it didn't read is dropped.
    func write(_ text: String) { Self.write(text, to: STDOUT_FILENO) }

    func note(_ text: String) { Self.write(text + "\n", to: STDERR_FILENO) }

    func draw(_ text: String) { Self.write(text, to: STDERR_FILENO) }

    func error(_ message: String, hint: String? = nil) {
        note(Style.red.apply(to: "error:", colour: coloursErrors) + " " + message)
        if let hint { note(Style.cyan.apply(to: "hint:", colour: coloursErrors) + " " + hint) }
    }

    func warning(_ message: String, hint: String? = nil) {
        note(Style.yellow.apply(to: "warning:", colour: coloursErrors) + " " + message)
        if let hint { note(Style.cyan.apply(to: "hint:", colour: coloursErrors) + " " + hint) }
    }

    /// A step of a longer job, with the symbols that Flux made familiar.
    func step(_ symbol: Symbol, _ text: String) {
        note(symbol.style.apply(to: symbol.rawValue, colour: coloursErrors) + " " + text)
    }

    enum Symbol: String {
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

    private static func write(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return
            }
            start += count
        }
    }

    private static func width(of file: Int32) -> Int? {
        var size = winsize()
        guard isatty(file) == 1, ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
