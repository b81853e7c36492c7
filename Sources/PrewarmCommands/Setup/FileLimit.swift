import Glibc

/// The limit on the open files of the process.
enum FileLimit {
    /// The limit for a daemon. Each source keeps the packs of its mirror open, and the usual 1,024 files are enough for
    /// about thirty sources in the worst case. The limit is not higher, because child processes inherit it.
    private static let wanted: rlim_t = 16_384

    /// Raises the limit as far as the system allows.
    static func raise() {
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(files, &limit)
    }
}
