import Dispatch
import PrewarmCore
import PrewarmEngine
import Synchronization

/// A queue of blocking calls with a thread of its own. One job runs at a time, in the order of the calls.
///
/// Tasks submit jobs and are suspended meanwhile, so that no call of libgit2 or of a file system blocks the cooperative
/// pool. A caller waits for its own job and the jobs before it; each of them has a deadline. If its task is canceled, a
/// waiting job is removed.
///
/// A job that cannot be interrupted, for example because it waits for a hanging file system, is abandoned after its
/// deadline. Its caller and all later callers get a failure at once, until the job returns. So each queue blocks at
/// most one thread.
final class PassQueue: Sendable {
    /// The number of jobs that may wait. Further jobs are refused.
    static let longestQueue = 64
    /// The time after which a canceled job that has not returned is abandoned.
    static let patience = Duration.seconds(2)

    private struct State {
        var waiting: [Job] = []
        var running: Job?
        var worker = Worker.none
        var deadline: SuspendingClock.Instant?
        /// True if the running job was abandoned. Its caller has got a failure.
        var isLeftBehind = false
        /// The time at which the current timer fires; nil if no timer is set.
        var timer: SuspendingClock.Instant?
        /// The number of timers that were set so far. Only the last one has an effect.
        var timers = 0
    }

    /// The state of the queue's thread. There is at most one thread.
    private enum Worker {
        /// There is no thread. The next job starts one: `running`.
        case none
        /// The thread runs jobs. When none is waiting, it becomes `idle`.
        case running
        /// The thread waits for a signal. A job makes it `running`; after 2 s without a job, it ends: `none`.
        case idle
    }

    private final class Job: Sendable {
        let run: @Sendable () -> Void
        /// Answers the caller with a failure, unless the job has answered already.
        let fail: @Sendable (GitFailure) -> Void
        let limit: Duration

        init(
            limit: Duration, run: @escaping @Sendable () -> Void, fail: @escaping @Sendable (GitFailure) -> Void
        ) {
            self.limit = limit
            self.run = run
            self.fail = fail
        }
    }

    private let wakeUp = DispatchSemaphore(value: 0)
    private let state = Mutex(State())
    /// The noun for messages: `the repository of source presets`.
    private let subject: String

    init(_ subject: String) {
        self.subject = subject
    }

    /// True if the caller is a job of this queue.
    var isCurrent: Bool { WorkerThread.isCurrent(of: self) }

    /// Stops the program if the caller is not a job of any queue, in release builds, too. Only a job may block.
    static func checkIsCurrent() {
        precondition(WorkerThread.isCurrent, "libgit2 was called from outside a job")
    }

