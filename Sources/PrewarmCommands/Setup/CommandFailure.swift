import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// Ends a command with a message for people and an exit code for scripts.
struct CommandFailure: Error {
    let message: String
    var hint: String?
    /// 1 failed, 3 nothing to claim; 64, wrong usage, comes from the argument parser.
    var code: Int32 = 1
    /// Where it is about a place in a file.
    private(set) var diagnostic: Diagnostic?
    /// Errors that are written below the message.
    var listed: [Diagnostic] = []

    init(_ diagnostic: Diagnostic) {
        message = "\(diagnostic.location): \(diagnostic.message)"
        hint = diagnostic.hint
        self.diagnostic = diagnostic
    }

    init(_ message: String, hint: String? = nil, code: Int32 = 1) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    /// In the words of the command line, whatever went wrong underneath.
    init(_ error: any Error) {
        if let failure = error as? CommandFailure {
            self = failure
        } else if let problem = Problem(error) {
            self.init(problem.message, hint: problem.hint, code: problem.code == "NothingReady" ? 3 : 1)
        } else if let error = error as? AccessError {
            self.init(error.message, hint: error.hint)
        } else if let interruption = error as? Interruption {
            self.init("interrupted; what was under way is carried on by the next run", code: interruption.code)
        } else if error is CancellationError {
            self.init("interrupted; what was under way is carried on by the next run", code: 130)
        } else {
            self.init("\(error)")
        }
    }
}
