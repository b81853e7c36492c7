// The compiler takes `stat` for a part of CoreFoundation if another file of the same batch imports Foundation.
internal import Foundation
internal import Glibc

/// The token of the user who runs the daemon: a file beside the store that this user alone can read.
///
/// Who can read it can write the store, too, so it gives no right that its reader lacks. The command line finds it
/// by itself. A daemon makes a new token at each start, so that one which a program got hold of while no daemon ran,
/// by listening on its port, opens nothing. Daemons that run on one store at the same time share the token: each holds
/// a lock on the file for as long as it runs.
package final class LocalTokenFile: Sendable {
    package let token: AccessToken
    /// The name of the user whom the file belongs to, for the audit log.
    package let user: String
    /// The open file, which holds the lock.
    private let descriptor: Int32

    /// Beside `prewarm.db` it is `prewarm.db.token`.
    package static func path(ofStore store: String) -> String { store + ".token" }

    /// Makes a new token, or takes the one of a daemon that runs on the same store.
    ///
    /// - Throws: ``AccessError`` where the file cannot be made, or belongs to another user.
    package init(store: String) throws(AccessError) {
        let path = Self.path(ofStore: store)
        descriptor = try Self.open(path)
        do throws(AccessError) {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try Self.write(AccessToken.random(), to: descriptor, path) }
            // Waits only while another daemon writes. A file system without locks has no second daemon either.
            flock(descriptor, LOCK_SH)
            guard let token = AccessToken(Self.content(of: descriptor)) else {
                throw Self.failure(path, "it holds no token")
            }
            self.token = token
        } catch {
            close(descriptor)
            throw error
        }
        user = Self.name(ofUser: geteuid())
    }

    deinit { close(descriptor) }

    /// Returns the token for a command of the same user; nil where there is no file.
    ///
    /// - Throws: ``AccessError`` where there is one that this user cannot read.
    package static func read(ofStore store: String) throws(AccessError) -> String? {
        let path = path(ofStore: store)
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw AccessError(
                .missing, "cannot read the token of the local daemon in \(path): \(String(cString: strerror(errno)))",
                hint: "run the command as the user of the daemon, or give a token by --token or PREWARM_TOKEN")
        }
        defer { close(descriptor) }
        return AccessToken(content(of: descriptor))?.text
    }

    // MARK: The file

    /// Opens the file that this user alone can read; one that others could have read is made anew.
    private static func open(_ path: String) throws(AccessError) -> Int32 {
        for _ in 0..<8 {
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(path, String(cString: strerror(errno))) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid()
            else {
                close(descriptor)
                throw failure(path, "it is not a file of the user \(name(ofUser: geteuid()))")
            }
            if status.st_mode & 0o077 == 0, status.st_nlink == 1 {
                // The umask may have taken more than others' rights.
                fchmod(descriptor, 0o600)
                return descriptor
            }
            close(descriptor)
            guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, String(cString: strerror(errno))) }
        }
        throw failure(path, "others can read it")
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
            hint: "remove that file, and let the daemon write to its folder")
    }

    private static func name(ofUser id: uid_t) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "\(id)"
        }
        return String(cString: name)
    }
}
