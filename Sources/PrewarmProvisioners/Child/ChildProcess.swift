import Glibc
import PrewarmEngine

/// The limits of one child process.
struct ChildLimits: Sendable {
    /// The limit from the start of the command to its exit.
    let timeout: Duration
    /// The time between SIGTERM and SIGKILL.
    let grace: Duration
    /// The time for which pipes are still read after the exit, if another process holds them open. For example,
    /// `exec > >(tee log)` needs a moment.
    var drain: Duration = .seconds(1)
    /// The most bytes of standard output. More ends the command.
    let output: Int
    /// The length of the longest secret in bytes. The log keeps as many bytes more, for a secret across its cut.
    let longestSecret: Int
}

/// The three pipes between prewarm and a child.
struct ChildPipes: Sendable {
    let input: Pipe
    let output: Pipe
    let log: Pipe

    init() throws(SystemFailure) {
        input = try Pipe()
        output = try Pipe()
        log = try Pipe()
    }

    /// Closes the ends of the child in this process. It is called after the spawn, so that only the child holds them.
    func closeChildEnds() {
        input.reading.close()
        output.writing.close()
        log.writing.close()
    }

    func close() {
        closeChildEnds()
        input.writing.close()
        output.reading.close()
        log.reading.close()
    }
}

/// The reason why a child did not run.
enum ChildFailure: Error, Sendable {
    /// The system could not create a thread, pipe or process.
    case notSpawned(SystemFailure)
    /// The program does not exist, or the system could not execute it.
    case notExecuted(SystemFailure)
    /// `started` threw, with this text.
    case notStarted(String)
    /// The task was canceled before anything ran.
    case cancelled
}

/// A process to run in a session of its own.
struct ChildProcess: Sendable {
    /// The path of the program.
    let executable: String
    let arguments: [String]
    /// The whole environment. The child inherits no other variables.
    let environment: [String: String]
    let workingDirectory: String?
    let input: [UInt8]
    let limits: ChildLimits

    /// Creates the process, awaits `started`, and then lets the process execute the command.
    ///
    /// After the exit, `judge` returns the result. If `isGood` is false, the rest of the session is ended as well.
    /// Canceling the task ends the child. If prewarm is killed before `started` returns, the process exits and the command
    /// never runs. So a command runs only after `started` has recorded its process (see ``GatedChild``).
    /// - Throws: ``ChildFailure`` if the command did not run.
    func run<Value: Sendable>(
        started: (ProcessMark) async throws -> Void,
        judge: @escaping @Sendable (EndedChild) -> (value: Value, isGood: Bool)
    ) async throws(ChildFailure) -> Value {
        guard !Task.isCancelled else { throw .cancelled }
        let interrupt: Interrupt
        let pipes: ChildPipes
        let child: GatedChild
        do throws(SystemFailure) {
            interrupt = try Interrupt()
            pipes = try ChildPipes()
            child = try await onOwnThread { GatedChild.spawn(self, pipes) }.get()
        } catch {
            throw .notSpawned(error)
        }
        defer { pipes.close() }
        pipes.closeChildEnds()
        do {
            guard let mark = ProcessSession(leader: child.process).mark else {
                throw ChildFailure.notStarted("cannot read /proc/\(child.process)/stat")
            }
            try await started(mark)
            guard !Task.isCancelled else { throw ChildFailure.cancelled }
        } catch {
            child.abandon()
            throw (error as? ChildFailure) ?? .notStarted(String(describing: error))
        }
        let result = await withTaskCancellationHandler {
            await supervise(child, pipes, interrupt, judge)
        } onCancel: {
            interrupt.give()
        }
        return try result.get()
    }

    private func supervise<Value: Sendable>(
        _ child: GatedChild, _ pipes: ChildPipes, _ interrupt: Interrupt,
        _ judge: @escaping @Sendable (EndedChild) -> (value: Value, isGood: Bool)
    ) async -> Result<Value, ChildFailure> {
        do throws(SystemFailure) {
            return try await onOwnThread {
                let start = ContinuousClock.now
                if let failure = child.open() { return .failure(.notExecuted(failure)) }
                let session = ProcessSession(leader: child.process)
                var supervisor = Supervisor(
                    session: session, pidDescriptor: child.pidDescriptor.raw, pipes: pipes, input: input,
                    limits: limits, started: start, interrupt: interrupt)
                let verdict = judge(supervisor.run())
                if !verdict.isGood { session.end(grace: limits.grace) }
                // Reaping comes last: until then the kernel gives the number of the session to no other process.
                child.reap()
                return .success(verdict.value)
            }
        } catch {
            child.abandon()
            return .failure(.notSpawned(error))
        }
    }
}
