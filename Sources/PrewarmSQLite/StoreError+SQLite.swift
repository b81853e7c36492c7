internal import GRDB
internal import PrewarmEngine

extension StoreError {
    /// What SQLite says, in the words of the store (https://www.sqlite.org/rescode.html).
    init(_ error: DatabaseError, path: String) {
        let detail = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy, "the store \(path) was locked by another process for longer than \(SQLiteStore.busySeconds) s",
                hint: "find the process that holds it, e.g. with `fuser \(path)`; a backup must not lock it")
        case .SQLITE_NOTADB:
            self.init(
                .damaged, "the store \(path) is not a SQLite database",
                hint: "name another file, or move this one away: prewarm then starts with an empty store")
        case .SQLITE_CORRUPT, .SQLITE_FORMAT:
            self.init(
                .damaged, "the store \(path) is damaged: \(detail)",
                hint: StoreError.damageHint(path))
        case .SQLITE_FULL:
            self.init(.unavailable, "the disk of the store \(path) is full", hint: "free some space; nothing is lost")
        case .SQLITE_READONLY:
            self.init(.unavailable, "the store \(path) can't be written", hint: StoreError.permissionHint)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(.unavailable, "the store \(path) can't be opened: \(detail)", hint: StoreError.permissionHint)
        case .SQLITE_IOERR:
            self.init(
                .unavailable, "the store \(path) can't be read or written: \(detail)",
                hint: "look at the state of its disk or mount")
        default:
            self.init(.unavailable, "the store \(path) can't do what it was asked for: \(detail)")
        }
    }

    package static func damageHint(_ path: String) -> String {
        "stop prewarm, then restore the store from a backup, or save what can be read: "
            + "`sqlite3 \(path) .recover | sqlite3 new.db`"
    }

    static let permissionHint =
        "give the user that runs prewarm the right to write the file and its directory (SQLite keeps -wal and -shm "
        + "files beside it)"
}
