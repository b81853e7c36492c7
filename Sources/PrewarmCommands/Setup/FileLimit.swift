import Glibc

/// How many files the process may have open.
enum FileLimit {
    /// Of a daemon: each source keeps the packs of its mirror open, and the usual 1,024 are for some thirty of them at their
    /// worst. No more than that, as programs that it runs inherit it.
    private static let wanted: rlim_t = 16_384

    /// Raises it where the system lets it.
    static func raise() {
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(files, &limit)
    }
}
