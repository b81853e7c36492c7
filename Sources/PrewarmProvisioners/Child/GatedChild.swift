internal import CProcess
import Glibc

/// A process that waits at a gate, which is a pipe. It exists and can be recorded, but executes its command only after the
/// gate opens. If the gate closes, also because prewarm is killed, the process exits and nothing has run.
struct GatedChild: Sendable {
    let process: Int32
    /// A descriptor that becomes readable when the process exits; -1 if the kernel has none (before Linux 5.3).
    let pidDescriptor: Descriptor
    private let gate: Descriptor
    private let report: Descriptor

    /// Starts the process. It blocks until the process exists.
    static func spawn(_ child: ChildProcess, _ pipes: ChildPipes) -> Result<GatedChild, SystemFailure> {
        let arguments = CStringArray([child.executable] + child.arguments)
        let environment = CStringArray(child.environment.map { "\($0.key)=\($0.value)" })
        let descriptors = [pipes.input.reading.raw, pipes.output.writing.raw, pipes.log.writing.raw]
        var started = prewarm_gated_child()
        let failure = withExtendedLifetime((arguments, environment)) {
            prewarm_gated_spawn(
                child.executable, arguments.pointers, environment.pointers, child.workingDirectory, descriptors,
                &started)
        }
        guard failure == 0 else { return .failure(SystemFailure(failure)) }
        return .success(GatedChild(started))
    }

    private init(_ started: prewarm_gated_child) {
        process = started.process
        pidDescriptor = Descriptor(started.process_descriptor)
        gate = Descriptor(started.gate)
        report = Descriptor(started.report)
    }

    /// Lets the process execute its command. It blocks until the command runs or failed to start.
    /// - Returns: The failure to execute the command; nil if the command runs.
    func open() -> SystemFailure? {
        var go: UInt8 = 1
        _ = write(gate.raw, &go, 1)
        gate.close()
        var number: Int32 = 0
        var count = -1
        repeat {
            count = read(report.raw, &number, MemoryLayout<Int32>.size)
        } while count < 0 && errno == EINTR
        report.close()
        guard count == MemoryLayout<Int32>.size else { return nil }
        reap()
        return SystemFailure(number)
    }

    /// Closes the gate, so that the process exits without having run anything.
    func abandon() {
        gate.close()
        report.close()
        reap()
    }

    /// Waits for the exit of the process, and frees its number.
    func reap() {
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }
}

/// A list of C strings for `execve`, terminated by a null pointer.
private final class CStringArray {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
