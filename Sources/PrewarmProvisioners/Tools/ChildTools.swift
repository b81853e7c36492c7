package import PrewarmEngine

/// Runs tools as child processes, each in a session of its own that is gone when it returns.
package struct ChildTools: ToolRunner {
    private let environment: [String: String]

    /// - Parameter environment: of the tools, with their `PATH`.
    package init(environment: [String: String]) {
        self.environment = environment
    }

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
                // One more, as what comes after the exit is cut without a word.
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
            return .failure(ToolFailure(.timedOut, "\(name) was not done within \(call.timeout.components.seconds) s"))
        case .outputTooLong:
            return .failure(ToolFailure(.outputTooLong, "\(name) wrote more than \(call.outputLimit) bytes"))
        case .cancelled: return .failure(ToolFailure(.cancelled, "\(name) was ended, because prewarm stops"))
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
        case .cancelled: ToolFailure(.cancelled, "\(call.program) was not started, because prewarm stops")
        case .notStarted(let reason): ToolFailure(.cannotRun, "cannot start \(call.program): \(reason)")
        case .notSpawned(let failure):
            ToolFailure(
                .cannotRun, "cannot start a process for \(call.program): \(failure)",
                hint: "check the limits of processes and open files (`ulimit -u -n`)")
        case .notExecuted(let failure):
            ToolFailure(
                .cannotRun, "cannot start \(call.program): \(failure)",
                hint: "check that \(call.program) exists and is executable")
        }
    }
}

extension CommandFile {
    /// The file that a name or path of a tool means; nil where a name is not found in `PATH`.
    static func path(of program: String, workingDirectory: String?, searchPath: String) -> String? {
        CommandFile(
            provisioner: "", command: program, workingDirectory: workingDirectory, searchPath: searchPath
        ).path()
    }
}
