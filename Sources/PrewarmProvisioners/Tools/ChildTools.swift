package import PrewarmEngine

/// A runner of tools as child processes. Each tool has a session of its own, which has ended when `run` returns.
package struct ChildTools: ToolRunner {
    private let environment: [String: String]

    /// - Parameter environment: The environment of the tools, including `PATH`.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    /// Runs a tool to its exit. An exit code other than 0 is not an error.
    /// - Throws: ``ToolFailure`` if the tool did not run to its end, or wrote more than the limit.
    package func run(_ call: ToolCall) async throws(ToolFailure) -> ToolOutput {
        let environment = environment.merging(call.environment) { _, special in special }
        guard
            let path = CommandFile.path(
                of: call.program, workingDirectory: call.workingDirectory, searchPath: environment["PATH"] ?? "")
        else {
            throw ToolFailure(
                .cannotRun, "\(call.program) was not found in PATH", hint: "install it, or give its full path")
        }
        let child = ChildProcess(
            executable: path, arguments: call.arguments, environment: environment,
            workingDirectory: call.workingDirectory, input: call.input,
            limits: ChildLimits(
                // One byte more than the limit shows that the output is too long.
                timeout: call.timeout, grace: .seconds(1), output: call.outputLimit + 1, longestSecret: 0))
        let result: Result<ToolOutput, ToolFailure>
        do {
            result = try await child.run(started: { _ in }) { ended in (Self.result(of: ended, call), false) }
        } catch {
            throw Self.failure(of: error, call)
        }
        return try result.get()
    }

    private static func result(of ended: EndedChild, _ call: ToolCall) -> Result<ToolOutput, ToolFailure> {
        let name = call.program
        switch ended.stop {
        case .timedOut:
            return .failure(
                ToolFailure(.timedOut, "\(name) did not finish within \(call.timeout.components.seconds) s"))
        case .outputTooLong:
            return .failure(ToolFailure(.outputTooLong, "\(name) wrote more than \(call.outputLimit) bytes"))
        case .cancelled: return .failure(ToolFailure(.cancelled, "\(name) was ended because prewarm stops"))
        case nil where ended.output.count > call.outputLimit:
            return .failure(ToolFailure(.outputTooLong, "\(name) wrote more than \(call.outputLimit) bytes"))
        case nil: break
        }
        let code: Int32 =
            switch ended.status {
            case .code(let code): code
            case .signal(let signal): 128 + signal
            case .unknown: 255
            }
        return .success(ToolOutput(code: code, output: ended.output, log: ended.log.text(Redactor(secrets: []))))
    }

    private static func failure(of error: ChildFailure, _ call: ToolCall) -> ToolFailure {
        switch error {
        case .cancelled: ToolFailure(.cancelled, "\(call.program) was not started because prewarm stops")
        case .notStarted(let reason): ToolFailure(.cannotRun, "cannot start \(call.program): \(reason)")
        case .notSpawned(let failure):
            ToolFailure(
                .cannotRun, "cannot start a process for \(call.program): \(failure)",
                hint: "check the limits of processes and open files: `ulimit -u -n`")
        case .notExecuted(let failure):
            ToolFailure(
                .cannotRun, "cannot start \(call.program): \(failure)",
                hint: "check that \(call.program) exists and is executable")
        }
    }
}

extension CommandFile {
    /// Returns the path of a tool by its name or path; nil if a name is not found in `PATH`.
    static func path(of program: String, workingDirectory: String?, searchPath: String) -> String? {
        CommandFile(
            provisioner: "", command: program, workingDirectory: workingDirectory, searchPath: searchPath
        ).path()
    }
}
