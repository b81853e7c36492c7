import Dispatch
import Glibc

/// Runs work that blocks on a thread of its own, so that neither the cooperative pool nor the threads that Dispatch
/// shares out (to database queues, too) can run out. SIGPIPE is blocked there: a write to a closed pipe only fails.
nonisolated(nonsending) func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let job = ThreadJob { continuation.resume(returning: work()) }
        let context = Unmanaged.passRetained(job)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // JSON is decoded there, up to 512 levels deep, whatever `ulimit -s` and the C library give by themselves.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, runThreadJob, context.toOpaque())
        pthread_attr_destroy(&attributes)
        if failure != 0 {
            context.release()
            // Out of threads: slower on the shared ones, and still not on the cooperative pool.
            DispatchQueue.global().async { job.run() }
        }
    }
}

private final class ThreadJob: Sendable {
    private let work: @Sendable () -> Void

    init(_ work: @escaping @Sendable () -> Void) {
        self.work = work
    }

    func run() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        work()
    }
}

private func runThreadJob(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ThreadJob>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
