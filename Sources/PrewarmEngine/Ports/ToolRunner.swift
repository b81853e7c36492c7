/// Runs programs of the operator's or the system's to their end: without a shell, bounded in time and output.
package protocol ToolRunner: Sendable {
    /// Throws where the program did not run to its end. An exit code other than 0 is an answer.
    func run(_ call: ToolCall) async throws(ToolFailure) -> ToolOutput
}

package struct ToolCall: Sendable {
    /// A path, or a name that is looked up in the runner's `PATH`.
    package var program: String
    package var arguments: [String]
    package var input: [UInt8]
    /// Set on top of the runner's environment.
    package var environment: [String: String]
    /// Nil: that of prewarm. A relative program counts from here.
    package var workingDirectory: String?
    package var timeout: Duration
    /// Of standard output, in bytes; more ends the program.
    package var outputLimit: Int

    package init(
        _ program: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, timeout: Duration = .seconds(30), outputLimit: Int = 1 << 20
    ) {
        self.program = program
        self.arguments = arguments
        self.input = input
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.timeout = timeout
        self.outputLimit = outputLimit
    }
}

package struct ToolOutput: Sendable {
    /// The exit code; 128 and the number of the signal that ended it.
    package let code: Int32
    package let output: [UInt8]
    /// The end of standard error.
    package let log: String

    package init(code: Int32, output: [UInt8], log: String) {
        self.code = code
        self.output = output
        self.log = log
    }
}

package struct ToolFailure: Error, Hashable, Sendable {
    package enum Reason: Sendable {
        /// It can't be started.
        case cannotRun
        case timedOut, outputTooLong, cancelled
    }

    package let reason: Reason
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}
