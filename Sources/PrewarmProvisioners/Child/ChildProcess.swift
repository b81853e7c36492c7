import Glibc
import PrewarmEngine

/// What bounds one child.
struct ChildLimits: Sendable {
    let timeout: Duration
    /// Between SIGTERM and SIGKILL.
    let grace: Duration
    /// How long pipes are still read that somebody holds open after the exit; `exec > >(tee log)` needs a moment.
    var drain: Duration = .seconds(1)
    /// Of standard output, in bytes.
    let output: Int
    /// In bytes; so much more of the log is kept, for a secret that lies across its cut.
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

    /// After the spawn, so that only the child's copies keep the pipes open.
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

/// Why a child did not run.
enum ChildFailure: Error, Sendable {
    /// The system gave no thread, pipe or process.
    case notSpawned(SystemFailure)
    /// There is no such program, or the system could not execute it.
    case notExecuted(SystemFailure)
    /// `started` threw, with this text.
    case notStarted(String)
    /// The task was canceled before anything ran.
    case cancelled
}

/// One process to run, in a session of its own.
struct ChildProcess: Sendable {
    /// A path.
    let executable: String
    let arguments: [String]
    /// All of it: nothing is inherited.
    let environment: [String: String]
    let workingDirectory: String?
    let input: [UInt8]
    let limits: ChildLimits

    /// Makes the process, awaits `started`, only then lets it execute the command, and has `judge` look at what came of
    /// it. Where it finds nothing good, the rest of the session is ended as well. Canceling the task ends the child.
    ///
    /// If prewarm is killed before `started` has returned, the process exits and the command never runs: what `started`
    /// has not recorded cannot act (see ``GatedChild``).
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
                // Not before: while the leader is not waited for, no other process gets the session's number.
                child.reap()
                return .success(verdict.value)
            }
        } catch {
            child.abandon()
            return .failure(.notSpawned(error))
        }
    }
}
