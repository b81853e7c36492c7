package import PrewarmEngine
import Synchronization

/// The facts about one ended call of a command that its reply does not show. ``ConformanceTest`` judges them.
package struct CommandCall: Hashable, Sendable {
    package let operation: ProvisionerOperation
    /// True if the command printed text before the object of its answer.
    package let hasTextBeforeAnswer: Bool
    /// True if the command exited with 0 or wrote too much, and its output is no valid answer.
    package let hasInvalidAnswer: Bool
    /// True if prewarm had to end the command or a process of its session with SIGKILL.
    package let wasKilled: Bool
    /// True if prewarm ended the command at its timeout.
    package let timedOut: Bool
    /// True if a process of the command held standard output or standard error open after the exit.
    package let leftPipesOpen: Bool

    /// - Parameter isAccepted: True if prewarm accepts the answer.
    init(_ operation: ProvisionerOperation, _ ended: EndedChild, isAccepted: Bool) {
        self.operation = operation
        hasTextBeforeAnswer = (try? FinalObject(ended.output))?.hasTextBefore ?? false
        hasInvalidAnswer =
            ended.stop == .outputTooLong
            || ended.stop == nil && ended.status == .code(0) && !isAccepted
                && ErrorAnswer(in: ended.output, Redactor(secrets: []))?.error == nil
        wasKilled = ended.wasKilled
        timedOut = ended.stop == .timedOut
        leftPipesOpen = ended.leftPipesOpen && ended.stop == nil
    }
}

/// The calls of a command so far, which several tasks may add to.
package final class CommandCalls: Sendable {
    private let calls = Mutex<[CommandCall]>([])

    package init() {}

    /// Adds a call that has ended.
    package func add(_ call: CommandCall) { calls.withLock { $0.append(call) } }

    /// The calls in the order of their ends.
    var all: [CommandCall] { calls.withLock { $0 } }
}
