import Dispatch
import PrewarmCore
import PrewarmEngine
import Synchronization

/// A thread of its own for calls that block, with a bounded queue: one job runs at a time, in the order of the calls.
///
/// Tasks of the cooperative pool submit jobs and are suspended meanwhile, so that no call into libgit2 or to a file
/// system ever blocks the pool. A caller waits at most for the jobs before its own and for its own; each has a deadline.
/// A job that waits is taken out when its task is canceled. A job that cannot be interrupted, as one that waits for a
/// file system that hangs, is left behind after its deadline: its caller gets a failure, and so does every later caller,
/// at once, until that job returns. So each queue loses at most one thread, and none starts a second one.
final class PassQueue: Sendable {
    /// The number of jobs that may wait; later ones are refused.
    static let longestQueue = 64
    /// The time that a canceled job has to return before it is left behind.
    static let patience = Duration.seconds(2)

    private struct State {
        var waiting: [Job] = []
        var running: Job?
        var worker = Worker.none
        var deadline: SuspendingClock.Instant?
        /// The running job was left behind, and its caller has its answer.
        var isLeftBehind = false
        /// When the timer fires that is set; nil: none is.
        var timer: SuspendingClock.Instant?
        /// The number of timers so far. Only the last one counts.
        var timers = 0
    }

    /// The thread of the queue: there is at most one.
    private enum Worker {
        /// A job that comes starts one.
        case none
        /// It looks for the next job before it does anything else.
        case running
        /// It waits for a signal, and ends where none comes for a while.
        case idle
    }

    private final class Job: Sendable {
        let run: @Sendable () -> Void
        /// Answers the caller in place of the job, unless the job has answered already.
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
    /// What the queue works on, for messages: `the repository of source presets`.
    private let subject: String

    init(_ subject: String) {
        self.subject = subject
    }

    /// Whether the caller is a job of this queue.
    var isCurrent: Bool { WorkerThread.isCurrent(of: self) }

    /// Traps where the caller is not a job of any queue, in release builds as well: only a job may block.
    static func checkIsCurrent() {
        precondition(WorkerThread.isCurrent, "libgit2 was entered from outside a job")
    }

    /// Runs the body on the queue's thread and returns what it returns.
    /// - Parameters:
    ///   - limit: the time that the body has, from its start, until it is left behind.
    ///   - onCancel: makes a running body return soon; called from any thread.
    /// - Returns: a failure without having run the body where the task is canceled, too many jobs wait, or an earlier job
    ///   was left behind and has not returned.
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
                // The handler below may have come before the job was there to be taken out.
                if Task.isCancelled { cancel(job, onCancel) }
            }
        } onCancel: {
            cancel(job, onCancel)
        }
    }

    /// Runs the body on the queue's thread for nobody who waits. It is not run where calls are refused.
    func runLater(limit: Duration, _ body: @escaping @Sendable () -> Void) {
        add(Job(limit: limit, run: body, fail: { _ in }))
    }

    private func add(_ job: Job) {
        var worker = Worker.running
        let refusal: GitFailure? = state.withLock { state in
            if state.isLeftBehind { return hanging }
            guard state.waiting.count < Self.longestQueue else {
                return GitFailure(
                    .unreachable, "\(Self.longestQueue) calls wait for \(subject) already", hint: "try again later")
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

    /// The system gives no thread.
    private func refuseAll() {
        let jobs = state.withLock { state -> [Job] in
            defer { state.waiting = [] }
            state.worker = .none
            return state.waiting
        }
        for job in jobs { job.fail(GitFailure(.unreachable, "no thread can be started for \(subject)")) }
    }

    /// Runs on the thread, until there was nothing to do for a while.
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

    /// The next job; nil where none waits: then the thread is idle.
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

    /// False where no job came for a while.
    private func isWoken() -> Bool {
        if wakeUp.wait(timeout: .now() + Self.rest) == .success { return true }
        let hasEnded = state.withLock { state in
            guard case .idle = state.worker else { return false }
            state.worker = .none
            return true
        }
        // A signal is under way that came too late for the wait above.
        if !hasEnded { wakeUp.wait() }
        return !hasEnded
    }

    /// How long an idle thread waits for the next job, in seconds.
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

    /// Sets a timer only where none is set that fires before: one that was set for an earlier job looks again.
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
            .unreachable, "\(subject) does not answer: a call that reads it hangs in the system",
            hint: "check the disk or network file system that it is on")
    }

    private var canceled: GitFailure { GitFailure(.unreachable, "the call to \(subject) was canceled") }
}

/// The answer to one caller: the first that is given counts.
private final class Answer<Value: Sendable>: Sendable {
    private let waiter = Mutex<CheckedContinuation<Result<Value, GitFailure>, Never>?>(nil)

    func wait(with continuation: CheckedContinuation<Result<Value, GitFailure>, Never>) {
        waiter.withLock { $0 = continuation }
    }

    func give(_ result: Result<Value, GitFailure>) {
        waiter.withLock { $0.take() }?.resume(returning: result)
    }
}
