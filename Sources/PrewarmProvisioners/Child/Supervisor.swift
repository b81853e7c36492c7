import Glibc

/// The result of a child that has exited and was not reaped yet.
struct EndedChild: Sendable {
    let status: ExitStatus
    /// The reason why prewarm ended the child; nil if it exited on its own.
    let stop: StopReason?
    /// Standard output, at most up to the limit.
    let output: [UInt8]
    let log: LogTail
    /// True if a process was still running at the end of the grace period, so that prewarm sent SIGKILL.
    var wasKilled = false
    /// True if a process held standard output or standard error open after the exit, until prewarm closed them.
    var leftPipesOpen = false
}

/// The reason why prewarm ended a child.
enum StopReason: Hashable, Sendable {
    case timedOut, cancelled
    /// The child wrote more than the limit to standard output.
    case outputTooLong
}

/// Writes the input of one child, reads its output, and ends its session in time. It blocks, so it runs on a thread of its
/// own.
///
/// A timeout, an interrupt, too much output and a failed exit end the whole session by SIGTERM, and by SIGKILL after the
/// grace period. After exit code 0 the rest of the session is left alone, since it may contain processes of the workspace.
struct Supervisor {
    private let session: ProcessSession
    private let pidDescriptor: Int32
    private let limits: ChildLimits
    private let pipes: ChildPipes
    private let interrupt: Interrupt

