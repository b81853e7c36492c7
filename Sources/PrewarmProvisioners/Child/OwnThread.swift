import Glibc

/// Runs work that blocks on a thread of its own, so that neither the cooperative pool nor the threads that Dispatch
/// shares out (to database queues, too) can run out. SIGPIPE is blocked there: a write to a closed pipe only fails.
///
/// Throws where the system gives no thread; the work did not run then.
nonisolated(nonsending) func onOwnThread<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value
) async throws(SystemFailure) -> Value {
    let result: Result<Value, SystemFailure> = await withCheckedContinuation { continuation in
        let job = ThreadJob { continuation.resume(returning: .success(work())) }
        let context = Unmanaged.passRetained(job)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // Whatever `ulimit -s` and the C library give by themselves.
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, runThreadJob, context.toOpaque())
        pthread_attr_destroy(&attributes)
        if failure != 0 {
            context.release()
            continuation.resume(returning: .failure(SystemFailure(failure)))
        }
    }
    return try result.get()
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
