internal import GRDB
internal import Glibc
package import PrewarmEngine

extension SQLiteStore {
    /// Copies the store at a path to a new file, in the state of one moment. Other processes read and write the store
    /// meanwhile. It blocks until the copy is on the disk.
    /// - Returns: The size of the copy in bytes.
    /// - Throws: ``StoreError`` if the store cannot be read, the copy cannot be written, or the target exists.
    package static func backUp(_ path: String, to target: String) throws(StoreError) -> Int64 {
        let doing = "cannot back up the store \(path)"
        guard access(path, F_OK) == 0 else {
            throw StoreError(
                .unavailable, "\(doing): there is no such file",
                hint: "name the configuration of the store with --config")
        }
        var found = stat()
        guard lstat(target, &found) != 0 else {
            throw StoreError(
                .unavailable, "\(doing) to \(target): the file exists already",
                hint: "choose another name, or move the file away")
        }
        let partial = "\(target).\(getpid()).partial"
        defer { unlink(partial) }
        do {
            try copy(path, to: partial)
            return try publish(partial, as: target)
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(.unavailable, "\(doing) to \(target): \(StoreError(error, path: path).message)")
        } catch {
            throw StoreError(.unavailable, "\(doing) to \(target): \(error)")
        }
    }

    /// Copies all pages within one read transaction (https://www.sqlite.org/backup.html), and checks the copy.
    private static func copy(_ path: String, to partial: String) throws {
        guard mknod(partial, S_IFREG | 0o600, 0) == 0 else { throw failure("create", partial) }
        var reading = Configuration()
        reading.readonly = true
        reading.busyMode = .timeout(Double(busySeconds))
        let source = try DatabaseQueue(path: path, configuration: reading)
        guard try source.read(isOurs) else {
            throw StoreError(
                .unavailable, "cannot back up \(path): it is the database of another program",
                hint: "set `store` in the configuration to the store of prewarm")
        }
        let copy = try DatabaseQueue(path: partial)
        try source.backup(to: copy)
        try copy.writeWithoutTransaction { database in
            // A copy without a write-ahead log is one file.
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            let found = try String.fetchAll(database, sql: "PRAGMA quick_check(1)").filter { $0 != "ok" }
            if let first = found.first {
                throw StoreError(
                    .damaged, "cannot back up the store \(path), because it is damaged: \(first)",
                    hint: StoreError.damageHint(path))
            }
        }
        try copy.close()
        try source.close()
    }

    /// Moves the complete copy to its name, after its bytes are on the disk.
    private static func publish(_ partial: String, as target: String) throws -> Int64 {
        let file = Glibc.open(partial, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", partial) }
        defer { Glibc.close(file) }
        var status = stat()
        guard fsync(file) == 0, fstat(file, &status) == 0 else { throw failure("write", partial) }
        // Unlike a rename, a link does not replace a file that another backup made meanwhile.
        guard link(partial, target) == 0 else { throw failure("create", target) }
        try syncDirectory(of: target)
        return Int64(status.st_size)
    }

    /// Saves the entry of a file in its directory.
    private static func syncDirectory(of path: String) throws {
        let directory = Glibc.open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open the directory of", path) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw failure("write the directory of", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> StoreError {
        let reason = String(cString: strerror(errno))
        return StoreError(
            .unavailable, "cannot \(verb) \(path): \(reason)",
            hint: "check the directory, its permissions and its space")
    }
}
