import Dispatch
import Glibc
import UnixSignals

/// The error of a command that was ended by a signal.
struct Interruption: Error {
    let code: ExitStatus
}

/// Runs the body and cancels it at the first SIGINT or SIGTERM, so that running operations are stopped and released. A
/// signal that comes a second or more later ends the process.
/// - Throws: ``Interruption`` after a signal, otherwise the error of the body.
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
                throw Interruption(code: first == .sigint ? .interrupted : .terminated)
            }
            return false
        }
        defer { group.cancelAll() }
        while let isDone = try await group.next(), !isDone {}
    }
}

/// Ends the process with exit code 1 after the limit. It is for a process that cannot end otherwise, because a thread
/// hangs in a system call.
/// - Parameter report: is called before the process ends.
func endProcess(after limit: Duration, _ report: @escaping @Sendable () -> Void) {
    DispatchQueue.global().asyncAfter(deadline: .now() + limit / .seconds(1)) {
        report()
        _exit(ExitStatus.failure.rawValue)
    }
}

/// Lets SIGINT and SIGTERM end the process at once, starting one second from now. Within that second, a repeated signal is
/// ignored: `timeout` signals both the process and its group, and a shell may forward the signal of a terminal.
func endAtNextSignal() {
    DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
        for number in [SIGINT, SIGTERM] { signal(number, endNow) }
    }
}

/// Removes the line that shows progress, and ends the process by the signal. It calls only functions that are safe in a
/// handler.
private let endNow: @convention(c) (Int32) -> Void = { number in
    if ProgressDisplay.isLineDrawn.load(ordering: .acquiring) {
        let sequence = ProgressDisplay.clearSequence
        _ = write(STDERR_FILENO, sequence.utf8Start, sequence.utf8CodeUnitCount)
    }
    signal(number, SIG_DFL)
    raise(number)
}
