internal import Glibc
internal import PrewarmEngine

/// A small file beside a store with the identity and the counter of the store. If an older copy replaces the store, the
/// file stays, so that prewarm recognizes the copy.
struct IdentityFile: Sendable {
    struct Content: Hashable, Sendable {
        let identity: String
        let counter: Int64

        /// The record `IDENTITY COUNTER CHECKSUM`. Its length is the same for each counter.
        var record: [UInt8] {
            let digits = String(counter)
            let text = "\(identity) \(String(repeating: "0", count: max(0, 20 - digits.count)))\(digits)"
            // The checksum is FNV-1a.
            let checksum = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            let sum = String(checksum, radix: 16)
            return Array("\(text) \(String(repeating: "0", count: 16 - sum.count))\(sum)\n".utf8)
        }
    }

    let path: String

    init(besides store: String) {
        path = store + ".identity"
    }

    /// Returns the record of the file. Nil if the file is missing or invalid.
    func read() -> Content? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split { $0.isWhitespace }
        guard words.count == 3, let counter = Int64(words[1]) else { return nil }
        let content = Content(identity: String(words[0]), counter: counter)
        // A record that another process is writing may be incomplete.
        return content.record.elementsEqual(bytes.prefix(count)) ? content : nil
    }

    /// Returns the record of the file like ``read()``. A record that another process is writing is complete within a moment, so
    /// an invalid record is read again.
    func readPatiently() -> Content? {
        for _ in 0..<10 {
            if let content = read() { return content }
            guard access(path, F_OK) == 0 else { return nil }
            usleep(2000)
        }
        return read()
    }

    /// Overwrites the record in place. It has a fixed length and fits into one sector, so a killed process leaves
    /// either the old or the new record. Creating and renaming a new file would take as long as a commit. The record is
    /// not forced to the disk, because an older record after a power failure does no harm.
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

    /// Creates and removes a small file beside the store.
    /// - Throws: The error of the system, for example if the disk is full. ``write(_:)`` does not find a full disk, because
    ///   overwriting a file in place needs no space.
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
