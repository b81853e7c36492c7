internal import Dispatch

/// A thread of its own for calls that block: the cooperative pool has as many threads as cores and does not grow.
///
/// Actors may live on it, and tasks prefer it for what they do between such calls: to change threads takes longer than
/// many of them do.
package final class BlockingThread: SerialExecutor, TaskExecutor {
    private let queue: DispatchQueue
    private static let key = DispatchSpecificKey<Bool>()

    package init(name: String) {
        queue = DispatchQueue(label: "prewarm.\(name)")
        queue.setSpecific(key: Self.key, value: true)
    }

    /// Whether who asks may block.
    package static var isCurrent: Bool { DispatchQueue.getSpecific(key: key) ?? false }

    /// Asked where the runtime can't tell by itself, as for closures that others call.
    package func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async {
            job.runSynchronously(
                isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor())
        }
    }
}
