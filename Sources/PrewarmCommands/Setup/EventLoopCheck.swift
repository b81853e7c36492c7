import CEpoll
import Glibc

/// The check that the system gives the threads and descriptors that the network's event loops need.
///
/// SwiftNIO makes its event loops at the first use of the network. If the system refuses a thread or a descriptor, SwiftNIO
/// traps or waits for ever. So prewarm first makes the same number of them and releases them, and reports a refusal.
enum EventLoopCheck {
    /// The number of descriptors for each event loop: epoll, a timer and a counter for wake-ups.
    private static let descriptorsPerLoop = 3

    /// The number of loops to check for every command. The runtime's own threads and queue also trap or wait for ever.
    static let least = 3

    /// The number of threads that every command needs besides the main one: of the runtime, of Dispatch, of the store and of
    /// a mirror. With fewer, a command may wait for ever at its end.
    static let leastThreads = 9
    /// The number of threads that a daemon needs besides its event loops.
    static let threadsOfDaemon = 16
    /// The number of descriptors that a daemon needs besides its event loops: for the store and its readers, a mirror, a
    /// child process, and some connections.
    static let leastOfDaemon = 32

    /// The number of event loops of a daemon: one for each processor, and at least four. With two, a flood of connections
    /// delays users by a fifth more, because the event loops share the processors with reconciliations.
    static var loopsOfDaemon: Int { max(4, processors) }

    private static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameters:
    ///   - loops: the number of event loops; nil for one on each processor, which is SwiftNIO's number.
    ///   - others: the number of further descriptors that the command needs.
    ///   - threads: the number of further threads that the command needs, of which one resolves host names.
    /// - Throws: ``CommandFailure`` if the system refuses a thread or a descriptor.
    static func run(loops: Int? = nil, others: Int = 0, threads: Int = 1) throws(CommandFailure) {
        let loops = loops ?? processors
        try checkDescriptors(loops * descriptorsPerLoop + others)
        try checkThreads(loops + threads)
    }

    private static func checkDescriptors(_ count: Int) throws(CommandFailure) {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        for _ in 0..<count {
            let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
            guard descriptor >= 0 else {
                throw failure(
                    "event descriptor", errno, hint: "raise the limit on open files (`ulimit -n`, LimitNOFILE=)")
            }
            descriptors.append(descriptor)
        }
    }

    private static func checkThreads(_ count: Int) throws(CommandFailure) {
        let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        defer { gate.deallocate() }
        sem_init(gate, 0, 0)
        var threads: [pthread_t] = []
        defer {
            for _ in threads { sem_post(gate) }
            for thread in threads { pthread_join(thread, nil) }
            sem_destroy(gate)
        }
        for _ in 0..<count {
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { gate in
                    if let gate { while sem_wait(gate.assumingMemoryBound(to: sem_t.self)) != 0 {} }
                    return nil
                }, gate)
            guard code == 0 else {
                throw failure(
                    "thread", code, hint: "raise the limit on processes and threads (`ulimit -u`, TasksMax=)")
            }
            threads.append(thread)
        }
    }

    private static func failure(_ what: String, _ code: Int32, hint: String) -> CommandFailure {
        CommandFailure(
            "cannot start: the system gives no \(what): \(String(cString: strerror(code)))", hint: hint)
    }
}
