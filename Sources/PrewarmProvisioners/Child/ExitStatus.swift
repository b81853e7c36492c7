import Glibc

/// How a child ended.
enum ExitStatus: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// It is no longer a child that can be waited for, as when SIGCHLD is ignored.
    case unknown

    /// Asks without waiting, and leaves the child to be waited for, so that its number stays taken; nil while it runs.
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
        case .unknown: "ended in a way that could not be found out (is SIGCHLD ignored?)"
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
