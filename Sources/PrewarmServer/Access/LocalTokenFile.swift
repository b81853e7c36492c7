internal import Glibc
internal import SystemPackage

/// The local token of the daemon's user: a file beside the store that only this user can read.
///
/// A user who can read the file can also write the store, so the token gives no additional right. Commands find the file
/// automatically. A daemon creates a new token at each start. While no daemon runs, another program can listen at its port
/// and receive the old token from a command; after the next start this token is useless. Daemons that run on one store at
/// the same time share the token: each holds a lock on the file for as long as it runs.
package final class LocalTokenFile: Sendable {
    package let token: AccessToken
    /// The path of the file.
    let path: String
    /// The name of the user who owns the file, for the audit log.
    package let user: String
    /// True if another daemon ran on the same store when this one started.
    package let isShared: Bool
    /// The open file, which holds the lock.
    private let descriptor: Int32

    /// Returns the path of the file: `prewarm.db.token` for the store `prewarm.db`.
    package static func path(ofStore store: String) -> String { store + ".token" }

    /// Creates a new token, or reads the token of a daemon that runs on the same store.
    ///
    /// - Throws: ``AccessError`` if the file cannot be written or belongs to another user.
    package init(store: String) throws(AccessError) {
        path = Self.path(ofStore: store)
        descriptor = try Self.open(path)
        isShared = flock(descriptor, LOCK_EX | LOCK_NB) != 0
        do throws(AccessError) {
            if !isShared { try Self.write(AccessToken.random(), to: descriptor, path) }
            // This waits only while another daemon writes the file. On a file system without locks no second daemon runs.
            flock(descriptor, LOCK_SH)
            guard let token = AccessToken(Self.content(of: descriptor)) else {
                throw Self.failure(path, "it contains no token")
            }
            self.token = token
        } catch {
            close(descriptor)
            throw error
        }
        user = Self.name(ofUser: geteuid())
    }

    deinit { close(descriptor) }

    /// The numbers of the other processes that hold a lock on the file, from `/proc/locks` (proc_locks(5)). It is empty if
    /// the system does not list them, for example processes of other containers.
    package var otherHolders: [Int32] {
        guard let status = try? FileDescriptor(rawValue: descriptor).stat(),
            let locks = try? FileDescriptor.open("/proc/locks", .readOnly, options: .closeOnExec)
        else { return [] }
        defer { try? locks.close() }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var count = 0
        while count < bytes.count, let more = try? bytes[count...].withUnsafeMutableBytes({ try locks.read(into: $0) }),
            more > 0
        { count += more }
        let holders = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").compactMap { line in
            // For example `3: FLOCK  ADVISORY  READ  812 fe:01:1835 0 EOF`: the process and the inode.
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "FLOCK",
                fields[5].split(separator: ":").last.flatMap({ UInt64($0) }) == UInt64(status.inode.rawValue)
            else { return nil as Int32? }
            return Int32(fields[4])
        }
        return Set(holders).filter { $0 > 0 && $0 != getpid() }.sorted()
    }

    /// Returns the token for a command of the same user, or nil if there is no file or it contains no token.
    ///
    /// - Throws: ``AccessError`` if the user cannot read the file.
    package static func read(ofStore store: String) throws(AccessError) -> String? {
        let path = path(ofStore: store)
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw AccessError(
                .missing, "cannot read the token of the local daemon in \(path): \(String(cString: strerror(errno)))",
                hint: "run the command as the daemon's user, or pass a token by --token or PREWARM_TOKEN")
        }
        defer { close(descriptor) }
        return AccessToken(content(of: descriptor))?.text
    }

    // MARK: The file

    /// Opens the file, which only this user can read. A file that other users could have read is replaced.
    private static func open(_ path: String) throws(AccessError) -> Int32 {
        for _ in 0..<8 {
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(path, String(cString: strerror(errno))) }
            guard let status = try? FileDescriptor(rawValue: descriptor).stat(), status.type == .regular,
                status.userID.rawValue == geteuid()
            else {
                close(descriptor)
                throw failure(path, "it is not a regular file that the user \(name(ofUser: geteuid())) owns")
            }
            if status.permissions.rawValue & 0o077 == 0, status.linkCount == 1 {
                // The umask may have removed rights of the owner, too.
                fchmod(descriptor, 0o600)
                return descriptor
            }
            close(descriptor)
            guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, String(cString: strerror(errno))) }
        }
        throw failure(path, "other users can read it")
    }

    private static func write(_ token: AccessToken, to descriptor: Int32, _ path: String) throws(AccessError) {
        let bytes = Array((token.text + "\n").utf8)
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count,
            ftruncate(descriptor, off_t(bytes.count)) == 0
        else { throw failure(path, String(cString: strerror(errno))) }
    }

    private static func content(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        return String(String(decoding: bytes[..<count], as: UTF8.self).prefix { !$0.isWhitespace })
    }

    private static func failure(_ path: String, _ cause: String) -> AccessError {
        AccessError(
            .configuration, "cannot write the token for local commands to \(path): \(cause)",
            hint: "remove \(path), and make its folder writable for the daemon's user")
    }

    /// Returns the name of a user in the user database; the number if the database does not have the user.
    package static func name(ofUser id: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "\(id)"
        }
        return String(cString: name)
    }
}
