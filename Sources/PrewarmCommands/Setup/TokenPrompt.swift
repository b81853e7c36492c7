import Dispatch
import Glibc
import PrewarmCore

/// Reads a token from standard input, or on a terminal by a prompt that does not show it.
struct TokenPrompt {
    /// The largest size of a token with its line feed in bytes. Tokens of OpenID Connect have a few KiB.
    private static let limit = 16 << 10

    let console: Console
    /// The text of the prompt.
    let text: TerminalText

    /// Returns the text.
    /// - Throws: ``CommandFailure`` if standard input cannot be read or has too much text, or the user presses Ctrl-C.
    func read() async throws -> String {
        let isTerminal = isatty(STDIN_FILENO) == 1
        if isTerminal { console.draw(text) }
        let result = await withCheckedContinuation { continuation in
            DispatchQueue(label: "prewarm.prompt").async {
                continuation.resume(returning: isTerminal ? Self.typed() : Self.piped())
            }
        }
        if isTerminal { console.draw("\n") }
        return String(decoding: try result.get(), as: UTF8.self)
    }

    private static func piped() -> Result<[UInt8], CommandFailure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= limit {
            let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
            if count == 0 { return .success(bytes) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                return .failure(CommandFailure("cannot read the token: \(String(cString: strerror(errno)))"))
            }
            bytes += chunk[..<count]
        }
        return .failure(
            CommandFailure("cannot read the token: standard input has more than \(limit >> 10) KiB", code: .usage))
    }

    /// Reads a line that the terminal does not show. The terminal makes no signals meanwhile, and if a signal of another process
    /// ends this one, the terminal is first as it was.
    private static func typed() -> Result<[UInt8], CommandFailure> {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else {
            return .failure(CommandFailure("cannot read the token: \(String(cString: strerror(errno)))"))
        }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG)
        return SignalRestoration.run(restoring: before) {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
            defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
            return line()
        }
    }

    private static func line() -> Result<[UInt8], CommandFailure> {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            switch byte {
            case _ where count <= 0: return .success(bytes)
            case 3: return .failure(CommandFailure("interrupted", code: .interrupted))
            case 4, 10, 13: return .success(bytes)
            case 8, 127: _ = bytes.popLast()
            case 21: bytes = []
            default: bytes.append(byte)
            }
            guard bytes.count <= limit else {
                return .failure(
                    CommandFailure("cannot read the token: it has more than \(limit >> 10) KiB", code: .usage))
            }
        }
    }
}
