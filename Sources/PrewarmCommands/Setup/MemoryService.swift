import CMalloc
import Glibc
import PrewarmEngine
import ServiceLifecycle

/// Keeps a daemon small that is at rest. The allocator keeps what was freed, for each of its arenas: one that once
/// planned for a hundred thousand workspaces would stay as large as it was then, as often as there are threads.
struct MemoryService: Service {
    private static let interval = Duration.seconds(15)
    /// Of processor time within the interval: more is work after which it is worth looking through the heap, which
    /// takes milliseconds. A daemon that has nothing to do uses a tenth of it.
    private static let work = clock_t(CLOCKS_PER_SEC) / 2

    /// To be called before there are many threads: they share two arenas, which is enough for what they allocate, and a
    /// short command starts sooner without one for each.
    static func shareArenas() {
        mallopt(M_ARENA_MAX, 2)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            var used = clock()
            var hasWorked = true
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let isWorking = clock() - used > Self.work
                // Once more when it is at rest: what was in use in the midst of work is free then.
                if isWorking || hasWorked { malloc_trim(0) }
                hasWorked = isWorking
                used = clock()
            }
        }
    }
}
