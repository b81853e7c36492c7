internal import Glibc
internal import PrewarmEngine

/// A small file beside a store that says which store is there and how far it has come. It stays when the store is
/// replaced by an older copy, and tells the copy so.
struct IdentityFile: Sendable {
    struct Content: Hashable, Sendable {
        let identity: String
        let counter: Int64
    }

    let path: String

    init(besides store: String) {
        path = store + ".identity"
    }

    /// Nil if there is none, or none that can be read: then nothing is known of an earlier store.
    func read() -> Content? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split { $0.isWhitespace }
        guard words.count == 2, let counter = Int64(words[1]) else { return nil }
        return Content(identity: String(words[0]), counter: counter)
    }

    /// Replaces the file as a whole, so that a reader or a killed process never sees half of it. It is not forced to the
    /// disk: an older one after a power cut is as good, and a wait for the disk would double the time of each claim.
    /// - Throws: the number of the system's error.
    func write(_ content: Content) throws(SystemNumber) {
        let draft = "\(path).\(getpid())"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw SystemNumber(errno) }
        let bytes = Array("\(content.identity) \(content.counter)\n".utf8)
        let count = Glibc.write(file, bytes, bytes.count)
        let number = count < 0 ? errno : count < bytes.count ? ENOSPC : 0
        close(file)
        guard number == 0, rename(draft, path) == 0 else {
            let failure = SystemNumber(number == 0 ? errno : number)
            unlink(draft)
            throw failure
        }
    }

    struct SystemNumber: Error, CustomStringConvertible {
        let number: Int32

        init(_ number: Int32) { self.number = number }

        var description: String { String(cString: strerror(number)) }
    }
}
