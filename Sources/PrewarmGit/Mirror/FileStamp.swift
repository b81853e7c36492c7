import Glibc

/// How a file or folder stands on disk. While it is equal to an earlier one, it is the same and nobody has written to
/// it, as far as a clock of some milliseconds tells.
struct FileStamp: Hashable, Sendable {
    private let device: dev_t
    private let inode: ino_t
    /// In bytes.
    private let size: Int
    private let modified: Int
    private let changed: Int

    /// Nil where it is not there.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
        size = status.st_size
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
}
