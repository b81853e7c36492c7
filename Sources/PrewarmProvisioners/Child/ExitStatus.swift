import Glibc

/// The exit status of a child.
enum ExitStatus: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// The kernel no longer has the status, for example because SIGCHLD is ignored.
    case unknown

    /// Reads the status without waiting and without reaping, so that the number of the process stays in use. Returns nil
    /// while the process runs.
    init?(of process: Int32) {
        var information = siginfo_t()
        guard waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else {
            guard errno == ECHILD else { return nil }
            self = .unknown
            return
        }
        guard information._sifields._sigchld.si_pid != 0 else { return nil }
        let status = information._sifields._sigchld.si_status
        self = information.si_code == Int32(CLD_EXITED) ? .code(status) : .signal(status)
    }

    var description: String {
        switch self {
        case .code(126): "exit code 126 (a command in it could not be executed)"
        case .code(127): "exit code 127 (a command in it was not found)"
        case .code(let code): "exit code \(code)"
        case .unknown: "ended with an unknown status (SIGCHLD must not be ignored)"
        case .signal(let number): "killed by signal \(Self.names[number] ?? String(number))"
        }
    }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]
}
