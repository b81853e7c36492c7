import Glibc

/// Runs blocking work on a thread of its own. So it takes no thread of the cooperative pool or of Dispatch, which database
/// queues need. The thread blocks SIGPIPE, so that a write to a closed pipe returns an error.
///
/// - Throws: ``SystemFailure`` if the system creates no thread. The work did not run then.
nonisolated(nonsending) func onOwnThread<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value
) async throws(SystemFailure) -> Value {
    let result: Result<Value, SystemFailure> = await withCheckedContinuation { continuation in
        let job = ThreadJob { continuation.resume(returning: .success(work())) }
        let context = Unmanaged.passRetained(job)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // A fixed size, independent of `ulimit -s` and of the C library.
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
