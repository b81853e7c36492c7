import Glibc

/// The identity and the modification times of a file or folder. Two equal stamps mean that it is the same file and was
/// not written in between, within the resolution of the file system's clock, which is some milliseconds.
struct FileStamp: Hashable, Sendable {
    private let device: dev_t
    private let inode: ino_t
    /// The size, in bytes.
    private let size: Int
    private let modified: Int
    private let changed: Int

    /// Returns nil if there is no file or folder at the path.
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
