import Dispatch
import Glibc
import UnixSignals

/// Somebody ended the command by a signal.
struct Interruption: Error {
    /// 128 and the number of the signal, as shells have it.
    let code: Int32
}

/// Cancels the body at the first SIGINT or SIGTERM, so that what runs is ended and given back. One that comes a second or
/// more after it ends the process.
func withInterruption(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return true
        }
        group.addTask {
            for await first in signals {
                endAtNextSignal()
                throw Interruption(code: first == .sigint ? 130 : 143)
            }
            return false
        }
        defer { group.cancelAll() }
        while let isDone = try await group.next(), !isDone {}
    }
}

/// Ends the process at once, with exit code 1, unless it has ended by then. A thread that hangs in the system keeps it
/// from ending in order.
func endProcess(after limit: Duration, _ report: @escaping @Sendable () -> Void) {
    DispatchQueue.global().asyncAfter(deadline: .now() + limit / .seconds(1)) {
        report()
        _exit(1)
    }
}

/// A second from now on SIGINT and SIGTERM end the process at once, as if nobody had asked for them. Until then they are
/// the same signal once more: `timeout` sends it to the process and to its group, and whoever passes on what a terminal
/// sends to all doubles it, too.
func endAtNextSignal() {
    DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
