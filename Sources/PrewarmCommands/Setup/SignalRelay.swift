import Glibc
import Synchronization

/// The signals that `with` gets: the first one before its command starts ends the wait, later ones go to the command.
final class SignalRelay: Sendable {
    private struct State {
        var command: ForegroundCommand?
        var first: Int32?
    }

    private let state = Mutex(State())

    /// The first signal that came; nil if none came.
    var first: Int32? { state.withLock(\.first) }

    /// Takes a signal, and sends it to the command if the terminal did not do so already.
    func take(_ signal: Int32) {
        let command = state.withLock { state in
            state.first = state.first ?? signal
            return state.command
        }
        guard let command else { return }
        if signal == SIGINT || signal == SIGQUIT, ForegroundCommand.isInForeground { return }
        command.send(signal)
    }

    /// Sends further signals to a command, and the one that came before.
    func begin(_ command: ForegroundCommand) {
        let first = state.withLock { state in
            state.command = command
            return state.first
        }
        if let first { command.send(first) }
    }

    /// Keeps further signals, since the command has ended and its process ID may be used again.
    func end() { state.withLock { $0.command = nil } }

    /// Waits until a signal comes, or until the task is canceled.
    func arrival() async {
        while first == nil, (try? await Task.sleep(for: .milliseconds(50))) != nil {}
    }
}
