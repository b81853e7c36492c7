internal import Glibc
internal import PrewarmEngine

/// The files that an open store consists of, as the file system names them. SQLite goes on with files that were removed
/// or replaced, and whatever it commits to them is lost.
struct StoreFiles: Sendable {
    private struct Stamp: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    private let path: String
    private let stamps: [(path: String, stamp: Stamp)]

    /// To be called while the store is open: its log exists from the first access on.
    init(of path: String) {
        self.path = path
        stamps = [path, "\(path)-wal", "\(path)-shm"].compactMap { path in Stamp(path).map { (path, $0) } }
    }

    /// Takes a microsecond for each file.
    /// - Throws: where a file is not the one that was opened.
    func check() throws(StoreError) {
        for (file, stamp) in stamps {
            let found = Stamp(file)
            guard found != stamp else { continue }
            throw Self.replaced(path, found == nil ? "\(file) was removed" : "\(file) was replaced")
        }
    }

    static func replaced(_ path: String, _ what: String) -> StoreError {
        StoreError(
            .replaced,
            "cannot use the store \(path): \(what) while this prewarm had it open, so that nothing would be kept",
            hint: "put the store's files as they should be, then start prewarm again")
    }
}
