internal import Glibc
internal import PrewarmEngine

/// The identities of the files of an open store. SQLite continues to use files that were removed or replaced, and its
/// commits to them are lost.
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

    /// Records the files of a store. The store has to be open, because its log exists only after the first access.
    init(of path: String) {
        self.path = path
        stamps = [path, "\(path)-wal", "\(path)-shm"].compactMap { path in Stamp(path).map { (path, $0) } }
    }

    /// Checks that the files are the ones that were opened. It takes a microsecond for each file.
    /// - Throws: ``StoreError`` if a file was removed or replaced.
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
            "cannot use the store \(path): \(what) while prewarm had it open, so changes would be lost",
            hint: "restore the files of the store, then restart prewarm")
    }
}
