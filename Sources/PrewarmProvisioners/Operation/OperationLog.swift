import Synchronization

/// The log of one operation, which `prewarm logs` shows. It is limited like the log of a command.
final class OperationLog: Sendable {
    private let tail: Mutex<LogTail>
    private let redactor: Redactor

    init(_ redactor: Redactor) {
        self.redactor = redactor
        tail = Mutex(LogTail(slack: redactor.longestPattern))
    }

    /// Adds a line.
    func note(_ line: String) {
        tail.withLock { $0.append(Array("\(line)\n".utf8)[...]) }
    }

    /// The log without secrets.
    var text: String { tail.withLock { $0.text(redactor) } }
}
