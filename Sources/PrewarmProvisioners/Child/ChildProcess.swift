import Glibc
import PrewarmEngine
import Subprocess
import SystemPackage

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
    /// The system refused; nothing ran.
    case notSpawned(SystemFailure?, String)
    /// `started` threw, with this; what ran was killed.
    case notStarted(String)
    /// The task was cancelled before anything ran.
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

    /// Spawns it, awaits `started`, only then writes the input, and has `judge` look at what came of it. Where it finds
    /// nothing good, the rest of the session is ended as well. Cancelling the task ends the child.
    ///
    /// swift-subprocess spawns and waits. The pipes are our own: its streams end with the child's exit, and so lose what
    /// `tee` in a process substitution still writes; and the session must be ended while the leader is not waited for,
    /// so that its number can't belong to somebody else.
    func run<Value: Sendable>(
        started: (ProcessMark) async throws -> Void,
        judge: @escaping @Sendable (EndedChild) -> (value: Value, isGood: Bool)
    ) async throws(ChildFailure) -> Value {
        guard !Task.isCancelled else { throw .cancelled }
        let interrupt: Interrupt
        let pipes: ChildPipes
        do {
            interrupt = try Interrupt()
            pipes = try ChildPipes()
        } catch {
            throw .notSpawned(error, error.description)
        }
        defer { pipes.close() }
        do {
            return try await withTaskCancellationHandler {
                try await spawn(pipes, interrupt, started: started, judge: judge)
            } onCancel: {
                interrupt.give()
            }
        } catch let failure as ChildFailure {
            throw failure
        } catch let error as SubprocessError {
            let number = error.underlyingError.map { SystemFailure($0.rawValue) }
            throw .notSpawned(number, number?.description ?? error.description)
        } catch {
            throw .notSpawned(nil, String(describing: error))
        }
    }

    private func spawn<Value: Sendable>(
        _ pipes: ChildPipes, _ interrupt: Interrupt, started: (ProcessMark) async throws -> Void,
        judge: @escaping @Sendable (EndedChild) -> (value: Value, isGood: Bool)
    ) async throws -> Value {
        let result = try await Subprocess.run(
            .path(FilePath(executable)), arguments: Arguments(arguments),
            environment: .custom(
                Dictionary(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0.key), $0.value) })),
            workingDirectory: workingDirectory.map { FilePath($0) }, platformOptions: options,
            input: .fileDescriptor(FileDescriptor(rawValue: pipes.input.reading.raw), closeAfterSpawningProcess: false),
            output: .fileDescriptor(
                FileDescriptor(rawValue: pipes.output.writing.raw), closeAfterSpawningProcess: false),
            error: .fileDescriptor(FileDescriptor(rawValue: pipes.log.writing.raw), closeAfterSpawningProcess: false)
        ) { execution in
            let start = ContinuousClock.now
            pipes.closeChildEnds()
            let session = ProcessSession(leader: execution.processIdentifier.value)
            do {
                guard let mark = session.mark else { throw ChildFailure.notStarted("/proc can't be read") }
                try await started(mark)
            } catch {
                await onOwnThread { session.end(grace: .zero) }
                throw ChildFailure.notStarted(String(describing: error))
            }
            let pidDescriptor = execution.processIdentifier.processDescriptor
            return await onOwnThread {
                var supervisor = Supervisor(
                    session: session, pidDescriptor: pidDescriptor, pipes: pipes, input: input, limits: limits,
                    started: start, interrupt: interrupt)
                let verdict = judge(supervisor.run())
                if !verdict.isGood { session.end(grace: limits.grace) }
                return verdict.value
            }
        }
        return result.closureResult
    }

    /// When the task is cancelled, swift-subprocess ends the child by itself, and its last step is always SIGKILL. The
    /// supervisor does that better, so the library only waits, with a signal that does nothing; its SIGKILL is the
    /// second defence.
    private var options: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .resume, allowedDurationToNextStep: limits.grace + ProcessSession.patience)
        ]
        return options
    }
}
