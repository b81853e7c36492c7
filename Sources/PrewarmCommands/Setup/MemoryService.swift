import CMalloc
import Glibc
import PrewarmEngine
import ServiceLifecycle

/// The service that returns free memory to the system while the daemon is idle. Otherwise each arena of the allocator keeps
/// the memory that it once used, for example to plan a hundred thousand workspaces.
struct MemoryService: Service {
    private static let interval = Duration.seconds(15)
    /// The processor time within the interval above which the daemon counts as busy: half a second in 15 seconds. Trimming
    /// the heap takes milliseconds, so it only follows busy intervals. An idle daemon uses a tenth of this time.
    private static let work = clock_t(CLOCKS_PER_SEC) / 2

    /// Limits the allocator to two arenas, which all threads share. A short command starts faster without an arena for each
    /// thread. It has to be called before the process has many threads.
    static func shareArenas() {
        mallopt(M_ARENA_MAX, 2)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            var used = clock()
            var hasWorked = true
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let isWorking = clock() - used > Self.work
                // The first idle interval trims once more, because memory that was in use during the work is free now.
                if isWorking || hasWorked { malloc_trim(0) }
                hasWorked = isWorking
                used = clock()
            }
        }
    }
}
