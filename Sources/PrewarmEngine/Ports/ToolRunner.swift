/// A runner of programs of the operator or the system. It uses no shell, and it limits their time and output.
package protocol ToolRunner: Sendable {
    /// Runs a program to its end.
    /// - Throws: ``ToolFailure`` if the program did not run to its end. An exit code other than 0 is a normal result.
    func run(_ call: ToolCall) async throws(ToolFailure) -> ToolOutput
}

/// The call of one program.
package struct ToolCall: Sendable {
    /// A path, or a name that is looked up in the runner's `PATH`.
    package var program: String
    package var arguments: [String]
    /// The bytes on standard input.
    package var input: [UInt8]
    /// Variables that are set in addition to the runner's environment.
    package var environment: [String: String]
    /// The working directory (default: that of prewarm). A relative path of the program starts here.
    package var workingDirectory: String?
    /// The longest time of the program (default: 30 seconds).
    package var timeout: Duration
    /// The largest number of bytes on standard output (default: 1 MiB). A program that writes more is ended.
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

/// The result of a program that ran to its end.
package struct ToolOutput: Sendable {
    /// The exit code. If a signal ended the program, it is 128 plus the number of the signal.
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

/// The reason why a program did not run to its end.
package struct ToolFailure: Error, Hashable, Sendable {
    package enum Reason: Sendable {
        /// The program cannot be started.
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
