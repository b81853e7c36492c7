internal import Glibc
internal import PrewarmEngine

/// A small file beside a store that says which store is there and how far it has come. It stays when the store is
/// replaced by an older copy, and tells the copy so.
struct IdentityFile: Sendable {
    struct Content: Hashable, Sendable {
        let identity: String
        let counter: Int64

        /// `IDENTITY COUNTER CHECKSUM`, as long for each counter.
        var record: [UInt8] {
            let digits = String(counter)
            let text = "\(identity) \(String(repeating: "0", count: max(0, 20 - digits.count)))\(digits)"
            // FNV-1a, as of ids.
            let checksum = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            let sum = String(checksum, radix: 16)
            return Array("\(text) \(String(repeating: "0", count: 16 - sum.count))\(sum)\n".utf8)
        }
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
        guard words.count == 3, let counter = Int64(words[1]) else { return nil }
        let content = Content(identity: String(words[0]), counter: counter)
        // Half of a record that is just being written is none.
        return content.record.elementsEqual(bytes.prefix(count)) ? content : nil
    }

    /// Writes the record over the one before: it has the same length and lies in one sector, so that a killed process
    /// leaves one of the two. To make a new file and rename it takes as long as a commit. It is not forced to the disk:
    /// an older record after a power cut does no harm.
    func write(_ content: Content) throws(SystemNumber) {
        let record = content.record
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return try replace(by: record) }
        var status = stat()
        let isAlike = fstat(file, &status) == 0 && status.st_size == record.count
        let count = isAlike ? pwrite(file, record, record.count, 0) : 0
        let number = count < 0 ? errno : 0
        close(file)
        if number != 0 { throw SystemNumber(number) }
        if count < record.count { try replace(by: record) }
    }

    private func replace(by record: [UInt8]) throws(SystemNumber) {
        let draft = "\(path).\(getpid())"
        try Self.make(draft, record)
        guard rename(draft, path) == 0 else {
            let failure = SystemNumber(errno)
            unlink(draft)
            throw failure
        }
    }

    private static func make(_ path: String, _ bytes: [UInt8]) throws(SystemNumber) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw SystemNumber(errno) }
        let count = Glibc.write(file, bytes, bytes.count)
        let number = count < 0 ? errno : count < bytes.count ? ENOSPC : 0
        close(file)
        guard number != 0 else { return }
        unlink(path)
        throw SystemNumber(number)
    }

    /// Makes a small file beside the store and removes it.
    /// - Throws: where there is no room for one, though what is written over needs none.
    func checkRoom() throws(SystemNumber) {
        let probe = "\(path).\(getpid()).probe"
        try Self.make(probe, [UInt8](repeating: 0, count: 4096))
        unlink(probe)
    }

    struct SystemNumber: Error, CustomStringConvertible {
        let number: Int32

        init(_ number: Int32) { self.number = number }

        var description: String { String(cString: strerror(number)) }
    }
}
