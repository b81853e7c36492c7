internal import GRDB
internal import PrewarmEngine

extension StoreError {
    /// Converts an error of SQLite (https://www.sqlite.org/rescode.html).
    init(_ error: DatabaseError, path: String) {
        let detail = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy,
                "cannot lock the store \(path): another process held it for more than \(SQLiteStore.busySeconds)s",
                hint: "find the process with `fuser \(path)`. A backup must not lock the store")
        case .SQLITE_NOTADB:
            self.init(
                .damaged, "cannot open the store \(path): the file is not a SQLite database",
                hint: "set `store` to another file, or move this file away. prewarm then starts with an empty store")
        case .SQLITE_CORRUPT, .SQLITE_FORMAT:
            self.init(
                .damaged, "cannot use the store \(path), because it is damaged: \(detail)",
                hint: StoreError.damageHint(path))
        case .SQLITE_FULL:
            self.init(
                .unavailable, "cannot write the store \(path): the disk is full",
                hint: "free space on the disk. No data is lost")
        case .SQLITE_READONLY:
            self.init(.unavailable, "cannot write the store \(path): it is read-only", hint: StoreError.permissionHint)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(.unavailable, "cannot open the store \(path): \(detail)", hint: StoreError.permissionHint)
        case .SQLITE_IOERR:
            self.init(
                .unavailable, "cannot read or write the store \(path): \(detail)",
                hint: "check the disk or the mount of the store")
        default:
            self.init(.unavailable, "cannot use the store \(path): \(detail)")
        }
    }

    /// The hint for a damaged store at a path.
    package static func damageHint(_ path: String) -> String {
        "stop prewarm. Then restore the store from a backup, or recover the readable data: "
            + "`sqlite3 \(path) .recover | sqlite3 new.db`"
    }

    static let permissionHint =
        "give the user that runs prewarm write permission for the file and its directory. SQLite keeps files with the "
        + "suffixes -wal and -shm beside the store"
}