    /// Runs `body` on the queue's thread and returns its result.
    /// - Parameters:
    ///   - limit: the time from the start of `body` after which it is abandoned.
    ///   - onCancel: makes a running `body` return soon. It is called from any thread.
    /// - Returns: the result of `body`. It is a failure without running `body` if the task is canceled, too many jobs
    ///   wait, or an abandoned job has not returned.
    func run<Value: Sendable>(
        limit: Duration, onCancel: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () -> Result<Value, GitFailure>
    ) async -> Result<Value, GitFailure> {
        let answer = Answer<Value>()
        let job = Job(limit: limit, run: { answer.give(body()) }, fail: { answer.give(.failure($0)) })
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.wait(with: continuation)
                add(job)
                // The handler below may have run before the job was added.
                if Task.isCancelled { cancel(job, onCancel) }
            }
        } onCancel: {
            cancel(job, onCancel)
        }
    }

    /// Runs `body` on the queue's thread without waiting for it. If the queue refuses jobs, `body` does not run.
    func runLater(limit: Duration, _ body: @escaping @Sendable () -> Void) {
        add(Job(limit: limit, run: body, fail: { _ in }))
    }

    private func add(_ job: Job) {
        var worker = Worker.running
        let refusal: GitFailure? = state.withLock { state in
            if state.isLeftBehind { return hanging }
            guard state.waiting.count < Self.longestQueue else {
                return GitFailure(
                    .unreachable, "cannot use \(subject): \(Self.longestQueue) calls are waiting for it already",
                    hint: "try again later")
            }
            state.waiting.append(job)
            worker = state.worker
            state.worker = .running
            return nil
        }
        if let refusal { return job.fail(refusal) }
        switch worker {
        case .running: break
        case .idle: wakeUp.signal()
        case .none: if !WorkerThread.start(for: self, { self.work() }) { refuseAll() }
        }
    }

    /// Fails all jobs, because the system cannot start a thread.
    private func refuseAll() {
        let jobs = state.withLock { state -> [Job] in
            defer { state.waiting = [] }
            state.worker = .none
            return state.waiting
        }
        let failure = GitFailure(
            .unreachable, "cannot start a thread for \(subject)",
            hint: "raise the limit of threads of prewarm: `ulimit -u`, or TasksMax of its systemd unit")
        for job in jobs { job.fail(failure) }
    }

    /// Runs jobs on the thread, until none has come for 2 s.
    private func work() {
        repeat {
            while let job = next() {
                job.run()
                state.withLock { state in
                    state.running = nil
                    state.deadline = nil
                    state.isLeftBehind = false
                }
            }
        } while isWoken()
    }

    /// Returns the next job. If none is waiting, it returns nil and the thread is idle.
    private func next() -> Job? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.worker = .idle
                return nil
            }
            let job = state.waiting.removeFirst()
            state.running = job
            setDeadline(.now + job.limit, &state)
            return job
        }
    }

    /// Waits for a job. Returns false if none came for 2 s.
    private func isWoken() -> Bool {
        if wakeUp.wait(timeout: .now() + Self.rest) == .success { return true }
        let hasEnded = state.withLock { state in
            guard case .idle = state.worker else { return false }
            state.worker = .none
            return true
        }
        // A job came after the wait above ended: take its signal.
        if !hasEnded { wakeUp.wait() }
        return !hasEnded
    }

    /// The time that an idle thread waits for the next job, in seconds.
    private static let rest = 2.0

    private func cancel(_ job: Job, _ onCancel: @Sendable () -> Void) {
        let (isRunning, wasWaiting) = state.withLock { state -> (Bool, Bool) in
            if state.running === job {
                setDeadline(min(state.deadline ?? .now, .now + Self.patience), &state)
                return (true, false)
            }
            guard let index = state.waiting.firstIndex(where: { $0 === job }) else { return (false, false) }
            state.waiting.remove(at: index)
            return (false, true)
        }
        if isRunning { onCancel() }
        if wasWaiting { job.fail(canceled) }
    }

    // MARK: Deadlines

    /// Sets the deadline of the running job. If a timer is set that fires earlier, it is kept: when it fires, it is set
    /// again for the deadline.
    private func setDeadline(_ deadline: SuspendingClock.Instant, _ state: inout State) {
        state.deadline = deadline
        if let timer = state.timer, timer <= deadline { return }
        setTimer(deadline, &state)
    }

    private func setTimer(_ time: SuspendingClock.Instant, _ state: inout State) {
        state.timer = time
        state.timers += 1
        let number = state.timers
        let seconds = max(0.01, (time - .now) / .seconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [weak self] in self?.checkDeadline(number) }
    }

    private func checkDeadline(_ number: Int) {
        let jobs = state.withLock { state -> [Job] in
            guard number == state.timers else { return [] }
            state.timer = nil
            guard let deadline = state.deadline, let running = state.running, !state.isLeftBehind else { return [] }
            guard SuspendingClock.now >= deadline else {
                setTimer(deadline, &state)
                return []
            }
            state.isLeftBehind = true
            defer { state.waiting = [] }
            return [running] + state.waiting
        }
        for job in jobs { job.fail(hanging) }
    }

    // MARK: Failures

    private var hanging: GitFailure {
        GitFailure(
            .unreachable, "cannot read \(subject): a call of the file system does not return",
            hint: "check the disk or network file system that contains it")
    }

    private var canceled: GitFailure { GitFailure(.unreachable, "cannot read \(subject): the call was canceled") }
}

/// The answer to one caller. Only the first answer has an effect.
private final class Answer<Value: Sendable>: Sendable {
    private let waiter = Mutex<CheckedContinuation<Result<Value, GitFailure>, Never>?>(nil)

    func wait(with continuation: CheckedContinuation<Result<Value, GitFailure>, Never>) {
        waiter.withLock { $0 = continuation }
    }

    func give(_ result: Result<Value, GitFailure>) {
        waiter.withLock { $0.take() }?.resume(returning: result)
    }
}