    private var input: ArraySlice<UInt8>
    private var output: [UInt8] = []
    private var log: LogTail
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)

    private let deadline: ContinuousClock.Instant
    private var status: ExitStatus?
    private var stop: StopReason?
    /// The time of SIGKILL; set while the session is being ended.
    private var killTime: ContinuousClock.Instant?
    private var sessionIsEmpty = false
    private var wasKilled = false
    private var nextLook: ContinuousClock.Instant
    private var lookInterval: Duration = .milliseconds(2)
    /// The time until which the pipes are read; set once all processes that are waited for have exited.
    private var drainTime: ContinuousClock.Instant?

    /// - Parameter pidDescriptor: A descriptor that becomes readable at the exit; -1 if the kernel has none (before Linux
    ///   5.3).
    init(
        session: ProcessSession, pidDescriptor: Int32, pipes: ChildPipes, input: [UInt8], limits: ChildLimits,
        started: ContinuousClock.Instant, interrupt: Interrupt
    ) {
        self.session = session
        self.pidDescriptor = pidDescriptor
        self.pipes = pipes
        self.input = input[...]
        self.limits = limits
        self.interrupt = interrupt
        log = LogTail(slack: limits.longestSecret)
        deadline = started + limits.timeout
        nextLook = started
        for end in [pipes.input.writing, pipes.output.reading, pipes.log.reading] {
            end.setNonBlocking()
        }
    }

    /// Supervises the child until it has exited and its pipes are closed or the drain time has passed. If the child failed or
    /// was stopped, it also waits until its session is empty.
    mutating func run() -> EndedChild {
        while true {
            let now = ContinuousClock.now
            lookAtChild(now)
            if killTime != nil, !sessionIsEmpty, now >= nextLook { lookAtSession(now) }
            if let status, let drainTime, now >= drainTime || (pipes.output.isRead && pipes.log.isRead) {
                let leftPipesOpen = !(pipes.output.isRead && pipes.log.isRead)
                pipes.close()
                return EndedChild(
                    status: status, stop: stop, output: output, log: log, wasKilled: wasKilled,
                    leftPipesOpen: leftPipesOpen)
            }
            wait(from: now)
        }
    }

    private mutating func lookAtChild(_ now: ContinuousClock.Instant) {
        guard status == nil else { return }
        status = ExitStatus(of: session.leader)
        if let status {
            pipes.input.writing.close()
            if status != .code(0) || killTime != nil {
                beginEnding(now)
            } else {
                drainTime = now + limits.drain
            }
        } else if now >= deadline {
            end(because: .timedOut, now)
        }
    }

    private mutating func end(because reason: StopReason, _ now: ContinuousClock.Instant) {
        guard stop == nil, status == nil else { return }
        stop = reason
        pipes.input.writing.close()
        beginEnding(now)
    }

    private mutating func beginEnding(_ now: ContinuousClock.Instant) {
        nextLook = now
        guard killTime == nil else { return }
        killTime = now + limits.grace
        session.send(SIGTERM, to: session.members())
    }

    private mutating func lookAtSession(_ now: ContinuousClock.Instant) {
        guard let killTime else { return }
        let members = session.members()
        // A process that the kernel cannot end is ignored, except for the leader, which has to be reaped.
        if members.isEmpty || (status != nil && now >= killTime + ProcessSession.patience) {
            sessionIsEmpty = status != nil
            drainTime = sessionIsEmpty ? now + limits.drain : nil
        } else if now >= killTime {
            wasKilled = true
            session.send(SIGKILL, to: members)
        }
        nextLook = now + lookInterval
        lookInterval = min(lookInterval * 2, .milliseconds(100))
    }

    // MARK: - Waiting

    private mutating func wait(from now: ContinuousClock.Instant) {
        var waits = [
            pollfd(fd: status == nil ? pidDescriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop == nil && status == nil ? interrupt.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: pipes.input.writing.raw, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: pipes.output.reading.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: pipes.log.reading.raw, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waits, nfds_t(waits.count), milliseconds(from: now)) > 0 else { return }
        if waits[1].revents != 0 { end(because: .cancelled, .now) }
        if waits[2].revents != 0 { writeInput() }
        if waits[3].revents != 0 { readOutput() }
        if waits[4].revents != 0, let count = read(from: pipes.log) { log.append(chunk[..<count]) }
    }

    /// The time until the next deadline in milliseconds, rounded up; -1 if there is no deadline.
    private func milliseconds(from now: ContinuousClock.Instant) -> Int32 {
        var next: [ContinuousClock.Instant] = []
        if status == nil, stop == nil { next.append(deadline) }
        if status == nil, pidDescriptor < 0 { next.append(now + .milliseconds(20)) }
        if killTime != nil, !sessionIsEmpty { next.append(nextLook) }
        if let drainTime { next.append(drainTime) }
        guard let soonest = next.min() else { return -1 }
        let wait = (soonest - now).components
        let milliseconds = wait.seconds.multipliedReportingOverflow(by: 1000).partialValue
        return Int32(clamping: max(0, milliseconds + wait.attoseconds / 1_000_000_000_000_000 + 1))
    }

    // MARK: - Pipes

    private mutating func writeInput() {
        let count = input.withUnsafeBytes { write(pipes.input.writing.raw, $0.baseAddress, $0.count) }
        if count >= 0 {
            input = input.dropFirst(count)
        } else if errno == EAGAIN || errno == EINTR {
            return
        } else {
            // The child closed its standard input. This is no failure, because the environment has the same values.
            input = []
        }
        if input.isEmpty { pipes.input.writing.close() }
    }

    private mutating func readOutput() {
        guard let count = read(from: pipes.output) else { return }
        let room = limits.output - output.count
        output += chunk[..<min(count, room)]
        // Output beyond the limit is read and dropped, so that its writer does not block.
        if count > room { end(because: .outputTooLong, .now) }
    }

    /// Reads into the chunk and returns the number of bytes; nil if there were no bytes. Closes the pipe at its end.
    private mutating func read(from pipe: Pipe) -> Int? {
        let count = Glibc.read(pipe.reading.raw, &chunk, chunk.count)
        if count > 0 { return count }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { pipe.reading.close() }
        return nil
    }
}

extension Pipe {
    /// True if the pipe was read to its end.
    fileprivate var isRead: Bool { reading.raw < 0 }
}
