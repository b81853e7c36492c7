import Dispatch
import Glibc

/// A command that runs in the foreground with the terminal, the standard streams and the process group of this process.
struct ForegroundCommand: Sendable {
    /// The end of a command.
    enum End: Hashable, Sendable {
        case exited(Int32)
        case signaled(Int32)

        /// The exit code as shells report it: 128 plus the number of the signal.
        var code: Int32 {
            switch self {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        }
    }

    /// The reason why a command cannot start.
    struct Failure: Error {
        let message: String
        /// The exit code as shells report it: 127 for a command that does not exist, otherwise 126.
        let code: Int32
    }

    let pid: pid_t
    /// The modes of standard input when the command started; nil if it is not a terminal.
    private let modes: termios?

    /// Starts a command, which is searched in `PATH`.
    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - environment: the whole environment of the command.
    init(_ arguments: [String], environment: [String: String]) throws(Failure) {
        modes = Self.modes
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This process ignores or traps these signals. The command gets their defaults.
        var (defaults, mask) = (sigset_t(), sigset_t())
        sigemptyset(&defaults)
        sigemptyset(&mask)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let words = arguments.map { strdup($0) }
        let variables = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawnp(&child, arguments.first ?? "", nil, &attributes, words + [nil], variables + [nil])
        guard code == 0 else {
            throw Failure(message: String(cString: strerror(code)).lowercased(), code: code == ENOENT ? 127 : 126)
        }
        pid = child
    }

    /// Waits for the end of the command on a thread of its own.
    func end() async -> End {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "prewarm.foreground").async { [pid] in
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7f
                continuation.resume(returning: signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal))
            }
        }
    }

    private static var modes: termios? {
        var modes = termios()
        return isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &modes) == 0 ? modes : nil
    }

    /// Gives the terminal the modes that it had at the start, as shells do after a signal ended a command: the command may have
    /// turned the echo off.
    func restoreTerminal() {
        guard var modes, Self.isInForeground else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Returns true if the terminal itself sends SIGINT and SIGQUIT to the command, since this process is in the
    /// foreground.
    static var isInForeground: Bool { tcgetpgrp(STDIN_FILENO) == getpgrp() }
}
