import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The error that ends a command: a message and a hint for people, and an exit code for scripts.
struct CommandFailure: Error {
    let message: String
    var hint: String?
    var code = ExitStatus.failure
    /// The diagnostic, if the error is about a place in a file.
    private(set) var diagnostic: Diagnostic?
    /// The errors that are printed below the message.
    var listed: [Diagnostic] = []

    init(_ diagnostic: Diagnostic) {
        message = "\(diagnostic.location): \(diagnostic.message)"
        hint = diagnostic.hint
        code = .invalid
        self.diagnostic = diagnostic
    }

    init(_ message: String, hint: String? = nil, code: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    /// The message with the places and messages of ``listed``, on one line.
    var messageInLog: String {
        listed.isEmpty ? message : ([message] + listed.map { "\($0.location): \($0.message)" }).joined(separator: " ")
    }

    /// The hint, or the hint of the first listed error that has one.
    var firstHint: String? { hint ?? listed.lazy.compactMap(\.hint).first }

    /// Makes a failure of any error, with the message and the hint that the error has.
    init(_ error: any Error) {
        if let failure = error as? CommandFailure {
            self = failure
        } else if let problem = Problem(error) {
            self.init(
                ([problem.message] + [problem.log].compactMap(\.self)).joined(separator: "\n"), hint: problem.hint,
                code: ExitStatus(problem))
        } else if let error = error as? AccessError {
            self.init(error.message, hint: error.hint, code: ExitStatus(error.reason))
        } else if let interruption = error as? Interruption {
            self.init("interrupted; the next run continues the unfinished operations", code: interruption.code)
        } else if error is CancellationError {
            self.init("interrupted; the next run continues the unfinished operations", code: .interrupted)
        } else {
            self.init("\(error)")
        }
    }
}

extension ExitStatus {
    /// The exit code for an answer of the API, or for an error of the engine.
    fileprivate init(_ problem: Problem) {
        switch problem.code {
        case "NothingReady": self = .nothingReady
        case "TokenMissing", "TokenUnknown", "TokenExpired", "Forbidden": self = .unauthorized
        case "Unreachable", "AuthenticationFailed", "BadAnswer", "Unavailable", "Stopping": self = .unreachable
        // A store that is damaged or too new has the status 500: it does not help to try again.
        case "Store" where problem.status == 503: self = .unreachable
        default: self = .failure
        }
    }

    /// The exit code for sources that cannot be read.
    init(_ reasons: [GitFailure.Reason]) {
        let isUnreachable = reasons.contains { [.unreachable, .authenticationFailed, .fetchFailed].contains($0) }
        self = isUnreachable ? .unreachable : .failure
    }

    fileprivate init(_ reason: AccessError.Reason) {
        switch reason {
        case .missing, .unknown, .expired, .refused: self = .unauthorized
        case .unavailable: self = .unreachable
        case .configuration: self = .invalid
        }
    }
}
