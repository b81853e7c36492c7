// The compiler takes types of <spawn.h> for a part of CLibGit2 if another file of the same batch imports that.
import CLibGit2
import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization

/// A running ssh, whose standard input and output are the stream of git. It has a session and a process group of its own.
final class SSHProcess: RemoteStream {
    private let watch: Watch
    private let group: ProcessGroup
    private let usesAgent: Bool
    private var input: Int32
    private let output: Int32
    private let errors: Int32
    private(set) var log = SSHLog()
    /// True once the server sent a byte of git's protocol.
    private(set) var hasAnswered = false
    private var areErrorsOpen = true
    /// The time at which the last byte came or went, on any of the three pipes.
    private var progress = SuspendingClock.now

    /// - Throws: `.unreachable` if the system cannot start a process.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], usesAgent: Bool, watch: Watch
    ) throws(GitFailure) {
        self.watch = watch
        self.usesAgent = usesAgent
        var ends: [Int32] = []
        for _ in 0..<3 { ends += Self.makePipe() }
        let pipes = ends
        defer { for end in [pipes[0], pipes[3], pipes[5]] where end >= 0 { close(end) } }
        let process = pipes.contains(-1) ? nil : spawn(program, arguments, environment, [pipes[0], pipes[3], pipes[5]])
        guard let process else {
            let reason = String(cString: strerror(errno)).lowercased()
            for end in [pipes[1], pipes[2], pipes[4]] where end >= 0 { close(end) }
            throw GitFailure(
                .unreachable, "cannot run \(program): \(reason)",
                hint: "check the limits of processes and open files of prewarm: `ulimit -u` and `ulimit -n`")
        }
        (input, output, errors) = (pipes[1], pipes[2], pipes[4])
        group = ProcessGroup(process)
        for end in [input, output, errors] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        watch.setWake { [group] in group.send(SIGKILL) }
    }

    /// Returns both ends of a pipe, or -1 twice. They are above 2, so that none is in the place of a standard stream.
    private static func makePipe() -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return [-1, -1] }
        return ends.map { end in
            defer { close(end) }
            return fcntl(end, F_DUPFD_CLOEXEC, 3)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportEnd) -> Int {
        while true {
            guard !watch.isOver else { throw give() }
            let count = Glibc.read(output, buffer.baseAddress, buffer.count)
            if count > 0 {
                progress = .now
                hasAnswered = true
                guard watch.count(count) else { throw give() }
                return count
            }
            if count < 0, errno == EINTR { continue }
            guard count < 0, errno == EAGAIN else {
                guard !watch.isOver else { throw give() }
                watch.note(.closed)
                awaitExit(for: Self.patience)
                return 0
            }
            try wait(for: output, Int16(POLLIN), isWriting: false)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(TransportEnd) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard !watch.isOver else { throw give() }
            let count = Glibc.write(input, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count > 0 {
                progress = .now
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try wait(for: input, Int16(POLLOUT), isWriting: true)
            } else if errno != EINTR {
                // ssh has ended. The log says why.
                awaitExit(for: Self.patience)
                watch.note(.closed)
                throw TransportEnd()
            }
        }
    }

    /// Waits until a pipe is ready, and reads the log meanwhile.
    private func wait(for descriptor: Int32, _ events: Int16, isWriting: Bool) throws(TransportEnd) {
        while true {
            guard let patience = watch.patience(since: progress, in: phase(isWriting)) else { throw give() }
            var pipes = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: areErrorsOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
            ]
            let limit = Int32(clamping: patience.wholeMilliseconds + 1)
            guard poll(&pipes, 2, limit) > 0 else { continue }
            if pipes[1].revents != 0 { readErrors() }
            if pipes[0].revents != 0 { return }
        }
    }

    private func phase(_ isWriting: Bool) -> Watch.Phase {
        if !log.isConnected { return .connecting }
        if usesAgent, log.isWaitingForAgent { return .agent }
        return isWriting ? .writing : .reading
    }

    private func readErrors() {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = Glibc.read(errors, &chunk, chunk.count)
        if count > 0 {
            log.append(chunk[..<count])
            progress = .now
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            areErrorsOpen = false
        }
    }

    /// Ends the process at once.
    private func give() -> TransportEnd {
        group.send(SIGKILL)
        return TransportEnd()
    }

    /// The time for ssh to write its last words and to exit.
    private static let patience = Duration.seconds(2)

    /// Reads the log until the process has exited.
    private func awaitExit(for limit: Duration) {
        let end = SuspendingClock.now + limit
        // A process that writes without a pause does not extend the time.
        while SuspendingClock.now < end {
            let hasExited = group.hasExited
            var pipes = [pollfd(fd: areErrorsOpen ? errors : -1, events: Int16(POLLIN), revents: 0)]
            if poll(&pipes, 1, hasExited ? 0 : 5) > 0 {
                readErrors()
            } else if hasExited {
                return
            }
        }
    }

    /// Closes the pipes, and ends the process: by the end of its input, by SIGTERM, by SIGKILL.
    func finish() {
        guard input >= 0 else { return }
        close(input)
        input = -1
        if watch.isOver { group.send(SIGKILL) }
        awaitExit(for: .milliseconds(500))
        if !group.hasExited { group.send(SIGTERM) }
        awaitExit(for: .seconds(1))
        watch.setWake(nil)
        // A command of the configuration, for example ProxyCommand, may still run.
        group.send(SIGKILL)
        group.reap()
        close(output)
        close(errors)
    }
}

/// The process group of a child. Signals reach it until the child is reaped, and then no other process.
private final class ProcessGroup: Sendable {
    private let leader: Mutex<pid_t?>

    init(_ process: pid_t) {
        leader = Mutex(process)
    }

    func send(_ signal: Int32) {
        leader.withLock { leader in
            guard let leader else { return }
            _ = kill(-leader, signal)
        }
    }

    /// True if the child has exited.
    var hasExited: Bool {
        leader.withLock { leader in
            guard let leader else { return true }
            var information = siginfo_t()
            guard waitid(P_PID, id_t(leader), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else {
                return errno == ECHILD
            }
            return information._sifields._sigchld.si_pid != 0
        }
    }

    /// Waits for the exit of the child, which was killed.
    func reap() {
        guard let process = leader.withLock({ $0 }) else { return }
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        leader.withLock { leader in
            while waitpid(process, nil, 0) < 0, errno == EINTR {}
            leader = nil
        }
    }
}

/// Starts a program in a session of its own, with the default actions of all signals.
/// - Parameter streams: the descriptors that become 0, 1 and 2. The others are closed when the program starts.
/// - Returns: the process, or nil with `errno` set.
private func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ streams: [Int32]
) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    for (number, stream) in streams.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
    }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // POSIX_SPAWN_SETSID of <spawn.h>, which Swift does not import.
    let newSession: Int32 = 0x80
    posix_spawnattr_setflags(
        &attributes, Int16(Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | newSession))
    let words = arguments.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var process = pid_t()
    let failure = posix_spawn(&process, program, &actions, &attributes, words, variables)
    guard failure == 0 else {
        errno = failure
        return nil
    }
    return process
}
