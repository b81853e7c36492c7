import Dispatch

/// A thread of its own for calls that block: the cooperative pool has as many threads as cores and does not grow.
final class GitThread: SerialExecutor {
    private let queue: DispatchQueue

    init(name: String) {
        queue = DispatchQueue(label: "prewarm.git.\(name)")
    }

    /// Asked where the runtime can't tell by itself, as for closures that others call.
    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
