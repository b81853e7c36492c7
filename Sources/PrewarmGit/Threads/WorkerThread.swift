internal import CLibGit2
import Glibc

/// A thread outside Dispatch. The number of Dispatch's threads is limited, and database queues need them, too. A few
/// hundred sources with silent servers must not use them up.
enum WorkerThread {
    /// Starts a thread that runs `work` for an owner and then ends. It blocks SIGPIPE, so that a write to a closed
    /// connection fails instead of ending the process.
    /// - Returns: false if the system cannot start a thread.
    static func start(for owner: AnyObject, _ work: @escaping @Sendable () -> Void) -> Bool {
        let context = Unmanaged.passRetained(Work(owner: ObjectIdentifier(owner), run: work))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 8 << 20)
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, runWork, context.toOpaque()) == 0 else {
            context.release()
            return false
        }
        return true
    }

    /// True if the caller is on a thread of any owner.
    static var isCurrent: Bool { prewarm_git_thread_owner() != 0 }

    /// Returns true if the caller is on a thread of the owner.
    static func isCurrent(of owner: AnyObject) -> Bool {
        prewarm_git_thread_owner() == UInt(bitPattern: ObjectIdentifier(owner))
    }

    fileprivate final class Work: Sendable {
        let owner: ObjectIdentifier
        let run: @Sendable () -> Void

        init(owner: ObjectIdentifier, run: @escaping @Sendable () -> Void) {
            self.owner = owner
            self.run = run
        }
    }
}

private func runWork(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let work = Unmanaged<WorkerThread.Work>.fromOpaque(context).takeRetainedValue()
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    prewarm_git_thread_set_owner(UInt(bitPattern: work.owner))
    work.run()
    return nil
}
