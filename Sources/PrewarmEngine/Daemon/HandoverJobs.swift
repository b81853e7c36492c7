package import PrewarmCore
import Synchronization

/// The handovers that the daemon carries out for its requests. They go on if a request does not wait for their end.
package final class HandoverJobs: Sendable {
    private let jobs: AsyncStream<HandoverJob>
    private let input: AsyncStream<HandoverJob>.Continuation

    package init() {
        (jobs, input) = AsyncStream.makeStream()
    }

    /// Begins a handover. After ``close()`` the handover is interrupted at once, and its workspace is deleted.
    /// - Throws: ``StoreError``
    package func begin(_ handover: Handover) async throws -> HandoverJob {
        let job = HandoverJob(handover)
        if case .terminated = input.yield(job) {
            try await handover.interrupt()
            job.give(.interrupted(handover.workspace))
        }
        return job
    }

    /// Carries out handovers until ``close()``, and returns when the last one has ended. If the task is canceled, those that
    /// still run are interrupted.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job.run() } }
            input.finish()
        }
    }

    /// Accepts no further handovers. Those that began before go on.
    package func close() { input.finish() }
}

/// A handover that runs in the daemon, and its result.
package final class HandoverJob: Sendable {
    private let handover: Handover
    private let result = Mutex<HandoverResult?>(nil)
    private let signal = Signal()

    init(_ handover: Handover) {
        self.handover = handover
    }

    func run() async { give(await handover.run()) }

    func give(_ value: HandoverResult) {
        result.withLock { $0 = value }
        signal.send(.replan)
    }

    /// Returns the result, or nil if the time is over first.
    /// - Parameter deadline: The end of the wait; nil to wait for the result.
    package func value(until deadline: Instant?) async throws -> HandoverResult? {
        let clock = handover.engine.clock
        while true {
            if let value = result.withLock({ $0 }) { return value }
            try Task.checkCancellation()
            let rest = deadline.map { $0 - clock.instant() } ?? .seconds(5)
            guard rest > .zero else { return nil }
            _ = await signal.wait(for: min(rest, .seconds(5)), on: clock)
        }
    }
}
